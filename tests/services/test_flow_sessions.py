"""Sessions of flows: begun by a message, carried on by answers and timers, each step said once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from pytake_cli.flow import engine, wire
from pytake_cli.flow.events import Cancelled, Started
from pytake_cli.flow.session import Session as State
from pytake_cli.services import automation, flow_context, flow_library, flow_sessions, flow_timers, parties, refusals
from pytake_cli.store import Store, outbox, tags, upkeep
from pytake_cli.store import flow_sessions as store_sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BOT, BY_BOT, BY_PEOPLE, NOBODY, QUEUED, Conversation, Note
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowEvent, FlowRecord
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.messages import AUTOMATIC, Message
from pytake_cli.store.timers import Timer
from tests.services.flow_shop import ASKS, BETO, FlowShop


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def test_a_message_starts_a_flow_and_its_answer_goes_on(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("Oi!")
    assert shop.bot() == ["Como você se chama?"]
    assert shop.state() == (BOT, BY_BOT, "reply")
    asked = shop.rows(Message)[-1]
    assert (asked.origin, asked.priority, asked.client_key) == ("bot", AUTOMATIC, f"flow:{shop.session().id}:1:1")
    shop.says("Ana")
    assert shop.bot() == ["Como você se chama?", "Olá, Ana!"]
    assert shop.session().outcome == "completed"
    assert [line.cause for line in shop.rows(FlowEvent)] == ["message:1", "message:3"]
    assert upkeep.check(shop.store) == []


def test_a_webhook_delivered_again_answers_no_step_twice(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi", wamid="wamid.same")
    shop.says("oi", wamid="wamid.same")
    assert shop.bot() == ["Como você se chama?"]
    assert shop.session().serial == 1


def test_a_timeout_fires_without_a_message_and_once(shop: FlowShop) -> None:
    """D11: the old one started its timeout at the first reply and noticed it at the next."""
    shop.publish(ASKS)
    shop.says("oi")
    assert shop.after(minutes=29) == 0
    assert shop.after(minutes=2) == 1
    assert shop.bot()[1:] == ["Ainda está aí?"]
    assert shop.after(days=1) == 0
    [timer] = shop.rows(Timer)
    assert timer.fired_at is not None
    assert shop.session().outcome == "completed"


def test_an_answer_in_time_cancels_the_timeout(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    shop.says("Ana")
    assert shop.after(hours=1) == 0
    assert shop.bot() == ["Como você se chama?", "Olá, Ana!"]


def test_two_daemons_fire_a_timer_once(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    shop.now += timedelta(hours=1)
    [timer] = shop.rows(Timer)
    barrier = threading.Barrier(3)

    def daemon() -> bool:
        other = Store(shop.store.url.render_as_string(hide_password=False))
        barrier.wait()
        try:
            return flow_timers.fire(other, timer.id, shop.now)
        finally:
            other.close()

    with ThreadPoolExecutor(3) as pool:
        fired = [each.result() for each in [pool.submit(daemon) for _ in range(3)]]
    assert sorted(fired) == [False, False, True]
    assert shop.bot()[1:] == ["Ainda está aí?"]


def test_buttons_wait_and_a_tap_answers(shop: FlowShop) -> None:
    """D13: in the old one buttons did not wait, and a tap, which carries no text, was ignored."""
    shop.publish("""
        name: menu
        triggers: [{any: true}]
        vars: {what: {type: text}}
        start: choose
        on_error: done
        steps:
          choose:
            ask: O que você quer?
            choices: {um: Consulta, dois: Exame}
            save: what
            on_invalid: done
            next: done
          done: {say: "Você quer {{ vars.what }}.", next: end}
    """)
    shop.says("olá")
    [asked] = [each for each in shop.rows(Message) if each.origin == "bot"]
    reply = asked.body["interactive"]["action"]["buttons"][1]["reply"]
    shop.taps(reply["id"], reply["title"])
    assert shop.bot()[-1] == "Você quer dois."


def test_a_picture_where_words_were_asked_for_is_a_wrong_answer_and_not_ignored(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    image = {"id": "778", "mime_type": "image/jpeg", "sha256": "x" * 44}
    shop.says("", type="image", image=image)
    assert len(shop.bot()) == 2
    assert shop.state() == (BOT, BY_BOT, "reply")


def test_a_session_stays_on_its_version_when_another_is_published(shop: FlowShop) -> None:
    """D14: in the old one saving a flow deleted its steps, and every running session lost its place."""
    shop.publish(ASKS)
    shop.says("oi")
    shop.publish(ASKS.replace("Olá", "Salve"))
    shop.says("Ana")
    shop.says("oi", who=BETO)
    shop.says("Beto", who=BETO)
    assert [text for text in shop.bot() if "," in text] == ["Olá, Ana!", "Salve, Beto!"]


def test_a_message_that_no_flow_wants_goes_to_people(shop: FlowShop) -> None:
    shop.publish(ASKS)
    shop.says("oi")
    shop.says("Ana")
    shop.says("quanto custa?")
    conversation = shop.conversation()
    assert (conversation.status, conversation.owner, conversation.unread_count) == (QUEUED, NOBODY, 1)
    assert conversation.waiting_since == shop.now


def test_a_flow_that_fails_loses_no_message(shop: FlowShop) -> None:
    version = shop.publish(ASKS)
    shop.says("oi")
    with shop.store.write() as db:  # a version that nobody can read any more
        db.get_one(FlowVersion, version).source = "steps: ["
    shop.says("Ana")
    assert [each.text for each in shop.rows(Message) if each.direction == "in"] == ["oi", "Ana"]
    assert shop.state() == (QUEUED, BY_PEOPLE, "failed")
    assert [each.payload["slug"] for each in shop.rows(Event) if each.kind == "incident"] == ["PT-FLOW-FAILED"]
    assert shop.rows(FlowRecord)[-1].kind == "incident"
    assert shop.after(hours=2) == 0
    assert upkeep.check(shop.store) == []


def test_a_hand_off_queues_the_conversation_with_its_note_and_silences_the_bot(shop: FlowShop) -> None:
    shop.publish("""
        name: help
        triggers: [{any: true}]
        start: human
        steps:
          human:
            handoff: {team: suporte, priority: high, note: "quer ajuda"}
    """)
    shop.says("socorro")
    conversation = shop.conversation()
    assert shop.state() == (QUEUED, BY_PEOPLE, "handoff")
    assert (conversation.team, conversation.priority, conversation.unread_count) == ("suporte", "high", 1)
    assert shop.rows(Note)[0].body == "quer ajuda"
    said = shop.bot()
    shop.says("alguém?")
    assert shop.bot() == said


def test_what_a_flow_learns_is_written_to_the_contact(shop: FlowShop) -> None:
    shop.publish("""
        name: learn
        triggers: [{any: true}]
        start: note
        on_error: note
        steps:
          note:
            set: {contact: {plan: "'gold'"}, tag: [vip, Novo], stage: lead, score: 7}
            next: end
    """)
    shop.says("olá")
    contact = shop.contact()
    assert (contact.stage, contact.score, contact.fields) == ("lead", 7, {"plan": "gold"})
    with shop.store.read() as db:
        assert tags.of_contacts(db, [contact.id or 0]) == {contact.id: ["novo", "vip"]}


def test_a_burst_is_one_answer_in_its_order(shop: FlowShop) -> None:
    shop.publish(ASKS.replace("start: ask_name", "debounce: 4s\nstart: ask_name"))
    shop.says("oi")
    assert shop.bot() == []
    shop.after(seconds=5)
    assert shop.bot() == ["Como você se chama?"]
    shop.says("Ana")
    shop.after(seconds=2)
    shop.says("Souza")
    assert shop.after(seconds=3) == 0
    assert shop.after(seconds=2) == 1
    assert shop.bot()[-1] == "Olá, Ana Souza!"


def test_a_burst_survives_a_restart(shop: FlowShop) -> None:
    shop.publish(ASKS.replace("start: ask_name", "debounce: 4s\nstart: ask_name"))
    shop.says("oi")
    again = Store(shop.store.url.render_as_string(hide_password=False))
    shop.now += timedelta(seconds=5)
    assert flow_timers.fire_due(again, shop.now) == 1
    again.close()
    assert shop.bot() == ["Como você se chama?"]


def test_two_bots_that_answer_one_another_are_stopped(shop: FlowShop) -> None:
    shop.publish("""
        name: echo
        triggers: [{any: true}]
        start: back
        steps:
          back: {say: "Você disse {{ message.text }}", next: end}
    """)
    for n in range(14):
        shop.says(f"bot {n}")
    assert len(shop.bot()) == 10
    assert shop.contact().automation_off_until == shop.now + timedelta(hours=1)
    assert [each.payload["slug"] for each in shop.rows(Event) if each.kind == "incident"] == ["PT-FLOW-LOOP"]
    assert shop.conversation().status == QUEUED


def test_what_meta_refuses_reaches_the_session_that_still_waits(shop: FlowShop) -> None:
    closed = "  shut: {say: Até logo., next: end}\n"
    shop.publish(ASKS.replace("    on_invalid: bye", "    on_invalid: bye\n    on_window_closed: shut") + closed)
    shop.says("oi")
    [asked] = [each for each in shop.rows(Message) if each.origin == "bot"]
    with shop.store.write() as db:
        outbox.fail(db, [asked.id], 131047, "closed", shop.now)
        refusals.tell_sessions(db, [asked.id], shop.now)
    assert shop.after(seconds=1) == 1
    assert shop.bot()[-1] == "Até logo."
    with shop.store.write() as db:  # told again: the session has gone on
        refusals.tell_sessions(db, [asked.id], shop.now)
    assert shop.after(seconds=1) == 0


def test_an_end_from_outside_leaves_the_state_that_the_engine_would(shop: FlowShop) -> None:
    version = shop.publish(ASKS)
    shop.says("oi")
    before = shop.session()
    with shop.store.write() as db:
        row, conversation = flow_sessions.lock_session(db, before.id or 0) or pytest.fail("no session")
        party = parties.of(db, db.get_one(Contact, row.contact_id), row.number_id)
        context = flow_context.of(db, conversation, party, row.id or 0)
        flow = flow_library.definition(db.get_one(FlowVersion, version))
        expected, _ = engine.advance(State.from_json(row.state), Cancelled(shop.now, "taken_over"), flow, context)
        store_sessions.end(db, row, "taken_over", shop.now, cause="person:1")
    assert State.from_json(shop.session().state) == expected


def test_replaying_the_log_gives_the_same_session(shop: FlowShop) -> None:
    version = shop.publish(ASKS)
    shop.says("oi")
    shop.says("Ana")
    with shop.store.read() as db:
        row = shop.session()
        conversation = db.get_one(Conversation, row.conversation_id)
        party = parties.of(db, db.get_one(Contact, row.contact_id), row.number_id)
        context = flow_context.of(db, conversation, party, row.id or 0)
        flow = flow_library.definition(db.get_one(FlowVersion, version))
        state: State | None = None
        for line in shop.rows(FlowEvent):
            event = wire.load_event(line.event)
            if state is None:
                assert isinstance(event, Started)
                state, _ = engine.start(str(row.id), flow, event, context)
            else:
                state, _ = engine.advance(state, event, flow, context)
    assert state is not None
    assert state.to_json() == row.state


def test_a_condition_that_is_true_goes_its_way(shop: FlowShop) -> None:
    """D10: in the old one every condition was a dead end, because True is also a number."""
    shop.publish("""
        name: check
        triggers: [{any: true}]
        start: which
        steps:
          which:
            switch: [{when: "message.text == 'sim'", goto: yes_way}]
            else: no_way
          yes_way: {say: Certo, next: end}
          no_way: {say: Errado, next: end}
    """)
    shop.says("sim")
    shop.says("não")
    assert shop.bot() == ["Certo", "Errado"]


def test_a_person_may_give_back_what_waits_in_the_queue(shop: FlowShop) -> None:
    shop.publish("""
        name: later
        triggers: [{keyword: depois}]
        start: pause
        steps:
          pause: {wait: {for: 3d}, next: bye}
          bye: {say: Voltei, next: end}
    """)
    shop.says("depois")
    shop.says("hm")
    assert shop.conversation().status == QUEUED
    with shop.store.write() as db:
        assert automation.hand_back(db, shop.open_one(db), None, by=shop.rita, now=shop.now)
    assert shop.state() == (BOT, BY_BOT, "time")
    shop.after(days=2)
    shop.says("oi?")
    shop.after(hours=23)
    assert shop.after(minutes=61) == 1
