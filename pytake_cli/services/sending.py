"""What happens to a queued message on its way to Meta: claimed, handed over, recorded, settled."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli import clock, faults, settings
from pytake_cli.errors import SendError
from pytake_cli.policy import delivery, pacing, window
from pytake_cli.policy.people import Keys, keys_of
from pytake_cli.services import contacts, incidents, refusals, statuses
from pytake_cli.store import Store, buckets, events, facts, numbers, outbox
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.work import Lane, poke
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.client import Sent
from pytake_cli.whatsapp.errors import rule
from pytake_cli.whatsapp.failures import GraphError

log = logging.getLogger(__name__)

LOCAL_MEDIA = "media:"  # body["image"]["id"] = "media:12": row 12 is uploaded before the send
MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
LEASE_SECONDS = 0.05  # between claims of a number at its limit: at 1,000 a second a lease is some 50 messages
DEAD_CLAIM_SECONDS = 90.0  # longer than any request lives: its owner is gone


@dataclass(frozen=True, slots=True)
class Handoff:
    """A claimed message, ready to be posted; with `media_id`, once `with_media` has put Meta's id in."""

    id: int
    org_id: int
    contact_id: int
    attempt: int
    phone_number_id: str
    request: dict[str, Any]
    kind: str
    media_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """`wait_seconds`: when to ask again, None if only a poke can bring more; `stopped`: the number may not send."""

    handoffs: list[Handoff]
    wait_seconds: float | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a handoff: exactly one of `sent` and `error`."""

    handoff: Handoff
    sent: Sent | None = None
    error: SendError | None = None


def claim(
    store: Store, number_id: int, *, lane: Lane, me: str, limit: int, now: datetime, clock_is_sure: bool = True
) -> Claim:
    """Takes up to `limit` due messages of the lane for `me`, as many as the number's pace and each pair allow.

    Without a sure clock it is left to Meta to say that a window has closed: a message failed here would be lost.
    """
    with store.read() as db:
        number = numbers.sender(db, number_id)
        is_due = outbox.any_due(db, number_id, lane, now)
    if number is not None and is_stopped(number, lane, now):
        return Claim([], stopped=True)
    if number is None or not is_due:
        return Claim([])
    faults.point("outbox.before_claim")
    with store.write() as db:
        rate = pacing.sending_rate(number.rate_per_second)
        size = pacing.burst(rate)
        reserve = pacing.reserve(size, live=lane == "live")
        key = bucket_key(number_id)
        tokens = buckets.take(db, key, limit, rate=rate, burst=size, reserve=reserve, now=now)
        handoffs = _take(db, number_id, lane, tokens, me, now, clock_is_sure) if tokens else []
        buckets.give_back(db, key, tokens - len(handoffs))
    faults.point("outbox.after_claim")
    ran_dry = tokens < limit and len(handoffs) == tokens
    return Claim(handoffs, wait_seconds=max(LEASE_SECONDS, (1 + reserve) / rate) if ran_dry else None)


def _take(
    db: Session, number_id: int, lane: Lane, tokens: int, me: str, now: datetime, clock_is_sure: bool
) -> list[Handoff]:
    send = settings.current().send
    horizon = pacing.pair_horizon(now, send.pair_interval_seconds, send.pair_burst)
    found = outbox.claimable(db, number_id, lane, limit=tokens, now=now, pair_horizon=horizon)
    number = numbers.sender(db, number_id)
    if number is None or is_stopped(number, lane, now):  # by an outcome that was recorded since we looked
        return []
    refused = {row.id: refusal for row in found if (refusal := _refusal(row, now, clock_is_sure))}
    if refused:
        _refuse(db, number.org_id, refused, now)
    going = {row.id: row for row in found if row.id not in refused}
    got = outbox.claim(db, list(going), me, now) if going else []
    interval = send.pair_interval_seconds
    free = {row.id: pacing.next_pair_free_at(going[row.id].pair_free_at, now, interval) for row in got}
    outbox.advance_pairs(db, number_id, [(row.contact_id, row.org_id, free[row.id]) for row in got])
    instance = facts.get(db, "instance") or ""
    return [_handoff(row, number, instance) for row in got]


def _handoff(row: Any, number: Any, instance: str) -> Handoff:
    address = wire.Address(row.address_kind, row.address)
    opaque = f"{statuses.OPAQUE}:{instance}.{row.id}.{row.attempts}"
    request = wire.request(row.body, address, reply_to=row.reply_to, opaque=opaque)
    return Handoff(
        id=row.id,
        org_id=row.org_id,
        contact_id=row.contact_id,
        attempt=row.attempts,
        phone_number_id=number.phone_number_id,
        request=request,
        kind=row.kind,
        # a look for the word costs a tenth of a look at every part
        media_id=local_media(row.body) if LOCAL_MEDIA.encode() in orjson.dumps(row.body) else None,
    )


def record(store: Store, me: str, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Writes what came of a batch of handoffs, in one transaction; only rows still claimed by `me` change."""
    with store.write() as db:
        sent = [(o.handoff, o.sent) for o in outcomes if o.sent]
        outbox.record_sent(db, me, [(h.id, h.attempt, s.wamid, _first_status(s)) for h, s in sent], now)
        statuses.attach_early(db, {s.wamid: h.id for h, s in sent}, now)
        _learn_identities(db, sent, now)
        failed = [(o.handoff, o.error) for o in outcomes if o.error]
        changed = [[h.id, _first_status(s)] for h, s in sent]
        lost: list[int] = []
        for handoff, error in failed:
            status = _record_failure(db, me, handoff, error, now)
            changed.append([handoff.id, status])
            lost += [handoff.id] if status == "failed" else []
        refusals.tell_sessions(db, lost, now)
        _tell(db, outcomes, changed, now)
    faults.point("outbox.after_record")


def _first_status(sent: Sent) -> str:
    return "held" if sent.message_status == "held_for_quality_assessment" else "sent"


def _record_failure(db: Session, me: str, handoff: Handoff, error: SendError, now: datetime) -> str:
    meta = error.rule if isinstance(error, GraphError) else rule(error.code, None)
    verdict = delivery.after_failure(
        meta.action.value,
        unknown=error.unknown,
        answered=error.code is not None,
        attempts=handoff.attempt,
        max_retries=meta.max_retries,
        retry_seconds=meta.retry_seconds,
        grace_seconds=settings.current().send.grace_seconds,
    )
    wait = verdict.delay_seconds if verdict.status == "unknown" else clock.jitter(verdict.delay_seconds)
    due = None if verdict.status == "failed" else now + timedelta(seconds=wait)
    row = {
        "of_id": handoff.id,
        "me": me,
        "to_status": verdict.status,
        "due": due,
        "uncounted": 0 if verdict.counted else 1,
        "code": error.code,
        "why": str(error)[:1000],
        "failed": now if verdict.status == "failed" else None,
    }
    outbox.record_not_sent(db, [row])
    if error.code is not None:
        incidents.after_meta_error(db, error.code, str(error), handoff.phone_number_id, handoff.contact_id, now)
    return verdict.status


def _learn_identities(db: Session, sent: Sequence[tuple[Handoff, Sent]], now: datetime) -> None:
    """Meta's answer may name the person otherwise than we dialled: each form finds the contact from now on."""
    told: dict[str, list[tuple[int, Keys]]] = defaultdict(list)
    for handoff, answer in sent:
        dialled = str(handoff.request.get("to", "")).lstrip("+")
        if (answer.wa_id and answer.wa_id != dialled) or answer.user_id:
            keys = keys_of(answer.wa_id, answer.user_id, None)
            told[handoff.phone_number_id].append((handoff.contact_id, keys))
    for phone_number_id, people in told.items():
        contacts.learn(db, phone_number_id, people, now)


def _tell(db: Session, outcomes: Sequence[Outcome], changed: list[list[Any]], now: datetime) -> None:
    org_of = {o.handoff.id: o.handoff.org_id for o in outcomes}
    for org_id in sorted(set(org_of.values())):
        own = [pair for pair in changed if org_of[pair[0]] == org_id]
        events.tell(db, org_id, "message:status", {"statuses": own}, now)


def recover(store: Store, now: datetime, is_dead: Callable[[str], bool] = lambda owner: True) -> int:
    """At start: what the dead were sending is `unknown` until a status or its grace settles it.

    The grace of others begins anew: while nobody listened no status could come.
    """
    with store.write() as db:
        outbox.prolong(db, _grace_ends(now))
        return outbox.orphan(db, _grace_ends(now), owners=[one for one in outbox.owners(db) if is_dead(one)])


def prolong_grace(store: Store, now: datetime) -> int:
    """After a time in which no status could come: unknown messages wait for theirs anew."""
    with store.write() as db:
        return outbox.prolong(db, _grace_ends(now))


def after_clock_went_back(store: Store, now: datetime) -> int:
    """What would wait for the time that the clock showed before goes on now; 0 unless the clock was set back."""
    with store.read() as db:
        if not outbox.comes_from_the_future(db, now):
            return 0
    send = settings.current().send
    pair = timedelta(seconds=send.pair_interval_seconds * (send.pair_burst + 1))
    retries_end = now + timedelta(seconds=delivery.LONGEST_WAIT_SECONDS)
    with store.write() as db:
        changed = outbox.pull_back(db, now, grace_ends=_grace_ends(now), retries_end=retries_end, pairs_end=now + pair)
    log.warning("the clock was set back", extra={"rows": changed})
    return changed


def sweep(store: Store, now: datetime, *, held: Collection[int] = ()) -> int:
    """Settles what waited too long: claims of the dead, unknowns whose grace is over. Returns how many changed.

    `held` are in the caller's hands, however old the clock, which may have jumped, makes them look.
    """
    before = now - timedelta(seconds=DEAD_CLAIM_SECONDS)
    with store.read() as db:
        if not outbox.anything_to_sweep(db, now, before):
            return 0
    with store.write() as db:
        changed = outbox.orphan_old(db, _grace_ends(now), claimed_before=before, but=held)
        changed += outbox.resend_unsettled(db, now)
        for number_id, lane in outbox.due_numbers(db, now):
            poke(db, "number", number_id, lane)
    return changed


def due(db: Session, now: datetime) -> list[tuple[int, Lane]]:
    """Which lanes of which numbers have something to send now."""
    return outbox.due_numbers(db, now)


def _grace_ends(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.current().send.grace_seconds)


def _refusal(row: Any, now: datetime, clock_is_sure: bool) -> tuple[int | None, str] | None:
    """Why a message may no longer go, if so: what was true when it was queued may not be when it is due."""
    if row.blocked_at is not None:
        return None, "the contact was blocked while the message waited"
    if row.deleted_at is not None:
        return None, "the contact was deleted while the message waited"
    if row.opted_out_at is not None and (
        row.origin == "campaign" or (row.origin == "bot" and row.created_at < row.opted_out_at)
    ):
        return None, "the contact opted out while the message waited"
    if row.origin == "campaign" and row.marketing_stopped_at is not None and row.category != "UTILITY":
        return incidents.MARKETING_STOPPED, "the contact opted out of marketing while the message waited"
    if row.origin == "campaign" and row.utility_stopped_at is not None and row.category == "UTILITY":
        return None, "the contact opted out of such messages while the message waited"
    if clock_is_sure and needs_window(row.kind) and not window.window_is_open(row.last_inbound_at, now):
        return incidents.WINDOW_CLOSED, "the 24-hour window closed while the message waited"
    return None


def _refuse(db: Session, org_id: int, refused: dict[int, tuple[int | None, str]], now: datetime) -> None:
    """Fails messages that Meta would refuse or the person does not want, without trying them."""
    for code, why in sorted(set(refused.values()), key=str):
        ids = [id_ for id_, refusal in refused.items() if refusal == (code, why)]
        outbox.fail(db, ids, code, why, now)
        log.warning("messages refused before sending", extra={"messages": len(ids), "code": code})
    failed = [[id_, "failed"] for id_ in refused]
    refusals.tell_sessions(db, list(refused), now)
    db.add(Event(org_id=org_id, kind="message:status", payload={"statuses": failed}, at=now))


def is_stopped(number: Number | sa.Row[Any], lane: Lane, now: datetime) -> bool:
    """True while the number may not send in this lane."""
    if number.status == REMOVED:
        return True
    if number.stopped_at and (number.stopped_until is None or number.stopped_until > now):
        return True
    return lane == "campaign" and number.templates_stopped_until is not None and number.templates_stopped_until > now


def needs_window(kind: str) -> bool:
    """Only templates may be sent outside the 24-hour window."""
    return kind != "template"


def bucket_key(number_id: int) -> str:
    return f"number:{number_id}"


def local_media(body: Any) -> int | None:
    """The media row that a body refers to by `media:<id>` in the place of Meta's media id, if any."""
    if isinstance(body, list):
        return next((found for part in body if (found := local_media(part)) is not None), None)
    for name, part in body.items() if isinstance(body, dict) else ():
        found = _reference(name, part)
        if found is None:
            found = local_media(part)
        if found is not None:
            return found
    return None


def _reference(name: str, part: Any) -> int | None:
    """12 for "image": {"id": "media:12"}; what people wrote is elsewhere and never taken for one."""
    if name not in MEDIA_KINDS or not isinstance(part, dict):
        return None
    id_ = str(part.get("id", ""))
    number = id_.removeprefix(LOCAL_MEDIA)
    return int(number) if number != id_ and number.isascii() and number.isdigit() and len(number) < 19 else None


def with_media(request: Any, media_id: int, wa_media_id: str) -> Any:
    """The request with Meta's media id in the place of our row's."""
    match request:
        case dict():
            return {
                name: {**value, "id": wa_media_id}
                if _reference(name, value) == media_id
                else with_media(value, media_id, wa_media_id)
                for name, value in request.items()
            }
        case list():
            return [with_media(value, media_id, wa_media_id) for value in request]
        case _:
            return request
