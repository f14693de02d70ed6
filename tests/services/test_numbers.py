"""Business numbers: connected once, kept as Meta says, stopped and let go without losing anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, InvalidData, NotFound, UsageError
from pytake_cli.services import numbers, outbound
from pytake_cli.services.sending import is_stopped
from pytake_cli.store import Store, buckets
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Quarantine
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp import numbers as at_meta
from pytake_cli.whatsapp import template_messages
from tests.kit.people import wrote
from tests.kit.stores import NOW, make_number, make_org
from tests.services.test_inbound import Door

PHONE = at_meta.read(
    {
        "id": "2000",
        "display_phone_number": "+55 11 4000-1234",
        "verified_name": "Loja Sul",
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_1K",
    }
)


def test_a_number_is_kept_as_meta_describes_it(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        added = numbers.add(db, org_id, PHONE, NOW, waba_id="1000", app_id="3000")
    with store.read(org_id) as db:
        row = db.get_one(Number, added.id)
    assert (row.display, row.name, row.tier) == ("+551140001234", "Loja Sul", "TIER_1K")
    assert (row.portfolio_id, row.app_id, row.rate_per_second) == ("1000", "3000", 80)


def test_a_number_is_connected_once_in_the_whole_store(store: Store) -> None:
    first, second = make_org(store, "a"), make_org(store, "b")
    with store.write() as db:
        numbers.add(db, first, PHONE, NOW, waba_id="1000")
        for org_id in (first, second):
            with pytest.raises(Conflict):
                numbers.add(db, org_id, PHONE, NOW, waba_id="1000")


def test_a_number_is_found_by_any_of_its_names(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        row = numbers.add(db, org_id, PHONE, NOW, waba_id="1000")
        for reference in (None, str(row.id), "2000", "+55 11 4000-1234", "551140001234", f"number:{row.id}"):
            assert numbers.find(db, org_id, reference) is row
        with pytest.raises(NotFound):
            numbers.find(db, org_id, "+551199999999")
        with pytest.raises(NotFound):
            numbers.find(db, org_id + 1, "2000")


def test_two_numbers_have_to_be_told_apart(store: Store) -> None:
    org_id = make_org(store)
    with store.read() as db, pytest.raises(NotFound):
        numbers.find(db, org_id, None)
    make_number(store, org_id)
    make_number(store, org_id)
    with store.read() as db, pytest.raises(UsageError):
        numbers.find(db, org_id, None)


def test_refreshing_ends_a_stop_when_meta_says_connected(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        row = numbers.add(db, org_id, PHONE, NOW, waba_id="1000")
        row.stopped_at, row.stopped_code, row.stopped_reason = NOW, 131031, "locked"
        assert numbers.refresh(db, row, replace(PHONE, status="FLAGGED"), NOW) == ["status"]
        assert row.stopped_at is not None
        assert numbers.refresh(db, row, replace(PHONE, quality="RED"), NOW) == ["quality", "status", "stopped_at"]
        stopped: tuple[object, ...] = row.stopped_at, row.stopped_code, row.stopped_reason
        assert stopped == (None, None, "")


def test_a_change_is_told_once(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        row = numbers.add(db, org_id, PHONE, NOW, waba_id="1000")
        numbers.refresh(db, row, replace(PHONE, quality="YELLOW"), NOW)
        assert numbers.refresh(db, row, replace(PHONE, quality="YELLOW"), NOW) == []
    with store.read(org_id) as db:
        told = [event.payload for event in db.exec(select(Event).where(Event.kind == "number:updated"))]
    assert told[1:] == [{"number": 1, "quality": "YELLOW"}]


@pytest.mark.parametrize("display", ["", "abc", "+55", "1" * 20])
def test_what_is_no_phone_number_is_refused(display: str) -> None:
    with pytest.raises(InvalidData):
        numbers.e164(display)


def test_removing_cancels_what_waits_and_keeps_history(store: Store) -> None:
    org_id = make_org(store)
    with store.write() as db:
        number_id = numbers.add(db, org_id, PHONE, NOW, waba_id="1000").id or 0
    conversation = wrote(store, number_id)
    with store.write() as db:
        row = db.get_one(Number, number_id)
        outbound.queue(
            db, number=row, contact_id=conversation.contact_id, outgoing=wire.text("oi"), origin="agent", now=NOW
        )
        assert numbers.remove(db, row, NOW) == 1
    with store.write() as db:
        statuses = sorted(db.exec(select(Message.status)))
        assert statuses == ["cancelled", "received"]
        row = db.get_one(Number, number_id)
        assert (row.status, row.stopped_reason) == ("REMOVED", "removed")
        with pytest.raises(NotFound):
            numbers.find(db, org_id, None)
        [told] = db.exec(select(Event.payload).where(Event.kind == "message:status"))
        assert [status for _, status in told["statuses"]] == ["cancelled"]
        with pytest.raises(Conflict):
            outbound.queue(
                db, number=row, contact_id=conversation.contact_id, outgoing=wire.text("oi"), origin="agent", now=NOW
            )
        back = numbers.add(db, org_id, PHONE, NOW, waba_id="1000")
        assert (back.id, back.status, back.stopped_at) == (number_id, "CONNECTED", None)


def test_limits_count_people_of_the_last_day_in_the_whole_portfolio(store: Store) -> None:
    org_id = make_org(store)
    ids = [make_number(store, org_id, waba="1000"), make_number(store, org_id, waba="1000")]
    other = make_number(store, org_id, waba="2000")
    sent = [(ids[0], 1), (ids[0], 2), (ids[1], 3), (ids[1], 30), (other, 1)]
    for number_id, hours in sent:
        conversation = wrote(store, number_id)
        with store.write() as db:
            number = db.get_one(Number, number_id)
            template = template_messages.template("promo", "pt_BR")
            for _ in range(2):
                message = outbound.queue(
                    db, number=number, contact_id=conversation.contact_id, outgoing=template, origin="agent", now=NOW
                )
                message.status, message.sent_at = "sent", NOW - timedelta(hours=hours)
    with store.read(org_id) as db:
        number = db.get_one(Number, ids[0])
        number.tier = "TIER_250"
        found = numbers.limits(db, number, NOW)
    assert (found.used_people, found.daily_people, found.sent_24h, found.queued) == (3, 250, 4, 0)


def test_limits_show_the_rate_after_a_complaint_of_metas(store: Store) -> None:
    org_id = make_org(store)
    number_id = make_number(store, org_id)
    with store.write() as db:
        buckets.take(db, f"number:{number_id}", 1, rate=80, burst=80, reserve=0, now=NOW)
        buckets.slow_down(db, f"number:{number_id}", rate=80, now=NOW)
    with store.read(org_id) as db:
        number = db.get_one(Number, number_id)
        assert numbers.limits(db, number, NOW).current_rate_per_second == 40
        assert numbers.limits(db, number, NOW + timedelta(seconds=4)).current_rate_per_second == 72
        assert numbers.limits(db, number, NOW + timedelta(hours=1)).current_rate_per_second == 80


def test_what_people_write_to_a_removed_number_is_kept_and_not_answered(store: Store) -> None:
    door = Door(store)
    with store.write() as db:
        db.exec(select(Organisation)).one().acknowledgement = "Recebemos sua mensagem."
        numbers.remove(db, db.get_one(Number, door.number_id), NOW)
    door.says("oi")
    assert (door.drain().messages, door.rows(Quarantine)) == (1, [])
    assert [message.text for message in door.rows(Message)] == ["oi"]
    assert [conversation.status for conversation in door.rows(Conversation)] == ["queued"]


def test_a_reinstated_account_does_not_bring_a_removed_number_back(store: Store) -> None:
    door = Door(store)
    with store.write() as db:
        numbers.remove(db, db.get_one(Number, door.number_id), NOW)
    door.put({"ban_info": {"waba_ban_state": "REINSTATE"}}, field="account_update")
    door.drain()
    assert is_stopped(door.one(Number), "live", NOW)
