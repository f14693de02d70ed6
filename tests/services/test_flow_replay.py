"""Replays: a session from its log is the same again, and another file is followed to where it goes otherwise."""

from __future__ import annotations

import pytest

from pytake_cli.flow.loader import load
from pytake_cli.services import flow_replay, flow_walks
from pytake_cli.services.flow_replay import Divergence, Replay
from pytake_cli.store import Store
from pytake_cli.store.flow_sessions import FlowEvent, FlowRecord, FlowSession
from pytake_cli.store.messages import OUT, Message
from tests.services.flow_shop import ASKS, BETO, FlowShop
from tests.services.test_flows import CALLS, migrate, publish

WIDE = """
name: wide
triggers: [{keyword: [tudo]}]
vars: {day: {type: date}, size: {type: text}, price: {type: number}}
expires: 3h
start: open
on: [{keyword: [menu], goto: pick}]
on_error: human
on_expire: bye
steps:
  open: {hours: shop, open: mark, closed: mark, holiday: mark}
  mark: {set: {tag: [seen], stage: lead}, next: pick}
  pick:
    ask: Qual tamanho?
    choices: {p: Pequeno, g: {title: Grande, goto: when}}
    save: size
    on_invalid: human
    timeout: 1h
    on_timeout: bye
    next: when
  when: {ask: Que dia?, expect: date, save: day, on_invalid: human, next: price}
  price: {http: {url: "https://api.example.com/p", save: {price: price}}, on_error: human, next: split}
  split: {split: [{weight: 1, goto: bye}, {weight: 1, goto: bye}]}
  bye: {say: "Tchau {{ contact.first_name }} {{ vars.day }} {{ now }}", next: end}
  human: {handoff: {team: vendas}}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    return FlowShop(store)


def again(shop: FlowShop, session: int = 1) -> Replay:
    with shop.store.read(shop.org) as db:
        return flow_replay.replay(db, flow_walks.get(db, shop.org, str(session)))


def with_file(shop: FlowShop, source: str, session: int = 1) -> Replay:
    with shop.store.read(shop.org) as db:
        walk = flow_walks.get(db, shop.org, str(session))
        return flow_replay.replay_with(db, walk, load(source, "new.yaml"))


def test_a_session_from_its_log_is_the_same_again(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    assert again(shop).divergence is None
    shop.says("Ana")
    found = again(shop)
    assert found.divergence is None
    assert [turn.does() for turn in found.turns] == [
        ["says Como você se chama?", "waits for reply"],
        ["says Olá, Ana!", "ends as completed"],
    ]


def test_timers_sub_flows_interrupts_and_hands_from_outside_are_the_same_again(shop: FlowShop) -> None:
    publish(shop, ASKS, CALLS)
    shop.says("balcão")
    publish(shop, ASKS.replace("Como você se chama?", "Seu nome?"))
    shop.after(minutes=31)
    shop.says("oi", who=BETO)
    with shop.store.write(shop.org) as db:
        contact = flow_walks.get(db, shop.org, "2").session.contact_id
        from pytake_cli.store.contacts import Contact

        [ended] = flow_walks.reset(db, shop.org, db.get_one(Contact, contact), shop.now)
        assert ended.outcome == "reset"
    sessions = shop.rows(FlowSession)
    assert [session.outcome for session in sessions] == ["completed", "reset"]
    assert [again(shop, session.id).divergence for session in sessions] == [None, None]


def test_a_session_that_was_moved_is_the_same_again(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    [second] = publish(shop, ASKS.replace("Olá", "Oi").replace("vars: {", "vars: {age: {type: number, default: 7}, "))
    migrate(shop, second)
    assert again(shop).divergence is None
    shop.says("Ana")
    assert again(shop).divergence is None


def test_every_kind_of_step_is_the_same_again(shop: FlowShop) -> None:
    from datetime import timedelta

    from pytake_cli import settings
    from pytake_cli.flow.events import EffectDone
    from pytake_cli.services import flow_sessions

    spans = {"mon-sun": ["08:00-20:00"], "holidays": ["2026-12-25"], "special": {"2026-12-24": ["08:00-12:00"]}}
    settings.load({"flows.hours": {"shop": spans}})
    publish(shop, WIDE)
    settings.load({})  # the hours of today are not those of then
    settings.load({"flows.hours": {"shop": {"mon": ["01:00-02:00"]}}})
    shop.says("tudo")
    settings.load({})
    assert again(shop).divergence is None
    shop.now += timedelta(seconds=10)
    shop.says("banana")
    shop.says("menu")
    shop.taps("g", "Grande")
    shop.says("amanhã")
    assert shop.session().wait_kind == "answer"
    token = shop.session().state["wait"]["token"]
    event = EffectDone(shop.now, token, {"status": 200, "json": {"price": 12.5}})
    assert flow_sessions.answered(shop.store, 1, token, event, "job:1", shop.now)
    assert shop.session().status == "ended"
    assert again(shop).divergence is None


def test_what_was_changed_behind_its_back_is_found(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.says("Ana")
    with shop.store.write() as db:
        said = db.get_one(Message, [row.id for row in shop.rows(Message) if row.direction == OUT][-1])
        said.text = "Olá, Beto!"
    assert again(shop).divergence == Divergence(2, "says", "Olá, Beto!", "Olá, Ana!")
    with shop.store.write() as db:
        db.get_one(Message, said.id).text = "Olá, Ana!"
        db.get_one(FlowSession, 1).state = {**shop.session().state, "steps_taken": 99}
    assert again(shop).divergence == Divergence(2, "session: steps_taken", "99", "2")
    with shop.store.write() as db:
        line = db.get_one(FlowEvent, shop.rows(FlowEvent)[-1].id)
        line.event = {**line.event, "reply": {"kind": "text", "text": "Caio"}}
        db.get_one(FlowRecord, 1).way = "elsewhere"
    found = again(shop).divergence
    assert found is not None
    assert (found.serial, found.was, found.now) == (2, "Olá, Ana!", "Olá, Caio!")


def test_another_file_is_followed_to_where_it_goes_another_way(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.says("Ana")
    assert with_file(shop, ASKS).divergence is None
    assert with_file(shop, ASKS.replace("ask_name", "ask_it")).divergence is None
    found = with_file(shop, ASKS.replace("Olá", "Oi"))
    assert found.divergence == Divergence(2, "says", "says Olá, Ana!", "says Oi, Ana!")
    found = with_file(shop, ASKS.replace("save: name\n", "save: name\n    expect: email\n"))
    assert found.divergence is not None
    assert (found.divergence.serial, found.divergence.was) == (2, "says Olá, Ana!")


def test_a_timer_of_a_step_with_another_name_is_followed(shop: FlowShop) -> None:
    publish(shop, ASKS)
    shop.says("oi")
    shop.after(hours=1)
    assert with_file(shop, ASKS.replace("ask_name", "ask_it")).divergence is None
    found = with_file(shop, ASKS.replace("Ainda está aí?", "Alô?"))
    assert found.divergence == Divergence(2, "says", "says Ainda está aí?", "says Alô?")
