"""Numbers: connecting a business number, keeping what Meta says about it fresh, its limits, letting it go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound, UsageError
from pytake_cli.services import campaign_causes, recently, tokens
from pytake_cli.store import events, messages, work
from pytake_cli.store import numbers as rows
from pytake_cli.store.buckets import RECOVERY_PER_SECOND, RateBucket
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import REMOVED as REMOVED
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp.numbers import TIERS, Phone

TOLD_AT_ONCE = 500  # messages an event names


def find(db: Session, org_id: int, reference: str | None) -> Number:
    """A number by its row id, Meta's id or what people dial; without a reference the only one there is."""
    known = [number for number in listed(db, org_id) if number.status != REMOVED]
    if reference is None:
        if len(known) == 1:
            return known[0]
        if not known:
            raise NotFound(
                "PT-NUMBER-NONE", "no number is connected yet", fix="pytake number add --waba ID --phone-id ID"
            )
        raise UsageError(
            "PT-NUMBER-WHICH", "there are {count} numbers: say which one", fix="pytake number list", count=len(known)
        )
    wanted = reference.removeprefix("number:").strip()
    digits = "".join(character for character in wanted if character.isdigit())
    for number in listed(db, org_id):
        if wanted in (str(number.id), number.phone_number_id) or digits == number.display.removeprefix("+"):
            return number
    raise NotFound("PT-NUMBER", "there is no number {number}", fix="pytake number list", number=reference)


def listed(db: Session, org_id: int) -> list[Number]:
    return list(db.exec(select(Number).where(Number.org_id == org_id).order_by(col(Number.id))))


def add(
    db: Session,
    org_id: int,
    phone: Phone,
    now: datetime,
    *,
    waba_id: str,
    portfolio_id: str = "",
    app_id: str = "",
) -> Number:
    """Connects a number as Meta describes it; one that was removed comes back with its history."""
    known = rows.by_phone_number_id(db, phone.id)
    if known is not None and (known.org_id != org_id or known.status != REMOVED):
        raise Conflict(
            "PT-NUMBER-EXISTS",
            "the number with the id {id} is connected already",
            why="to another organisation" if known.org_id != org_id else "",
            fix="pytake number list" if known.org_id != org_id else "pytake number verify {id}",
            id=phone.id,
        )
    number = known or Number(
        org_id=org_id,
        phone_number_id=phone.id,
        waba_id=waba_id,
        portfolio_id=portfolio_id or waba_id,
        display=e164(phone.display),
        created_at=now,
    )
    number.waba_id, number.portfolio_id = waba_id, portfolio_id or waba_id
    number.app_id = app_id or number.app_id
    refresh(db, number, phone, now)
    return number


def refresh(db: Session, number: Number, phone: Phone, now: datetime) -> list[str]:
    """Takes over what Meta says now; a stopped number that is fine at Meta sends again. Returns the changed fields."""
    said = {
        "display": e164(phone.display),
        "name": phone.verified_name,
        "quality": phone.quality,
        "tier": phone.tier or number.tier,
        "rate_per_second": phone.rate_per_second,
        "status": phone.status or number.status,
    }
    changed = [field for field, value in said.items() if getattr(number, field) != value]
    for field in changed:
        setattr(number, field, said[field])
    if "tier" in changed:
        campaign_causes.is_gone(db, number, campaign_causes.QUOTA, now)
    if "quality" in changed and number.quality != "RED":
        campaign_causes.is_better(db, number, now)
    if number.status == "CONNECTED" and (number.stopped_at or number.templates_stopped_until):
        if tokens.was_the_reason(number):
            campaign_causes.is_gone(db, number, campaign_causes.NUMBER, now)
        number.stopped_at = number.stopped_until = number.stopped_code = number.templates_stopped_until = None
        number.stopped_reason = ""
        changed.append("stopped_at")
    db.add(number)
    db.flush()
    assert number.id is not None
    if changed:
        payload = {"number": number.id, **{field: said[field] for field in changed if field in said}}
        db.add(events.Event(org_id=number.org_id, kind="number:updated", payload=payload, at=now))
    work.poke(db, "number", number.id, "live")
    work.poke(db, "number", number.id, "campaign")
    return changed


def e164(display: str) -> str:
    """Meta's way of writing a number (`+55 11 4000-1234`, `551140001234`) as `+551140001234`."""
    digits = re.sub(r"\D", "", display)
    if not 7 <= len(digits) <= 15:
        raise InvalidData(
            "PT-NUMBER-DISPLAY",
            "Meta's display number {display} is no phone number",
            fix="pytake number add -h",
            display=display,
        )
    return f"+{digits}"


def remove(db: Session, number: Number, now: datetime) -> int:
    """Lets a number go: nothing is sent any more, what was queued is cancelled, history stays. Returns how many."""
    assert number.id is not None
    number.status = REMOVED
    number.stopped_at, number.stopped_until = now, None
    number.stopped_reason = "removed"
    db.add(number)
    db.add(
        events.Event(
            org_id=number.org_id, kind="number:updated", payload={"number": number.id, "status": REMOVED}, at=now
        )
    )
    waiting = update(Message).where(col(Message.number_id) == number.id, col(Message.status) == "queued")
    gone = {"status": "cancelled", "rank": messages.RANK["cancelled"], "error": "the number was removed"}
    ids = list(db.execute(waiting.values(**gone, due_at=None).returning(col(Message.id))).scalars())
    for start in range(0, len(ids), TOLD_AT_ONCE):
        payload = {"statuses": [[id_, "cancelled"] for id_ in ids[start : start + TOLD_AT_ONCE]]}
        db.add(events.Event(org_id=number.org_id, kind="message:status", payload=payload, at=now))
    return len(ids)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may do, and how much of it is used."""

    rate_per_second: float  # Meta's
    current_rate_per_second: float  # ours now: halved when Meta says "too fast", then growing back
    tier: str
    daily_people: int | None  # people outside windows in 24 h, for the whole portfolio; None: unlimited or unknown
    used_people: int
    sent_24h: int
    queued: int


def limits(db: Session, number: Number, now: datetime) -> Limits:
    """The limits of a number and their use in the last 24 hours; `used_people` counts the whole portfolio."""
    since = now - timedelta(hours=24)
    bucket = db.get(RateBucket, f"number:{number.id}")
    share = _recovered(bucket, now) if bucket else 1.0
    young = col(Message.id) >= recently.first_id(db, since - recently.LONGEST_QUEUE), col(Message.sent_at) >= since
    sent = select(func.count()).select_from(Message).where(Message.number_id == number.id, *young)
    queued = select(func.count()).select_from(Message).where(Message.number_id == number.id, Message.status == "queued")
    people = (
        select(func.count(func.distinct(Message.contact_id)))
        .join(Number, col(Number.id) == Message.number_id)
        .where(
            Number.portfolio_id == number.portfolio_id,
            Number.org_id == number.org_id,
            Message.kind == "template",  # the only kind that can start a conversation
            *young,
        )
    )
    return Limits(
        rate_per_second=number.rate_per_second,
        current_rate_per_second=round(number.rate_per_second * share, 1),
        tier=number.tier,
        daily_people=TIERS.get(number.tier),
        used_people=db.exec(people).one(),
        sent_24h=db.exec(sent).one(),
        queued=db.exec(queued).one(),
    )


def _recovered(bucket: RateBucket, now: datetime) -> float:
    """The share of its rate that the number has won back by now; the row knows its share of the last send."""
    seconds = max(0.0, (now - bucket.updated_at).total_seconds())
    return min(1.0, bucket.share + RECOVERY_PER_SECOND * seconds)
