"""How it was: asked once after people resolve, answered by a tap or a number, with the why, before flows and bots."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest

from pytake_cli.services import analytics, conversations, periods, rating_plans, rating_questions, routing, teams
from pytake_cli.store import Store
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import OUT, Message
from tests.kit import templates
from tests.kit.stores import NOW
from tests.services.flow_shop import FlowShop


class Asking(FlowShop):
    """A shop with a team that asks."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        with store.write(self.org) as db:
            teams.create(db, self.org, "vendas", NOW, takes_all=True, rating=True, rating_template="como_foi")

    def served(self) -> Conversation:
        """Somebody writes and people resolve it; the conversation."""
        self.says("oi")
        routing.route_all(self.store, self.now)
        row = self.conversation()
        with self.store.write(self.org) as db:
            conversations.resolve(db, conversations.get(db, row.id or 0), by=None, now=self.now)
        return row

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)
        rating_questions.ask_due(self.store, self.now)

    def asked(self) -> list[dict[str, Any]]:
        return [row.body for row in self.rows(Message) if row.direction == OUT]

    def of(self, row: Conversation) -> tuple[int | None, str]:
        [now] = [each for each in self.rows(Conversation) if each.id == row.id]
        return now.rating, now.rating_comment


@pytest.fixture
def shop(store: Store) -> Asking:
    return Asking(store)


def test_stars_are_asked_for_after_a_moment_tapped_and_explained(shop: Asking) -> None:
    row = shop.served()
    shop.passes(seconds=29)
    assert shop.asked() == []
    shop.passes(seconds=2)
    shop.passes(seconds=60)
    [question] = shop.asked()
    ids = [each["id"] for each in question["interactive"]["action"]["sections"][0]["rows"]]
    shop.taps(ids[1], kind="list_reply")
    assert shop.of(row) == (4, "")
    [told] = [each for each in shop.rows(ConversationChange) if each.what == "rated"]
    assert (told.conversation_id, told.before, told.after, told.undoable) == (
        row.id,
        {"rating": None},
        {"rating": 4},
        False,
    )
    assert shop.bot()[-1] == "Obrigado! Quer contar por quê?"
    assert shop.conversation().status == "resolved"
    shop.says("demorou um pouco")
    assert shop.of(row) == (4, "demorou um pouco")
    assert shop.conversation().status == "resolved"
    shop.says("oi de novo")
    assert shop.conversation().status == "queued"


def test_answers_to_the_question_are_no_conversations_of_their_own_in_the_figures(shop: Asking) -> None:
    shop.says("oi")
    routing.route_all(shop.store, shop.now)
    shop.passes(minutes=5)
    with shop.store.write(shop.org) as db:
        conversations.resolve(db, db.get_one(Conversation, shop.conversation().id), by=None, now=shop.now)
    shop.passes(minutes=1)
    shop.says("4")
    shop.passes(minutes=1)
    shop.says("demorou um pouco")
    assert len(shop.rows(Conversation)) == 3
    period = periods.read("7d", shop.now + timedelta(days=1), UTC)
    with shop.store.read(shop.org) as db:
        cards = analytics.cards(db, shop.org, period, shop.now)
        assert [cards[name] for name in ("conversations", "resolved", "resolved_percent", "rating", "ratings")] == [
            1, 1, 100.0, 4.0, 1,
        ]  # fmt: skip
        assert sum(row["conversations"] for row in analytics.by(db, shop.org, period, "day", shop.now)) == 1
        assert sum(row["resolved"] for row in analytics.by(db, shop.org, period, "agent", shop.now)) == 1
        assert sum(row["conversations"] for row in analytics.by(db, shop.org, period, "team", shop.now)) == 1


def test_a_typed_number_counts_and_comes_before_flows(shop: Asking) -> None:
    row = shop.served()
    shop.passes(minutes=1)
    shop.publish("name: bot\ntriggers: [{any: true}]\nstart: a\nsteps: {a: {say: Eu sou o bot, next: end}}\n")
    shop.says("5")
    assert shop.of(row) == (5, "")
    assert "Eu sou o bot" not in shop.bot()
    shop.says("ótimo!")
    assert shop.of(row) == (5, "ótimo!")
    shop.says("5")
    assert shop.bot()[-1] == "Eu sou o bot"


def test_nobody_is_asked_twice_within_a_month_or_when_it_was_reopened(shop: Asking) -> None:
    row = shop.served()
    with shop.store.write(shop.org) as db:
        conversations.reopen(db, conversations.get(db, row.id or 0), by=None, now=shop.now)
    shop.passes(minutes=1)
    assert shop.asked() == []
    with shop.store.write(shop.org) as db:
        conversations.resolve(db, conversations.get(db, row.id or 0), by=None, now=shop.now)
    shop.passes(minutes=1)
    shop.passes(days=2)
    shop.served()
    shop.passes(minutes=1)
    assert len(shop.asked()) == 1
    shop.passes(days=31)
    shop.served()
    shop.passes(minutes=1)
    assert len(shop.asked()) == 2


def test_outside_the_window_the_teams_template_asks_and_its_buttons_are_stars(shop: Asking) -> None:
    buttons = [{"type": "QUICK_REPLY", "text": text} for text in ("Ótimo", "Regular", "Ruim")]
    body: list[dict[str, Any]] = [{"type": "BODY", "text": "Como foi?"}, {"type": "BUTTONS", "buttons": buttons}]
    templates.put(shop.store, shop.number_id, "como_foi", *body)
    row = shop.served()
    shop.passes(hours=30)
    [sent] = shop.asked()
    assert sent["template"]["name"] == "como_foi"
    payloads = [each["parameters"][0]["payload"] for each in sent["template"]["components"]]
    shop.says("", type="button", button={"payload": payloads[2], "text": "Ruim"})
    assert shop.of(row) == (1, "")


def test_a_team_that_does_not_ask_asks_only_when_it_is_wanted(shop: Asking) -> None:
    with shop.store.write(shop.org) as db:
        teams.change(db, teams.find(db, shop.org, "vendas"), NOW, rating=False)
    row = shop.served()
    shop.passes(minutes=1)
    assert shop.asked() == []
    with shop.store.write(shop.org) as db:
        assert rating_plans.plan(db, db.get_one(Conversation, row.id), shop.now, wanted=True)
    shop.passes(minutes=1)
    assert len(shop.asked()) == 1


def test_a_tap_of_somebody_else_rates_nothing(shop: Asking) -> None:
    row = shop.served()
    shop.passes(minutes=1)
    shop.taps(f"pytake-rate:0:{row.id}:1", who="5511968184177")
    assert shop.of(row) == (None, "")
