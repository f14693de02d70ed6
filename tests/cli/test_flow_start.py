"""`pytake flow start`: what it begins, shows, refuses and does only once."""

from __future__ import annotations

import json

import pytest

from pytake_cli.services import conversations
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.messages import Message
from tests.cli.conftest import Run
from tests.cli.test_flow_publish import desk as desk
from tests.services.flow_shop import ANA, ASKS, BETO, FlowShop


@pytest.fixture
def shop(desk: FlowShop) -> FlowShop:
    """Two people wrote and were answered; nobody waits."""
    from pytake_cli import clock

    desk.now = clock.now()
    for who in (ANA, BETO):
        desk.says("bla", who=who)
        with desk.store.write() as db:
            conversations.resolve(db, desk.open_one(db), by=None, now=desk.now)
    desk.publish(ASKS)
    return desk


def test_it_begins_with_everybody_who_is_named(pytake: Run, shop: FlowShop) -> None:
    ran = pytake("flow", "start", "greet", f"+{ANA}", "-", "--json", stdin="contact:2\n")
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    assert [(row["contact_id"], row["status"], row["says"]) for row in rows] == [
        ("1", "waiting", ["Como você se chama?"]), ("2", "waiting", ["Como você se chama?"]),
    ]  # fmt: skip
    session = str(rows[0]["session"])
    assert pytake("flow", "replay", session).code == 0
    assert "person:start" in pytake("flow", "session", session, "--json").out


def test_a_dry_run_shows_what_it_would_say_and_keeps_nothing(pytake: Run, shop: FlowShop) -> None:
    ran = pytake("flow", "start", "greet", f"+{ANA}", "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)[0]["says"] == ["Como você se chama?"]
    assert shop.rows(FlowSession) == []
    assert [each.direction for each in shop.rows(Message)] == ["in", "in"]
    assert pytake("flow", "start", "nada", f"+{ANA}", "--dry-run").code == 3


def test_the_same_key_starts_it_once_a_contact(pytake: Run, shop: FlowShop) -> None:
    words = ("flow", "start", "greet", f"+{ANA}", "--idempotency-key", "k1", "--json")
    first, again = json.loads(pytake(*words).out)[0], json.loads(pytake(*words).out)[0]
    assert (first["replayed"], again["replayed"], again["session"]) == (False, True, first["session"])
    assert len(shop.rows(FlowSession)) == 1
    shop.publish(ASKS.replace("name: greet", "name: other"))
    assert pytake("flow", "start", "other", *words[3:]).code == 6


def test_it_says_why_not_and_what_helps(pytake: Run, shop: FlowShop) -> None:
    assert pytake("flow", "start", "greet", f"+{ANA}").code == 0
    ran = pytake("flow", "start", "greet", f"+{ANA}", f"+{BETO}")
    assert ran.code == 7
    assert len(shop.rows(FlowSession)) == 2  # Beto's began all the same
    ran = pytake("flow", "start", "greet", f"+{ANA}")
    assert (ran.code, "PT-FLOW-BUSY" in ran.err, "--replace" in ran.err) == (6, True, True)
    assert pytake("flow", "start", "greet", f"+{ANA}", "--replace").code == 0
    conversation = shop.rows(Conversation)[-1].id
    assert pytake("conversation", "takeover", str(conversation)).code == 0
    assert "handback" in pytake("flow", "start", "greet", f"contact:{shop.conversation().contact_id}").err
    assert pytake("flow", "disable", "greet").code == 0
    assert "flow enable greet" in pytake("flow", "start", "greet", f"+{ANA}").err
