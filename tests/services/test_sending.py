"""The outbox: claimed once, recorded once, unknown when nobody can know, and never silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from pytake_cli.errors import Conflict, Forbidden, SendError
from pytake_cli.services import outbound, sending, statuses
from pytake_cli.store import Store, facts
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import Message, StatusEvent
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.client import Sent
from pytake_cli.whatsapp.webhooks import Status, WireError
from tests.kit.stores import NOW, make_number, make_org

ME = "sender-1"


class Outbox:
    """A number, some contacts who wrote just now, and Meta's part played by hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.org = make_org(store)
        self.number_id = make_number(store, self.org)
        self.now = NOW
        with store.write() as db:
            self.number = db.get_one(Number, self.number_id)
            self.number.rate_per_second = 1000

    def contact(self, digits: str, *, wrote: bool = True) -> int:
        from pytake_cli.services import contacts
        from pytake_cli.whatsapp.webhooks import Person

        with self.store.write() as db:
            [id_] = contacts.resolve(db, self.org, self.number.portfolio_id, [Person(wa_id=digits)], self.now)
            window = ServiceWindow(number_id=self.number_id, contact_id=id_, org_id=self.org)
            window.last_inbound_at = self.now if wrote else None
            db.merge(window)
        return id_

    def queue(self, contact_id: int, text: str = "olá", **more: Any) -> int:
        outgoing = more.pop("outgoing", None) or wire.text(text)
        origin = more.pop("origin", "agent")
        with self.store.write() as db:
            number = db.get_one(Number, self.number_id)
            row = outbound.queue(
                db, number=number, contact_id=contact_id, outgoing=outgoing, origin=origin, now=self.now, **more
            )
            assert row.id is not None
            return row.id

    def claim(self, *, lane: Any = "live", me: str = ME, limit: int = 50) -> list[sending.Handoff]:
        return sending.claim(self.store, self.number_id, lane=lane, me=me, limit=limit, now=self.now).handoffs

    def accept(self, handoffs: list[sending.Handoff], *, me: str = ME) -> None:
        outcomes = [sending.Outcome(h, sent=Sent(f"wamid.{h.id}", None, None, "accepted")) for h in handoffs]
        sending.record(self.store, me, outcomes, self.now)

    def refuse(self, handoffs: list[sending.Handoff], code: int | None = None, *, unknown: bool = False) -> None:
        error = SendError("PT-WA", "refused", retryable=False, unknown=unknown, code=code)
        sending.record(self.store, ME, [sending.Outcome(h, error=error) for h in handoffs], self.now)

    def report(self, status: str, *, wamid: str, opaque: str | None = None, errors: tuple[WireError, ...] = ()) -> None:
        update = Status(
            self.number.waba_id,
            self.number.phone_number_id,
            wamid,
            status,
            self.now,
            opaque,
            None,
            "",
            errors,
            None,
            None,
        )
        with self.store.write() as db:
            number = db.get_one(Number, self.number_id)
            statuses.apply(db, [update], {number.phone_number_id: number}, self.now)

    def message(self, id_: int) -> Message:
        with self.store.read() as db:
            return db.get_one(Message, id_)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


@pytest.fixture
def ana(outbox: Outbox) -> int:
    return outbox.contact("5511968184101")


def test_a_message_is_claimed_once_sent_and_recorded(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    assert outbox.claim(me="somebody-else") == []
    assert handoff.request["to"] == "+5511968184101"
    outbox.accept([handoff])
    sent = outbox.message(id_)
    assert (sent.status, sent.wamid, sent.claim, sent.attempts) == ("sent", f"wamid.{id_}", None, 1)


def test_the_request_carries_our_id_so_that_statuses_find_the_row(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    with outbox.store.read() as db:
        instance = facts.get(db, "instance")
    assert handoff.request["biz_opaque_callback_data"] == f"pytake:{instance}.{id_}.1"


def test_messages_to_one_person_go_one_at_a_time_and_in_order(outbox: Outbox, ana: int) -> None:
    ids = [outbox.queue(ana, f"{n}") for n in range(3)]
    sent = []
    while handoffs := outbox.claim():
        assert len(handoffs) == 1
        outbox.accept(handoffs)
        sent.append(handoffs[0].id)
    assert sent == ids


def test_a_person_waits_for_nobody_elses_message(outbox: Outbox, ana: int) -> None:
    other = outbox.contact("5511900000002")
    outbox.queue(ana, "um")
    outbox.queue(ana, "dois")
    outbox.queue(other, "três")
    assert sorted(handoff.contact_id for handoff in outbox.claim()) == sorted([ana, other])


def test_a_persons_reply_overtakes_a_campaign(outbox: Outbox, ana: int) -> None:
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    outbox.queue(ana, outgoing=template, origin="campaign")
    reply = outbox.queue(ana, "já respondo")
    [handoff] = outbox.claim()
    assert handoff.id == reply
    assert outbox.claim(lane="campaign") == []
    outbox.accept([handoff])
    assert len(outbox.claim(lane="campaign")) == 1


def test_a_status_that_is_quicker_than_the_answer_is_not_lowered(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    outbox.report("delivered", wamid=f"wamid.{id_}", opaque=handoff.request["biz_opaque_callback_data"])
    outbox.accept([handoff])
    assert outbox.message(id_).status == "delivered"


def test_a_status_that_is_quicker_than_the_answer_ends_the_claim(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    outbox.report("delivered", wamid=f"wamid.{id_}", opaque=handoff.request["biz_opaque_callback_data"])
    assert outbox.message(id_).claim is None  # its sender may have died before it could write the answer down
    outbox.accept([handoff])
    assert (outbox.message(id_).status, outbox.message(id_).sent_at is None) == ("delivered", False)


def test_an_early_status_without_our_id_is_parked_until_the_answer(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    handoffs = outbox.claim()
    outbox.report("delivered", wamid=f"wamid.{id_}")
    assert outbox.message(id_).status == "sending"
    outbox.accept(handoffs)
    assert outbox.message(id_).status == "delivered"


def test_a_cut_off_answer_is_unknown_and_the_status_settles_it(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    handoffs = outbox.claim()
    outbox.refuse(handoffs, unknown=True)
    assert outbox.message(id_).status == "unknown"
    outbox.report("sent", wamid="wamid.late", opaque=handoffs[0].request["biz_opaque_callback_data"])
    settled = outbox.message(id_)
    assert (settled.status, settled.wamid, settled.due_at) == ("sent", "wamid.late", None)
    outbox.later(1000)
    assert sending.sweep(outbox.store, outbox.now) == 0


def test_an_unsettled_reply_is_sent_once_more_and_labelled_then_held(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), unknown=True)
    outbox.later(121)
    assert sending.sweep(outbox.store, outbox.now) == 1
    assert (outbox.message(id_).status, outbox.message(id_).possible_duplicate) == ("queued", True)
    outbox.refuse(outbox.claim(), unknown=True)
    outbox.later(121)
    sending.sweep(outbox.store, outbox.now)
    held = outbox.message(id_)
    assert (held.status, held.due_at) == ("unknown", None)


def test_an_unsettled_template_is_held_and_never_sent_again_by_itself(outbox: Outbox, ana: int) -> None:
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    id_ = outbox.queue(ana, outgoing=template)
    outbox.refuse(outbox.claim(), unknown=True)
    for _ in range(3):
        outbox.later(1000)
        sending.sweep(outbox.store, outbox.now)
    assert outbox.claim() == []
    assert (outbox.message(id_).status, outbox.message(id_).due_at) == ("unknown", None)
    with outbox.store.write() as db:
        outbound.settle(db, db.get_one(Message, id_), "resend", outbox.now)
    assert len(outbox.claim()) == 1


def test_an_unknown_holds_back_the_next_message_only_for_its_grace(outbox: Outbox, ana: int) -> None:
    outbox.queue(ana, "um")
    second = outbox.queue(ana, "dois")
    outbox.refuse(outbox.claim(), unknown=True)
    assert outbox.claim() == []
    outbox.later(121)
    [handoff] = outbox.claim()
    assert handoff.id == second


def test_recovery_makes_what_was_being_sent_unknown(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    handoffs = outbox.claim()
    assert sending.recover(outbox.store, outbox.now) == 1
    assert outbox.message(id_).status == "unknown"
    outbox.refuse(handoffs)  # the zombie comes back: its claim is gone, and it knows nothing that helps
    assert outbox.message(id_).status == "unknown"


def test_the_sweep_takes_back_only_claims_whose_owner_is_long_gone(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.claim()
    outbox.later(60)
    sending.sweep(outbox.store, outbox.now)
    assert outbox.message(id_).status == "sending"
    outbox.later(60)
    sending.sweep(outbox.store, outbox.now)
    assert outbox.message(id_).status == "unknown"


def test_a_refusal_that_may_pass_is_tried_again_later(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), 131016)
    waiting = outbox.message(id_)
    assert waiting.status == "queued"
    assert waiting.due_at is not None
    assert waiting.due_at > outbox.now
    assert outbox.claim() == []
    outbox.later(5)
    assert len(outbox.claim()) == 1


def test_a_retry_keeps_its_place_before_later_messages_of_the_person(outbox: Outbox, ana: int) -> None:
    first, _ = outbox.queue(ana, "um"), outbox.queue(ana, "dois")
    outbox.refuse(outbox.claim(), 131016)
    assert outbox.claim() == []
    outbox.later(5)
    assert [handoff.id for handoff in outbox.claim()] == [first]


def test_a_bad_token_stops_every_number_of_the_account_and_keeps_the_queue(outbox: Outbox, ana: int) -> None:
    sister = make_number(outbox.store, outbox.org, waba=outbox.number.waba_id)
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), 190)
    assert outbox.message(id_).status == "queued"
    outbox.later(5)
    claim = sending.claim(outbox.store, outbox.number_id, lane="live", me=ME, limit=1, now=outbox.now)
    assert (claim.handoffs, claim.stopped) == ([], True)
    with outbox.store.read() as db:
        assert db.get_one(Number, sister).stopped_code == 190
        assert any(event.kind == "incident" for event in db.exec(select(Event)))


def test_the_spam_limit_stops_campaigns_and_lets_replies_go(outbox: Outbox, ana: int) -> None:
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    outbox.queue(ana, outgoing=template, origin="campaign")
    outbox.refuse(outbox.claim(lane="campaign"), 131048)
    outbox.queue(outbox.contact("5511900000009"), "resposta")
    assert len(outbox.claim()) == 1
    claim = sending.claim(outbox.store, outbox.number_id, lane="campaign", me=ME, limit=1, now=outbox.now)
    assert not claim.handoffs


def test_throughput_errors_halve_the_rate_and_cost_no_attempt(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), 130429)
    assert (outbox.message(id_).status, outbox.message(id_).attempts) == ("queued", 0)
    assert sending.claim(outbox.store, outbox.number_id, lane="live", me=ME, limit=1, now=outbox.now).handoffs == []


def test_a_marketing_stop_told_by_error_is_a_consent_line(outbox: Outbox, ana: int) -> None:
    outbox.queue(ana)
    outbox.refuse(outbox.claim(), 131050)
    with outbox.store.read() as db:
        assert db.exec(select(Consent)).one().granted is False
        assert db.get_one(Contact, ana).marketing_stopped_at == NOW
    template = wire.Outgoing("template", {"type": "template", "template": {"name": "p", "language": {"code": "pt_BR"}}})
    with pytest.raises(Forbidden):
        outbox.queue(ana, outgoing=template, origin="campaign")


def test_the_same_idempotency_key_sends_once_and_with_other_words_conflicts(outbox: Outbox, ana: int) -> None:
    first = outbox.queue(ana, "um", client_key="k")
    assert outbox.queue(ana, "um", client_key="k") == first
    with pytest.raises(Conflict):
        outbox.queue(ana, "dois", client_key="k")


def test_a_scheduled_message_waits_and_holds_nobody_back(outbox: Outbox, ana: int) -> None:
    later = outbox.queue(ana, "amanhã", due_at=NOW + timedelta(hours=1))
    now = outbox.queue(ana, "agora")
    assert [handoff.id for handoff in outbox.claim()] == [now]
    outbox.later(3601)
    sending.recover(outbox.store, outbox.now)
    outbox.report("sent", wamid=f"wamid.{now}", opaque=None)
    outbox.later(200)
    assert [handoff.id for handoff in outbox.claim()] == [later]


def test_a_cancelled_message_is_never_claimed_and_a_claimed_one_not_cancelled(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    with outbox.store.write() as db:
        outbound.cancel(db, db.get_one(Message, id_), outbox.now)
    assert outbox.claim() == []
    other = outbox.queue(ana)
    outbox.claim()
    with pytest.raises(Conflict), outbox.store.write() as db:
        outbound.cancel(db, db.get_one(Message, other), outbox.now)


def test_a_failed_message_can_be_tried_again_by_a_person(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), 100)
    assert outbox.message(id_).status == "failed"
    with outbox.store.write() as db:
        outbound.retry(db, db.get_one(Message, id_), outbox.now)
    outbox.accept(outbox.claim())
    assert outbox.message(id_).status == "sent"


def test_statuses_only_rise_and_proof_of_arrival_beats_failure(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.accept(outbox.claim())
    wamid = f"wamid.{id_}"
    for status, seen in [
        ("sent", "sent"),
        ("read", "read"),
        ("delivered", "read"),
        ("sent", "read"),
        ("failed", "read"),
        ("played", "played"),
        ("a_new_one", "played"),
    ]:
        outbox.report(status, wamid=wamid, errors=(WireError(131026, "t", "d"),) if status == "failed" else ())
        assert outbox.message(id_).status == seen
    with outbox.store.read() as db:
        assert len(db.exec(select(StatusEvent)).all()) == 6


def test_what_went_wrong_before_is_over_when_the_message_is_sent(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    outbox.refuse(outbox.claim(), 131016)
    assert outbox.message(id_).error_code == 131016
    outbox.later(5)
    outbox.accept(outbox.claim())
    assert (outbox.message(id_).error_code, outbox.message(id_).error) == (None, "")


def test_a_message_into_a_closed_conversation_opens_a_new_one(outbox: Outbox, ana: int) -> None:
    outbox.queue(ana)
    with outbox.store.write() as db:
        db.exec(select(Conversation)).one().status = RESOLVED
    outbox.queue(ana)
    with outbox.store.read() as db:
        assert len(db.exec(select(Conversation)).all()) == 2


def test_a_blocked_contact_gets_nothing(outbox: Outbox, ana: int) -> None:
    with outbox.store.write() as db:
        db.get_one(Contact, ana).blocked_at = NOW
    with pytest.raises(Forbidden):
        outbox.queue(ana)


def test_a_status_for_a_message_of_before_a_restore_still_finds_it(outbox: Outbox, ana: int) -> None:
    id_ = outbox.queue(ana)
    [handoff] = outbox.claim()
    opaque = handoff.request["biz_opaque_callback_data"]
    with outbox.store.write() as db:
        facts.put(db, f"{facts.INSTANCE_BEFORE}{facts.get(db, facts.INSTANCE)}", str(id_))
        facts.put(db, facts.INSTANCE, "another1")
    outbox.report("delivered", wamid="wamid.x", opaque=opaque)
    assert outbox.message(id_).status == "delivered"
    later = outbox.queue(outbox.contact("5511900000002"))
    outbox.report("delivered", wamid="wamid.y", opaque=opaque.replace(f".{id_}.", f".{later}."))
    assert outbox.message(later).status == "queued"
