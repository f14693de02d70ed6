"""Campaigns that start a flow: everybody's begins once, with its variables, and takes part in all that campaigns do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from pytake_cli.policy.campaigns import Quiet
from pytake_cli.services import campaigns, ownership, sending
from pytake_cli.store import Store, ledger
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow
from pytake_cli.store.messages import CAMPAIGN, Message
from pytake_cli.whatsapp.client import Sent
from tests.kit import campaigning, flows
from tests.services.test_campaigns import Shop, refused

INVITE = """
name: invite
vars: {nome: {type: text}}
start: first
steps:
  first:
    template: oferta_semana
    params: ["{{ vars.nome }}", "10%"]
    buttons: ["x"]
    on_reply: ask
    next: end
  ask:
    ask: Quer saber mais?
    save: nome
    next: end
"""
WORDS = """
name: words
start: hi
steps:
  hi: {say: Oi, next: end}
"""
BROKEN = """
name: broken
start: first
steps:
  first: {template: oferta_semana, params: ["x", "10%"], next: talk}
  talk: {ask: Quer saber mais?, next: end}
"""


def shop_of(store: Store, source: str = INVITE, people: int = 3) -> Shop:
    shop = Shop(store, people)
    flows.publish(store, shop.org, source, now=shop.now)
    return shop


def flow(name: str = "invite", **more: Any) -> dict[str, Any]:
    return {"arms": (), "flow": name, "values": {}} | more


def sessions(shop: Shop) -> list[FlowSession]:
    with shop.store.read() as db:
        return list(db.exec(select(FlowSession).order_by(col(FlowSession.id))))


def send_all(shop: Shop) -> int:
    """Meta takes the first messages of flows; how many."""
    claim = sending.claim(shop.store, shop.number_id, lane="campaign", me="s", limit=50, now=shop.now)
    done = [sending.Outcome(each, sent=Sent(f"wamid.{each.id}", "", "", "")) for each in claim.handoffs]
    shop.accepted += [each.request["to"] for each in claim.handoffs]
    if done:
        sending.record(shop.store, "s", done, shop.now)
    return len(done)


def test_d16_a_campaign_starts_the_flow_once_for_everybody_with_its_variables(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "{{ contact.first_name }}"}))
    shop.step()
    shop.step()
    assert len(sessions(shop)) == 3
    with store.read() as db:
        first = db.exec(select(Message).order_by(col(Message.id))).first()
    assert first is not None
    assert first.body["template"]["components"][0]["parameters"][0]["text"] == "Ana"
    assert send_all(shop) >= 3
    assert sorted(set(shop.accepted)) == sorted(f"+{campaigning.phone(serial)}" for serial in range(3))
    shop.step()
    assert shop.campaign().status == "finished"


def test_a_paused_campaign_takes_back_what_nobody_has_got_and_starts_it_again(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    shop.step()
    assert shop.on_campaign(campaigns.pause) == 3
    assert {row.outcome for row in sessions(shop)} == {"cancelled"}
    assert shop.ledger() == {"pending": 3}
    assert send_all(shop) == 0
    shop.on_campaign(campaigns.resume)
    shop.step()
    assert len([row for row in sessions(shop) if row.status != "ended"]) == 3
    assert send_all(shop) >= 3


def test_a_flow_that_begins_with_words_starts_only_for_those_whose_window_is_open(store: Store) -> None:
    shop = shop_of(store, WORDS)
    plan = shop.plan(**flow("words"))
    assert [each["slug"] for each in plan.content["warnings"]].count("PT-CAMP-FLOW") == 1
    shop.launch(**flow("words"))
    with store.write() as db:
        db.add(ServiceWindow(org_id=shop.org, number_id=shop.number_id, contact_id=1, last_inbound_at=shop.now))
    shop.step()
    assert len(sessions(shop)) == 1
    assert shop.ledger() == {"queued": 1, "skipped": 2}
    with store.read() as db:
        assert len(db.exec(select(Conversation)).all()) == 1


def test_a_campaign_whose_flow_was_switched_off_is_refused_and_one_that_runs_stops(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    with store.write() as db:
        db.exec(select(Flow)).one().paused = True
    shop.step()
    assert (shop.campaign().status, shop.campaign().status_reason) == ("paused", "PT-CAMP-FLOW")
    assert "PT-CAMP-FLOW" in [each["slug"] for each in shop.plan(name="b", **flow()).content["problems"]]


def test_values_that_the_flow_does_not_declare_are_a_problem_of_the_plan(store: Store) -> None:
    shop = shop_of(store)
    plan = shop.plan(**flow(values={"cupom": "X"}))
    assert "PT-CAMP-VALUES" in [each["slug"] for each in plan.content["problems"]]


def test_refusals_of_the_flows_template_stop_the_campaign(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    shop.step()
    claim = sending.claim(shop.store, shop.number_id, lane="campaign", me="s", limit=50, now=shop.now)
    sending.record(shop.store, "s", [sending.Outcome(each, error=refused(132001)) for each in claim.handoffs], shop.now)
    shop.step()
    assert (shop.campaign().status, shop.campaign().status_reason) == ("paused", "PT-CAMP-REFUSED")


def test_looking_again_starts_no_flow_twice(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    for _ in range(5):
        shop.step()
    assert len(sessions(shop)) == 3


def test_a_flow_that_fails_as_it_begins_stops_the_campaign_and_queues_nobody(store: Store) -> None:
    shop = shop_of(store, BROKEN)
    shop.launch(**flow("broken"))
    shop.step()
    assert (shop.campaign().status, shop.campaign().status_reason) == ("paused", "PT-CAMP-FLOW")
    assert shop.ledger() == {"pending": 3}
    with store.read() as db:
        assert db.exec(select(Conversation)).all() == []


CHATTY = """
name: chatty
start: one
steps:
  one: {say: Um, next: two}
  two: {say: Dois, next: end}
"""


def test_first_words_go_in_the_lane_of_campaigns_and_in_their_order(store: Store) -> None:
    shop = shop_of(store, CHATTY, people=1)
    with store.write() as db:
        db.add(ServiceWindow(org_id=shop.org, number_id=shop.number_id, contact_id=1, last_inbound_at=shop.now))
    shop.launch(**flow("chatty"))
    shop.step()
    with store.read() as db:
        said = db.exec(select(Message).order_by(col(Message.id))).all()
    assert [(each.priority, each.origin) for each in said] == [(CAMPAIGN, "campaign"), (CAMPAIGN, "bot")]
    assert sending.claim(store, shop.number_id, lane="live", me="s", limit=9, now=shop.now).handoffs == []
    assert send_all(shop) == 1
    shop.now += timedelta(minutes=1)
    assert send_all(shop) == 1


def test_first_words_count_into_the_cap_when_the_next_campaign_feeds(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    shop.step()
    assert send_all(shop) == 3
    with store.read() as db:
        assert ledger.written_to(db, [1, 2, 3], shop.now - timedelta(days=1)) == {1: 1, 2: 1, 3: 1}


def test_who_stops_marketing_while_the_first_words_wait_does_not_get_them(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    shop.step()
    with store.write() as db:
        db.get_one(Contact, 1).marketing_stopped_at = shop.now
    assert send_all(shop) == 2
    with store.read() as db:
        lost = db.exec(select(Message).where(Message.status == "failed")).one()
    assert (lost.contact_id, lost.error_code) == (1, 131050)


def test_first_words_wait_until_the_quiet_hours_are_over(store: Store) -> None:
    shop = shop_of(store)
    local = shop.now.astimezone(ZoneInfo("America/Sao_Paulo"))
    quiet = Quiet((local - timedelta(hours=1)).time(), (local + timedelta(hours=1)).time())
    shop.launch(**flow(values={"nome": "x"}, quiet=quiet))
    shop.step()
    assert sessions(shop) == []
    assert shop.ledger() == {"pending": 3}
    shop.now += timedelta(hours=1, minutes=1)
    shop.step()
    assert len(sessions(shop)) == 3


def test_a_person_who_takes_over_takes_the_first_words_back(store: Store) -> None:
    shop = shop_of(store)
    shop.launch(**flow(values={"nome": "x"}))
    shop.step()
    with store.write() as db:
        talk = db.exec(select(Conversation).where(Conversation.contact_id == 1)).one()
        assert len(ownership.silence(db, talk, shop.now)) == 1
    assert send_all(shop) == 2
