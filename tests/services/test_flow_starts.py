"""Flows that nobody's message starts: by hand and by campaigns, replayable, and refused where they would intrude."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import PytakeError
from pytake_cli.flow.loader import load
from pytake_cli.flow.opening import opens_with_template
from pytake_cli.services import (
    campaign_feed,
    campaign_launch,
    campaign_report,
    campaign_watch,
    flow_replay,
    flow_starts,
    flow_walks,
)
from pytake_cli.services.campaign_launch import Order
from pytake_cli.services.campaign_quota import Quotas
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, Recipient
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import FlowEvent, FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from tests.kit import campaigning
from tests.kit.stores import make_number, make_org
from tests.services.flow_shop import ASKS, FlowShop

INVITES = """
name: invite
vars: {loja: {type: text}}
start: offer
on_error: human
steps:
  offer:
    template: oferta_semana
    params: ["{{ contact.first_name | default('cliente') }}", "10%"]
    buttons: ["1"]
    on_reply: thanks
  thanks: {say: Obrigado!, next: end}
  human: {handoff: vendas}
"""


@pytest.fixture
def shop(store: Store) -> FlowShop:
    made = FlowShop(store)
    with store.write() as db:
        number = db.get_one(Number, made.number_id)
        number.rate_per_second, number.tier = 1000, "TIER_UNLIMITED"
    campaigning.approve(store, made.org, made.now, waba=made.number.waba_id)
    made.publish(ASKS)
    made.publish(INVITES)
    return made


def begin(shop: FlowShop, flow: str = "greet", contact: int | None = None, **more: Any) -> FlowSession:
    with shop.store.write(shop.org) as db:
        version = flow_starts.startable(db, shop.org, flow)
        number = db.get_one(Number, shop.number_id)
        who = contact or shop.contact().id or 0
        return flow_starts.start(db, version, number, who, shop.now, cause="person:start", trigger="person", **more)


def refused(shop: FlowShop, *args: Any, **more: Any) -> str:
    before = len(shop.rows(FlowSession)), len(shop.rows(Message)), len(shop.rows(Conversation))
    with pytest.raises(PytakeError) as caught:
        begin(shop, *args, **more)
    assert before == (len(shop.rows(FlowSession)), len(shop.rows(Message)), len(shop.rows(Conversation)))
    return caught.value.slug


def let_go(shop: FlowShop, **columns: Any) -> None:
    """Nobody waits in the newest conversation."""
    change(
        shop, Conversation, shop.conversation().id or 0, **({"status": "resolved", "resolved_at": shop.now} | columns)
    )


def change(shop: FlowShop, table: Any, id_: int, **columns: Any) -> None:
    with shop.store.write() as db:
        row = db.get_one(table, id_)
        for name, value in columns.items():
            setattr(row, name, value)
        db.add(row)


def replays(shop: FlowShop, session: int) -> bool:
    with shop.store.read(shop.org) as db:
        return flow_replay.replay(db, flow_walks.get(db, shop.org, str(session))).divergence is None


def test_a_flow_started_by_hand_speaks_hears_the_answer_and_is_replayed(shop: FlowShop) -> None:
    shop.says("bla")
    let_go(shop)
    session = begin(shop)
    assert shop.bot() == ["Como você se chama?"]
    assert shop.state() == ("bot", "bot", "reply")
    [cause] = {each.cause for each in shop.rows(FlowEvent)}
    assert cause == "person:start"
    shop.says("Ana")
    assert shop.bot() == ["Como você se chama?", "Olá, Ana!"]
    assert replays(shop, session.id or 0)


def test_it_goes_on_in_the_conversation_that_the_bot_has(shop: FlowShop) -> None:
    shop.says("oi")
    shop.says("Ana")
    assert shop.state() == ("bot", "bot", "completed")
    begin(shop)
    assert len(shop.rows(Conversation)) == 1


def test_it_does_not_start_out_of_turn(shop: FlowShop) -> None:
    shop.says("oi")
    assert refused(shop) == "PT-FLOW-BUSY"
    first = shop.session()
    begin(shop, replace=True)
    assert [each.outcome for each in shop.rows(FlowSession)] == ["replaced", ""]
    assert replays(shop, first.id or 0)
    conversation = shop.conversation().id or 0
    change(shop, Conversation, conversation, owner="people", status="open")
    assert refused(shop, replace=True) == "PT-FLOW-PEOPLE"
    change(shop, Conversation, conversation, owner="bot", status="bot", standby=True)
    assert refused(shop, replace=True) == "PT-FLOW-STANDBY"


def test_whoever_wants_nothing_gets_nothing(shop: FlowShop) -> None:
    shop.says("bla")
    let_go(shop)
    contact = shop.contact().id or 0
    for column, slug in (
        ("blocked_at", "PT-CONTACT-BLOCKED"),
        ("opted_out_at", "PT-OPTED-OUT"),
        ("deleted_at", "PT-CONTACT-DELETED"),
    ):
        change(shop, Contact, contact, **{column: shop.now})
        assert refused(shop) == slug
        change(shop, Contact, contact, **{column: None})


def test_outside_the_window_only_a_template_begins(shop: FlowShop) -> None:
    shop.says("bla")
    let_go(shop)
    shop.after(hours=25)
    assert refused(shop) == "PT-FLOW-CLOSED"
    begin(shop, "invite")
    assert shop.state() == ("bot", "bot", "reply")
    assert shop.rows(Message)[-1].kind == "template"


def test_what_fails_at_once_is_not_started(shop: FlowShop) -> None:
    shop.says("bla")
    let_go(shop)
    shop.publish("name: lost\nstart: a\nvars: {x: {type: text}}\nsteps: {a: {say: '{{ vars.x }}', next: end}}")
    assert refused(shop, "lost") == "PT-FLOW-START"
    with shop.store.write() as db:
        flow = db.exec(select(Flow).where(Flow.name == "greet")).one()
        flow.paused = True
    assert refused(shop) == "PT-FLOW-DISABLED"
    assert refused(shop, "nada") == "PT-FLOW"


def test_the_flow_of_one_organisation_is_not_startable_by_another(shop: FlowShop, store: Store) -> None:
    other = copy.copy(shop)
    other.org = make_org(store, "outra")
    other.number_id = make_number(store, other.org)
    shop.says("bla")
    let_go(shop)
    assert refused(other, contact=shop.contact().id) == "PT-FLOW"
    other.publish(ASKS)
    assert refused(other, contact=shop.contact().id) == "PT-CONTACT"


@pytest.mark.parametrize(
    ("steps", "opens"),
    [
        ("{a: {say: Oi, next: end}}", False),
        ("{a: {template: t, next: end}}", True),
        ("{a: {say: Oi, on_window_closed: b, next: end}, b: {template: t, next: end}}", True),
        ("{a: {wait: 1h, next: b}, b: {template: t, next: end}}", True),
        ("{a: {set: {tag: x}, next: b}, b: {ask: Oi?, next: end, on_invalid: end}}", False),
        ("{a: {template: t, if: contact.vip, next: b}, b: {say: Oi, next: end}}", False),
    ],
)
def test_how_a_flow_opens_is_read_from_its_steps(steps: str, opens: bool) -> None:
    assert opens_with_template(load(f"name: x\nstart: a\non_error: end\nsteps: {steps}", "x.yaml")) is opens


def launch(shop: FlowShop, flow: str = "invite", **changes: Any) -> Campaign:
    plan = campaigning.plan(shop.store, shop.org, shop.now, arms=(), values={}, flow=flow, quiet=None, **changes)
    assert plan.content["problems"] == []
    return campaign_launch.launch(shop.store, plan, Order(), shop.now).campaign


def feed(shop: FlowShop, campaign: Campaign, times: int = 6) -> None:
    for _ in range(times):
        campaign_feed.step(shop.store, campaign.id or 0, shop.now, Quotas())


def ledger(shop: FlowShop) -> list[tuple[str, str]]:
    return [(each.state, each.reason) for each in shop.rows(Recipient)]


def test_a_campaign_starts_the_flow_with_everybody_whom_it_may(shop: FlowShop) -> None:
    campaigning.people(shop.store, shop.org, 15, shop.now)
    campaign = launch(shop)
    ids = [each.contact_id for each in shop.rows(Recipient)]
    change(shop, Contact, ids[0], opted_out_at=shop.now)
    begin(shop, "invite", ids[1])
    feed(shop, campaign)
    assert ledger(shop) == [("skipped", "opted-out"), ("skipped", "in-flow"), *[("queued", "")] * 13]
    started = list(shop.rows(FlowSession))[1:]
    assert {each.wait_kind for each in started} == {"reply"}
    causes = {each.session_id: each.cause for each in shop.rows(FlowEvent)}
    assert [causes[each.id] for each in started] == [f"campaign:{campaign.id}:{each.contact_id}" for each in started]
    assert all(replays(shop, each.id) for each in started[:2])
    first = {each.message_id for each in shop.rows(Recipient)} - {None}
    said = [each for each in shop.rows(Message) if each.id in first]
    assert {(each.kind, each.campaign_id) for each in said} == {("template", campaign.id)}
    with shop.store.read(shop.org) as db:
        found = campaign_watch.of(db, db.get_one(Campaign, campaign.id), shop.now)
        report = campaign_report.report(db, db.get_one(Campaign, campaign.id), shop.now)
    assert (found["queued"], found["skipped"], found["waiting"], found["status"]) == (13, 2, 0, "running")
    assert report["template"] == "invite"


def test_a_plan_says_how_many_a_flow_without_a_template_reaches(shop: FlowShop) -> None:
    shop.says("bla")
    let_go(shop)
    change(shop, Contact, shop.contact().id or 0, marketing_granted_at=shop.now)
    campaigning.people(shop.store, shop.org, 3, shop.now)
    made = {
        flow: campaigning.plan(shop.store, shop.org, shop.now, arms=(), values={}, flow=flow)
        for flow in ("greet", "invite")
    }
    told = [each for each in made["greet"].content["warnings"] if each["slug"] == "PT-CAMP-FLOW"]
    assert [(each["values"]["open"], each["values"]["people"]) for each in told] == [(1, 4)]
    assert made["greet"].content["cost"]["basis"] == "flow"
    assert "PT-CAMP-FLOW" not in [each["slug"] for each in made["invite"].content["warnings"]]
