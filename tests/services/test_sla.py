"""Promised times: set by what happens, told of once, and reported, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services import (
    conversations,
    outbound,
    principals,
    routing,
    sla,
    sla_policies,
    talk_actions,
    talk_rows,
    teams,
)
from pytake_cli.store import Store
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.notifications import Notification
from pytake_cli.store.numbers import Number
from pytake_cli.store.sla import SlaBreach
from pytake_cli.whatsapp import messages as wire
from tests.kit.stores import NOW
from tests.services.flow_shop import FlowShop


class Promised(FlowShop):
    """A shop that promises a first answer in ten minutes, each later one in thirty, the end in two hours."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.promise("padrao", first_reply=600, next_reply=1800, resolution=7200)

    def promise(self, slug: str, **values: Any) -> None:
        with self.store.write(self.org) as db:
            sla_policies.create(db, self.org, slug, self.now, **values)

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)
        sla.keep(self.store, self.now)

    def answers(self, text: str = "olá") -> None:
        with self.store.write(self.org) as db:
            outbound.queue(
                db,
                number=db.get_one(Number, self.number_id),
                contact_id=self.contact().id or 0,
                outgoing=wire.text(text),
                origin="agent",
                now=self.now,
                author_id=self.rita.id,
            )

    def told(self) -> list[tuple[str, str]]:
        found = [row for row in self.rows(Event) if row.kind.startswith("sla:")]
        return [(row.kind.removeprefix("sla:"), row.payload["clock"]) for row in found]

    def due(self) -> dict[str, Any]:
        with self.store.read(self.org) as db:
            [row] = talk_rows.rows(db, self.org, [self.conversation().id or 0], me=None)
        found: dict[str, Any] = row["sla"]
        return found


@pytest.fixture
def shop(store: Store) -> Promised:
    return Promised(store)


def test_the_first_answer_is_due_warned_of_and_broken_once(shop: Promised) -> None:
    shop.says("oi")
    shop.passes()
    assert (shop.due()["first_reply_due"], shop.due()["resolution_due"]) == (
        NOW + timedelta(minutes=10),
        NOW + timedelta(hours=2),
    )
    assert shop.due()["next_reply_due"] is None
    for _ in range(3):
        shop.passes(minutes=4, seconds=10)
    shop.passes()
    assert shop.told() == [("warned", "first_reply"), ("breached", "first_reply")]
    assert shop.due()["breached"] == ["first_reply"]
    [line] = shop.rows(SlaBreach)
    assert (line.clock, line.due_at) == ("first_reply", NOW + timedelta(minutes=10))


def test_an_answer_stops_the_clock_and_each_later_message_starts_its_own(shop: Promised) -> None:
    shop.says("oi")
    shop.passes(minutes=5)
    shop.answers()
    shop.passes(minutes=20)
    assert shop.told() == []
    row = shop.conversation()
    assert (row.people_since, row.first_replied_at) == (NOW, NOW + timedelta(minutes=5))
    assert shop.due()["first_reply_due"] is None
    for _ in range(2):
        asked = shop.now
        shop.says("e o preço?")
        shop.passes()
        assert shop.due()["next_reply_due"] == asked + timedelta(minutes=30)
        shop.passes(minutes=31)
        shop.answers()
        shop.passes()
        assert shop.due()["next_reply_due"] is None
    assert shop.told().count(("breached", "next_reply")) == 2


def test_an_answer_from_the_phone_counts(shop: Promised) -> None:
    shop.says("oi")
    shop.passes(minutes=2)
    shop.echoes("já vai")
    shop.passes(hours=1)
    assert shop.conversation().first_replied_at == NOW + timedelta(minutes=2)
    assert shop.told() == []


def test_what_is_resolved_is_told_no_more(shop: Promised) -> None:
    shop.says("oi")
    shop.passes(minutes=1)
    with shop.store.write(shop.org) as db:
        conversations.resolve(db, conversations.get(db, shop.conversation().id or 0), by=None, now=shop.now)
    shop.passes(hours=5)
    assert shop.told() == []
    assert shop.due() == {"first_reply_due": None, "next_reply_due": None, "resolution_due": None, "breached": []}
    assert shop.conversation().sla_next_at is None


def test_only_the_hours_of_the_team_count_and_its_people_are_told(shop: Promised) -> None:
    with shop.store.write(shop.org) as db:
        team = teams.create(db, shop.org, "vendas", NOW, takes_all=True)
        teams.set_hours(db, team, {"mon-fri": ["09:00-18:00"]}, NOW, tz="America/Sao_Paulo")  # NOW is a Sunday
        teams.add(db, team, db.merge(shop.rita), NOW)
    shop.says("oi")
    routing.route_all(shop.store, NOW)
    shop.passes()
    monday = NOW + timedelta(hours=21)
    assert shop.due()["first_reply_due"] == monday + timedelta(minutes=10)
    shop.passes(hours=21, minutes=9)
    assert shop.told() == [("warned", "first_reply")]
    with shop.store.read(shop.org) as db:
        [told] = db.exec(select(Notification))
    assert (told.user_id, told.kind, told.parts["clock"]) == (shop.rita.id, "sla", "first_reply")


def test_another_promise_sets_the_clocks_anew(shop: Promised) -> None:
    shop.says("oi")
    shop.passes()
    with shop.store.write(shop.org) as db:
        sla_policies.change(db, sla_policies.find(db, shop.org, "padrao"), NOW, first_reply=1200)
    shop.passes()
    assert shop.due()["first_reply_due"] == NOW + timedelta(minutes=20)
    with shop.store.write(shop.org) as db:
        sla_policies.delete(db, sla_policies.find(db, shop.org, "padrao"))
    shop.passes(hours=9)
    assert shop.told() == []


def test_what_was_told_is_not_told_again_for_another_promise_that_is_broken_too(shop: Promised) -> None:
    shop.says("oi")
    shop.passes(hours=2)
    for seconds, told in ((1200, 1), (4 * 3600, 1), (600, 2)):
        with shop.store.write(shop.org) as db:
            sla_policies.change(db, sla_policies.find(db, shop.org, "padrao"), NOW, first_reply=seconds)
        shop.passes(minutes=1)
        assert shop.told().count(("breached", "first_reply")) == told


def test_a_label_or_priority_has_its_own_promise(shop: Promised) -> None:
    shop.promise("urgente", priority="urgent", first_reply=60)
    shop.says("oi")
    with shop.store.write(shop.org) as db:
        db.get_one(Conversation, shop.conversation().id).priority = "urgent"
    shop.passes()
    assert shop.due()["first_reply_due"] == NOW + timedelta(minutes=1)


def test_the_report_counts_what_was_kept_and_what_not(shop: Promised) -> None:
    shop.says("oi")
    shop.passes(minutes=5)
    shop.answers()
    shop.says("oi", who="5511968184177")
    shop.passes(minutes=11)
    shop.passes(minutes=1)
    with shop.store.read(shop.org) as db:
        since = NOW - timedelta(days=1)
        found = {row["clock"]: row for row in sla.report(db, shop.org, since, shop.now, shop.now)}
        mine = sla.report(db, shop.org, since, shop.now, shop.now, by="agent")
    assert found["first_reply"] == {
        "clock": "first_reply", "total": 2, "met": 1, "broken": 1, "running": 0, "percent": 50,
    }  # fmt: skip
    assert sum(row["total"] for row in mine) == 2


def test_a_policy_that_says_nothing_or_nonsense_is_refused(shop: Promised) -> None:
    with shop.store.write(shop.org) as db:
        for values in (
            {},
            {"first_reply": 1},
            {"first_reply": 60, "priority": "x"},
            {"first_reply": 60, "warn_percent": 0},
        ):
            with pytest.raises(InvalidData):
                sla_policies.create(db, shop.org, "outra", NOW, **values)
            db.expunge_all()
        with pytest.raises(Conflict):
            sla_policies.create(db, shop.org, "padrao", NOW, first_reply=60)
        with pytest.raises(NotFound):
            sla_policies.create(db, shop.org, "outra", NOW, first_reply=60, team="nada")


def act(shop: Promised, action: str, **given: Any) -> None:
    with shop.store.write(shop.org) as db:
        row = conversations.get(db, shop.conversation().id or 0)
        talk_actions.act(db, principals.local(shop.org, shop.rita.id), row, action, given, shop.now)


def test_the_clocks_stand_still_while_it_is_snoozed(shop: Promised) -> None:
    shop.says("oi")
    began = shop.now
    shop.passes(minutes=5)
    act(shop, "snooze", until=shop.now + timedelta(hours=3))
    shop.passes(minutes=1)
    assert shop.due() == {"first_reply_due": None, "next_reply_due": None, "resolution_due": None, "breached": []}
    shop.passes(hours=1)
    assert shop.told() == []
    act(shop, "wake")
    shop.passes(seconds=0)
    asleep = timedelta(hours=1, minutes=1)
    assert shop.due()["first_reply_due"] == began + timedelta(minutes=10) + asleep
    assert shop.due()["resolution_due"] == began + timedelta(hours=2) + asleep
    shop.passes(minutes=6)
    assert ("breached", "first_reply") in shop.told()


def test_whoever_ends_the_snooze_starts_the_clocks_again(shop: Promised) -> None:
    shop.says("oi")
    began = shop.now
    act(shop, "snooze", until_reply=True)
    shop.passes(hours=4)
    shop.says("alô?")
    shop.passes(seconds=0)
    assert shop.due()["first_reply_due"] == began + timedelta(hours=4, minutes=10)
    act(shop, "snooze", until_reply=True)
    shop.passes(hours=1)
    shop.answers()
    shop.passes(seconds=0)
    assert shop.due()["resolution_due"] == began + timedelta(hours=7)
    lines = [(row.what, row.cause, row.by_id) for row in shop.rows(ConversationChange) if row.what == "woken"]
    assert lines == [("woken", "customer", None), ("woken", "agent", shop.rita.id)]
