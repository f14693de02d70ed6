"""Campaigns: launched once, frozen whole, paused and resumed exactly, stopped by what Meta says, finished when told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any

import orjson
import pytest
from sqlmodel import col, select

from pytake_cli.errors import Conflict, SendError
from pytake_cli.policy.campaigns import Canary, Cap, Quiet
from pytake_cli.services import campaign_feed, campaign_launch, campaign_watch, campaigns, inbound, sending
from pytake_cli.services.campaign_launch import Order
from pytake_cli.services.campaign_quota import Quotas
from pytake_cli.store import Store, ledger_counts
from pytake_cli.store.campaigns import Campaign, Plan
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp.client import Sent
from pytake_cli.whatsapp.webhooks import parse
from tests.kit import campaigning
from tests.kit.stores import NOW, make_number, make_org

ME = "sender-1"


class Shop:
    """A number with room for everybody, people who agreed, and Meta's part played by hand."""

    def __init__(self, store: Store, people: int = 5) -> None:
        self.store = store
        self.org = make_org(store)
        self.number_id = make_number(store, self.org)
        self.now = NOW
        self.accepted: list[str] = []  # addresses, in order
        self.quotas = Quotas()
        with store.write() as db:
            number = db.get_one(Number, self.number_id)
            number.rate_per_second, number.tier = 1000, "TIER_UNLIMITED"
            waba = number.waba_id
        self.template = campaigning.approve(store, self.org, NOW, waba=waba)
        campaigning.people(store, self.org, people, NOW)

    def plan(self, **changes: Any) -> Plan:
        return campaigning.plan(self.store, self.org, self.now, **changes)

    def launch(self, *, order: Order | None = None, **changes: Any) -> Campaign:
        return campaign_launch.launch(self.store, self.plan(**changes), order or Order(), self.now).campaign

    def campaign(self, name: str = "bf") -> Campaign:
        with self.store.read() as db:
            return campaigns.get(db, self.org, name)

    def ledger(self) -> dict[str, int]:
        return campaigning.ledger(self.store)

    def step(self, name: str = "bf") -> float | None:
        return campaign_feed.step(self.store, self.campaign(name).id or 0, self.now, self.quotas)

    def send(self, limit: int = 50, *, error: SendError | None = None) -> int:
        """Claims and answers as Meta does; how many went."""
        claim = sending.claim(self.store, self.number_id, lane="campaign", me=ME, limit=limit, now=self.now)
        outcomes = []
        for handoff in claim.handoffs:
            if error is None:
                self.accepted.append(handoff.request["to"])
                wamid = f"wamid.{len(self.accepted)}.{handoff.id}"
                outcomes.append(sending.Outcome(handoff, sent=Sent(wamid, "", "", "")))
            else:
                outcomes.append(sending.Outcome(handoff, error=error))
        if outcomes:
            sending.record(self.store, ME, outcomes, self.now)
        return len(outcomes)

    def run(self, rounds: int = 20) -> None:
        """Feeds and sends until the campaign does not run any more."""
        for _ in range(rounds):
            if self.campaign().status != "running":
                return
            self.step()
            self.send()
            self.now += timedelta(seconds=1)

    def hears(self, words: str) -> Conversation:
        """The first person who got the campaign writes; the conversation that is in then."""
        wa_id = self.accepted[0].removeprefix("+")
        message: dict[str, Any] = {
            "from": wa_id,
            "id": f"wamid.in.{words}",
            "timestamp": str(int(self.now.timestamp())),
        }
        message |= {"type": "text", "text": {"body": words}}
        with self.store.write() as db:
            number = db.get_one(Number, self.number_id)
            value = {"metadata": {"phone_number_id": number.phone_number_id}, "messages": [message]}
            entry = {"id": number.waba_id, "changes": [{"field": "messages", "value": value}]}
            body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
            inbound.apply(db, [inbound.Arrived(update) for update in parse(body)], self.now)
            written = db.exec(select(Message).where(Message.wamid == message["id"])).one()
            return db.get_one(Conversation, written.conversation_id)

    def on_campaign(self, work: Any) -> Any:
        """Something done to the campaign in a transaction of its own."""
        with self.store.write(self.org) as db:
            return work(db, campaigns.get(db, self.org, "bf"), self.now)


def refused(code: int) -> SendError:
    return SendError(f"PT-WA-{code}", "refused", retryable=False, code=code)


def test_a_launched_campaign_reaches_everybody_once_and_finishes(store: Store) -> None:
    shop = Shop(store)
    campaign = shop.launch()
    assert (campaign.status, campaign.recipients) == ("running", 5)
    shop.run()
    assert shop.campaign().status == "finished"
    assert shop.ledger() == {"sent": 5}
    assert sorted(shop.accepted) == sorted(f"+{campaigning.phone(serial)}" for serial in range(5))


def test_launching_again_with_the_same_key_sends_nothing(store: Store) -> None:
    shop = Shop(store)
    plan = shop.plan()
    first = campaign_launch.launch(store, plan, Order(key="bf-1"), shop.now)
    shop.run()
    later = campaign_launch.launch(store, shop.plan(), Order(key="bf-1"), shop.now)
    assert not first.replayed
    assert later.replayed
    assert later.campaign.id == first.campaign.id
    assert len(shop.accepted) == 5


def test_a_key_that_was_used_for_another_campaign_is_a_conflict(store: Store) -> None:
    shop = Shop(store)
    shop.launch(order=Order(key="k"))
    with pytest.raises(Conflict, match="used for another campaign"):
        shop.launch(order=Order(key="k"), rate=5.0)


def test_without_a_key_a_campaign_is_launched_once(store: Store) -> None:
    shop = Shop(store)
    plan = shop.plan()
    campaign_launch.launch(store, plan, Order(), shop.now)
    assert campaign_launch.launch(store, plan, Order(), shop.now).replayed
    with pytest.raises(Conflict, match="was launched before"):
        shop.launch(rate=5.0)
    assert shop.launch(order=Order(again=True), rate=5.0).name == "bf-2"


def test_twenty_launches_at_once_are_one(store: Store) -> None:
    shop = Shop(store)
    plan = shop.plan()
    found: list[Any] = []

    def launch() -> None:
        found.append(campaign_launch.launch(store, plan, Order(key="once"), shop.now))

    threads = [threading.Thread(target=launch) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.replayed for each in found].count(False) == 1
    assert len({each.campaign.id for each in found}) == 1
    assert shop.ledger() == {"pending": 5}


def test_a_ledger_of_another_size_than_planned_is_given_up(store: Store) -> None:
    shop = Shop(store)
    plan = shop.plan()
    campaigning.people(store, shop.org, 1, NOW, start=100)
    with pytest.raises(Conflict, match="6 people now, and the plan has 5"):
        campaign_launch.launch(store, plan, Order(), shop.now)
    assert shop.ledger() == {}
    with store.read() as db:
        assert db.exec(select(Campaign)).all() == []


def test_pausing_takes_back_what_is_queued_and_resuming_sends_to_the_rest_only(store: Store) -> None:
    shop = Shop(store, people=10)
    shop.launch()
    shop.step()
    assert shop.send(limit=4) == 4
    assert shop.on_campaign(campaigns.pause) == 6
    assert shop.send() == 0
    assert shop.ledger() == {"sent": 4, "pending": 6}
    shop.on_campaign(campaigns.resume)
    shop.run()
    assert len(shop.accepted) == len(set(shop.accepted)) == 10
    assert shop.campaign().status == "finished"


def test_what_meta_put_off_waits_while_its_campaign_is_paused(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.step()
    shop.send(error=SendError("PT-NET", "no answer", retryable=True))
    shop.on_campaign(campaigns.pause)
    shop.now += timedelta(minutes=10)
    assert shop.send() == 0
    shop.on_campaign(campaigns.resume)
    shop.run()
    assert len(shop.accepted) == 1


@contextmanager
def sending_now(shop: Shop) -> Iterator[list[sending.Handoff]]:
    """Meta has them meanwhile, and puts them off in the end."""
    handoffs = list(sending.claim(shop.store, shop.number_id, lane="campaign", me=ME, limit=50, now=shop.now).handoffs)
    yield handoffs
    late = SendError("PT-NET", "no answer", retryable=True)
    sending.record(shop.store, ME, [sending.Outcome(each, error=late) for each in handoffs], shop.now)


def test_cancelling_leaves_the_rest_unwritten_to(store: Store) -> None:
    shop = Shop(store, people=10)
    shop.launch()
    shop.step()
    shop.send(limit=4)
    shop.on_campaign(campaigns.cancel)
    assert shop.step() is None
    assert shop.ledger() == {"sent": 4, "cancelled": 6}
    with pytest.raises(Conflict, match="cannot be resumed"):
        shop.on_campaign(campaigns.resume)


def test_what_meta_put_off_is_cancelled_with_its_campaign(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.step()
    with sending_now(shop) as handoffs:
        shop.on_campaign(campaigns.cancel)
        assert shop.step() is not None
    assert (len(handoffs), shop.step(), shop.ledger()) == (1, None, {"cancelled": 1})


def test_who_stops_utility_messages_while_one_waits_gets_none(store: Store) -> None:
    shop = Shop(store, 3)
    with store.write() as db:
        db.get_one(Template, shop.template).category = "UTILITY"
    shop.launch()
    shop.step()
    with store.write() as db:
        stopped, *others = db.exec(select(Contact).order_by(col(Contact.id)))
        stopped.utility_stopped_at = others[0].marketing_stopped_at = shop.now  # marketing is another matter
    assert shop.send() == 2


def test_whoever_opts_out_after_the_launch_gets_nothing(store: Store) -> None:
    shop = Shop(store, people=3)
    shop.launch()
    with store.write() as db:
        blocked, opted_out, _ = db.exec(select(Contact).order_by(col(Contact.id)))
        blocked.blocked_at = opted_out.opted_out_at = shop.now
    shop.run()
    assert shop.ledger() == {"sent": 1, "skipped": 2}


def test_a_campaign_with_a_canary_waits_after_its_first_few(store: Store) -> None:
    shop = Shop(store, people=10)
    shop.launch(canary=Canary(3, timedelta(minutes=5)))
    shop.run(rounds=10)
    assert len(shop.accepted) == 3
    shop.now += timedelta(minutes=5)
    shop.run()
    assert len(shop.accepted) == 10


def test_the_wait_of_a_canary_begins_when_meta_has_answered_all_of_it(store: Store) -> None:
    shop = Shop(store, people=10)
    shop.launch(canary=Canary(3, timedelta(minutes=5)))
    shop.step()
    shop.now += timedelta(minutes=10)  # in which Meta is away
    shop.run(rounds=3)
    assert len(shop.accepted) == 3
    shop.now += timedelta(minutes=5)
    shop.run()
    assert len(shop.accepted) == 10


def test_a_scheduled_campaign_starts_when_it_is_due(store: Store) -> None:
    shop = Shop(store)
    assert shop.launch(order=Order(at=NOW + timedelta(hours=1))).status == "scheduled"
    shop.run()
    assert shop.accepted == []
    shop.now += timedelta(hours=2)
    shop.step()
    shop.run()
    assert len(shop.accepted) == 5


@pytest.mark.parametrize(
    ("late", "status", "said"),
    [
        (timedelta(minutes=4), "running", []),
        (timedelta(hours=3), "running", ["campaign bf begins late"]),
        (timedelta(hours=25), "paused", ["campaign bf is paused"]),
    ],
)
def test_a_campaign_that_no_daemon_began_in_time_says_so_and_after_a_day_waits_for_a_person(
    store: Store, late: timedelta, status: str, said: list[str]
) -> None:
    shop = Shop(store)
    shop.launch(order=Order(at=NOW + timedelta(hours=1)))
    shop.now = NOW + timedelta(hours=1) + late
    shop.step()
    assert shop.campaign().status == status
    with store.read() as db:
        told = [row.payload["text"] for row in db.exec(select(Event).where(Event.kind == "incident"))]
    why = "it was to begin at 2026-11-22 16:00 UTC, and no daemon ran then"
    assert told == [f"{each}: {why}" for each in said]
    if status == "paused":
        shop.on_campaign(campaigns.resume)
        shop.run()
        assert len(shop.accepted) == 5


def test_a_campaign_whose_people_sleep_says_until_when(store: Store) -> None:
    shop = Shop(store, people=2)
    shop.launch(quiet=Quiet(time(10), time(13)))  # it is noon in São Paulo
    assert shop.step() == 1.0
    with store.read() as db:
        told = campaign_watch.troubles(db, shop.campaign(), shop.now)
        assert told == ["nobody else is due before 2026-11-22 16:00 UTC: quiet hours, or the time of a later message"]
        assert campaign_watch.troubles(db, shop.campaign(), shop.now + timedelta(hours=1)) == []


def test_failures_of_many_stop_the_campaign(store: Store) -> None:
    shop = Shop(store, people=100)
    shop.launch(rate=None)
    shop.step()
    shop.send(limit=20)
    shop.send(limit=20, error=refused(131026))
    shop.step()
    stopped = shop.campaign()
    assert (stopped.status, stopped.status_reason) == ("paused", "PT-CAMP-FAILURES")
    assert "20 of the last 40 messages failed" in stopped.status_detail
    assert shop.ledger() == {"sent": 20, "failed": 20, "pending": 60}
    shop.on_campaign(campaigns.resume)
    shop.run()
    assert shop.ledger() == {"sent": 80, "failed": 20}


def test_a_paused_template_stops_the_campaign_at_once(store: Store) -> None:
    shop = Shop(store, people=20)
    shop.launch()
    shop.step()
    shop.send(limit=5)
    shop.send(limit=1, error=refused(132015))
    shop.step()
    assert shop.campaign().status_reason == "PT-CAMP-REFUSED"
    assert "132015" in shop.campaign().status_detail


def test_retrying_writes_to_those_whose_message_failed(store: Store) -> None:
    shop = Shop(store, people=30)
    shop.launch()
    shop.step()
    shop.send(limit=2, error=refused(131026))
    shop.run()
    assert shop.campaign().status == "finished"
    assert shop.ledger() == {"sent": 28, "failed": 2}
    assert shop.on_campaign(lambda db, row, now: campaigns.retry(db, row, now, codes=[131049])) == 0
    assert shop.on_campaign(lambda db, row, now: campaigns.retry(db, row, now, codes=[131026])) == 2
    shop.run()
    assert shop.ledger() == {"sent": 30}
    assert shop.campaign().status == "finished"


def test_nobody_gets_more_than_the_cap_allows_although_two_campaigns_run(store: Store) -> None:
    shop = Shop(store, people=3)
    shop.launch(cap=Cap(1, 7))
    campaign_launch.launch(store, shop.plan(name="natal", cap=Cap(1, 7)), Order(), shop.now)
    shop.run()
    shop.step("natal")
    shop.send()
    assert len(shop.accepted) == 3


def test_reaching_metas_daily_limit_pauses_until_it_frees(store: Store) -> None:
    shop = Shop(store, people=260)
    with store.write() as db:
        db.get_one(Number, shop.number_id).tier = "TIER_250"
    shop.launch()
    shop.run(rounds=40)
    paused = shop.campaign()
    assert (paused.status, paused.status_reason) == ("paused", "PT-CAMP-QUOTA")
    assert len(shop.accepted) == 250
    assert paused.due_at is not None
    shop.now = paused.due_at + timedelta(minutes=10)
    shop.step()
    shop.run()
    assert len(set(shop.accepted)) == len(shop.accepted) == 260
    assert shop.campaign().status == "finished"


def test_messages_that_a_paused_campaign_holds_back_do_not_stall_another(store: Store) -> None:
    shop = Shop(store, people=260)
    with store.write() as db:
        db.get_one(Number, shop.number_id).tier = "TIER_250"
    shop.launch()
    shop.step()
    assert shop.send(limit=3, error=SendError("PT-NET", "no answer", retryable=True)) == 3
    shop.on_campaign(campaigns.pause)
    campaign_launch.launch(store, shop.plan(name="natal", cap=Cap(9, 7)), Order(), shop.now)
    for _ in range(40):
        shop.step("natal")
        shop.send()
        shop.now += timedelta(seconds=1)
    stopped = shop.campaign("natal")
    assert (stopped.status, stopped.status_reason, len(shop.accepted)) == ("paused", "PT-CAMP-QUOTA", 250)


def test_a_launch_that_died_half_way_is_given_up(store: Store) -> None:
    shop = Shop(store)
    launched = shop.launch()
    with store.write() as db:
        row = db.get_one(Campaign, launched.id)
        row.status = "freezing"
        row.updated_at = shop.now
    shop.now += timedelta(minutes=2)
    with store.read() as db:
        assert campaigns.due(db, shop.now, frozen_before=shop.now - campaign_launch.DEAD_AFTER) == [launched.id]
    shop.step()
    assert shop.ledger() == {}
    assert shop.launch().recipients == 5


def test_a_launch_in_chunks_is_whole_or_given_up_by_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(store)
    monkeypatch.setattr(campaign_launch, "PEOPLE_AT_ONCE", 1)  # five chunks, some of them at once on PostgreSQL
    seen: list[int] = []

    def given_up(people: int) -> None:
        seen.append(people)
        half = shop.campaign()
        assert campaign_launch.clear(store, half.id or 0, half.updated_at)

    with pytest.raises(Conflict, match="somebody else is launching"):
        campaign_launch.launch(store, shop.plan(), Order(), shop.now, given_up)
    assert (len(seen), shop.ledger()) == (1, {})
    assert campaign_launch.launch(store, shop.plan(), Order(), shop.now, seen.append).campaign.recipients == 5
    assert (seen[-1], shop.ledger()) == (5, {"pending": 5})


def test_the_answer_to_a_campaign_opens_its_conversation_and_is_credited(store: Store) -> None:
    shop = Shop(store, people=2)
    shop.launch()
    shop.run()
    said = shop.hears("quero")
    assert (said.status, said.resolved_at) == ("queued", None)
    with store.read() as db:
        assert len(db.exec(select(Conversation)).all()) == 2
        messages = db.exec(select(Message).where(Message.conversation_id == said.id)).all()
        assert {message.origin for message in messages} == {"campaign", "contact"}
        assert ledger_counts.answers(db, shop.campaign().id or 0) == (1, 0)


def test_what_campaigns_open_is_in_nobodys_queue(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.run()
    with store.read() as db:
        assert [row.status for row in db.exec(select(Conversation))] == ["resolved"]


def test_an_opt_out_is_credited_to_the_campaign_before_it(store: Store) -> None:
    shop = Shop(store, people=1)
    shop.launch()
    shop.run()
    shop.hears("PARAR")
    with store.read() as db:
        assert ledger_counts.answers(db, shop.campaign().id or 0) == (1, 1)


def test_a_number_rated_low_pauses_its_campaigns(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    shop.on_campaign(lambda db, row, now: campaigns.quality_fell(db, db.get_one(Number, shop.number_id), now))
    assert shop.campaign().status_reason == "PT-CAMP-QUALITY"


def test_a_refused_token_pauses_the_campaign_and_nothing_is_lost(store: Store) -> None:
    shop = Shop(store, people=10)
    shop.launch()
    shop.step()
    shop.send(limit=4)
    shop.send(limit=2, error=refused(190))
    shop.step()
    stopped = shop.campaign()
    assert stopped.status_reason == "PT-CAMP-NUMBER"
    assert "may not send" in stopped.status_detail
    with pytest.raises(Conflict, match="may not send"):
        shop.on_campaign(campaigns.resume)
    with store.write() as db:
        db.get_one(Number, shop.number_id).stopped_at = None
    shop.on_campaign(campaigns.resume)
    shop.run()
    assert len(set(shop.accepted)) == len(shop.accepted) == 10


def test_a_template_that_meta_pauses_stops_what_uses_it(store: Store) -> None:
    shop = Shop(store)
    shop.launch()
    with store.write() as db:
        template = db.get_one(Template, shop.template)
        template.status, template.pause_title = "PAUSED", "FIRST_PAUSE"
        campaigns.template_changed(db, template, "status", shop.now)
    stopped = shop.campaign()
    assert stopped.status_reason == "PT-CAMP-TEMPLATE"
    assert "is paused at Meta: FIRST_PAUSE" in stopped.status_detail
    with pytest.raises(Conflict, match="is paused at Meta"):
        shop.on_campaign(campaigns.resume)
    with store.write() as db:
        db.get_one(Template, shop.template).status = "APPROVED"
    shop.on_campaign(campaigns.resume)
    assert shop.campaign().status == "running"
