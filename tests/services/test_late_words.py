"""Words of Meta's that come late: the answer to a claim given up, statuses of an earlier try, webhooks repeated."""

from __future__ import annotations

import pytest
from sqlmodel import select

from pytake_cli.services import outbound, sending
from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact
from pytake_cli.store.events import Event
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.webhooks import WireError
from tests.services.test_sending import Outbox

LOCKED = 131031  # Meta: the account is locked
UNDELIVERABLE = 131026


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.fixture
def ana(outbox: Outbox) -> int:
    return outbox.contact("5511968184101")


def retry(outbox: Outbox, id_: int) -> None:
    with outbox.store.write() as db:
        outbound.retry(db, db.get_one(Message, id_), outbox.now)


def test_a_restart_takes_back_what_the_dead_held_and_nothing_else(outbox: Outbox, ana: int) -> None:
    lost, kept = outbox.queue(ana), outbox.queue(outbox.contact("5511900000002"))
    [first] = outbox.claim(me="dead", limit=1)
    [second] = outbox.claim(me="alive", limit=1)
    assert (first.id, second.id) == (lost, kept)
    assert sending.recover(outbox.store, outbox.now, lambda owner: owner == "dead") == 1
    assert (outbox.message(lost).status, outbox.message(kept).status) == ("unknown", "sending")


def test_an_answer_counts_although_the_sweep_gave_its_claim_up(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    handoffs = outbox.claim()
    outbox.later(3600)  # the store was locked so long, or the clock jumped
    sending.sweep(outbox.store, outbox.now)
    outbox.accept(handoffs)
    sent = outbox.message(id_)
    assert (sent.status, sent.wamid, sent.due_at) == ("sent", f"wamid.{id_}", None)


def test_an_answer_to_an_earlier_try_does_not_touch_a_later_one(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    zombies = outbox.claim()
    outbox.later(100)
    sending.sweep(outbox.store, outbox.now)
    outbox.later(121)
    sending.sweep(outbox.store, outbox.now)
    [again] = outbox.claim(me="sender-2")
    outbox.accept(zombies)
    assert (outbox.message(id_).status, outbox.message(id_).claim) == ("sending", "sender-2")
    assert again.attempt == 2


def test_a_repeated_webhook_of_a_failure_does_not_undo_a_retry(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    outbox.accept([handoff])
    opaque = handoff.request["biz_opaque_callback_data"]
    errors = (WireError(UNDELIVERABLE, "undeliverable", ""),)
    outbox.report("failed", wamid=f"wamid.{id_}", opaque=opaque, errors=errors)
    retry(outbox, id_)
    outbox.report("failed", wamid=f"wamid.{id_}", opaque=opaque, errors=errors)
    outbox.report("sent", wamid=f"wamid.{id_}", opaque=opaque)  # what came before the failure, late
    assert outbox.message(id_).status == "queued"
    assert len(outbox.claim()) == 1


def test_a_repeated_webhook_does_not_stop_a_number_again(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.accept(outbox.claim())
    for _ in range(2):
        outbox.report("failed", wamid=f"wamid.{id_}", errors=(WireError(LOCKED, "locked", ""),))
        with outbox.store.write() as db:
            number = db.get_one(Number, outbox.number_id)
            was_stopped, number.stopped_at = number.stopped_at is not None, None
    assert not was_stopped


def test_unknown_messages_get_their_whole_grace_after_a_long_night(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), unknown=True)
    outbox.later(8 * 3600)  # nobody was there to hear the statuses
    sending.recover(outbox.store, outbox.now)
    sending.sweep(outbox.store, outbox.now)
    assert outbox.message(id_).status == "unknown"
    outbox.later(121)
    sending.sweep(outbox.store, outbox.now)
    assert outbox.message(id_).status == "queued"


def test_a_message_that_came_too_late_for_its_window_is_announced(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.later(25 * 3600)
    outbox.claim()
    with outbox.store.read() as db:
        told = [event.payload for event in db.exec(select(Event).where(Event.kind == "message:status"))]
    assert told == [{"statuses": [[id_, "failed"]]}]


def test_who_was_blocked_or_opted_out_meanwhile_gets_nothing_that_waited(outbox: Outbox, ana: int) -> None:
    rui = outbox.contact("5511900000002")
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    blocked = outbox.queue(ana)
    advertised = outbox.queue(rui, outgoing=template, origin="campaign")
    answered = outbox.queue(rui)
    with outbox.store.write() as db:
        db.get_one(Contact, ana).blocked_at = outbox.now
        db.get_one(Contact, rui).marketing_stopped_at = outbox.now
    assert [handoff.id for handoff in outbox.claim()] == [answered]
    with outbox.store.write() as db:
        db.get_one(Message, answered).status = "sent"
    assert outbox.claim(lane="campaign") == []
    fates = [(outbox.message(id_).status, outbox.message(id_).error_code) for id_ in (blocked, advertised)]
    assert fates == [("failed", None), ("failed", 131050)]
