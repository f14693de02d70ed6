"""Numbers: connecting a business number, keeping what Meta says about it fresh, its limits, letting it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, NotFound, UsageError
from pytake_cli.store import events, messages, work
from pytake_cli.store import numbers as rows
from pytake_cli.store.buckets import RECOVERY_PER_MINUTE, RateBucket
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number

REMOVED = "REMOVED"  # beside Meta's statuses: we let the number go, its history stays
# Meta's tier -> unique people a day that may be written to outside the service window; None: no limit
TIERS: dict[str, int | None] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
# Meta's throughput level -> messages a second ("Throughput", November 2025)
RATES = {"STANDARD": 80, "HIGH": 1_000}
COEXISTENCE_RATE = 20  # shared with the WhatsApp Business app


@dataclass(frozen=True, slots=True)
class Standing:
    """What Meta says about a number, in our words."""

    phone_number_id: str
    waba_id: str
    portfolio_id: str
    display: str  # E.164
    name: str
    quality: str
    tier: str
    rate_per_second: int
    status: str


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


def add(db: Session, org_id: int, standing: Standing, now: datetime, *, app_id: str = "") -> Number:
    """Connects a number; one that was removed comes back with its history."""
    known = rows.by_phone_number_id(db, standing.phone_number_id)
    if known is not None and (known.org_id != org_id or known.status != REMOVED):
        raise Conflict(
            "PT-NUMBER-EXISTS",
            "the number with the id {id} is connected already",
            why="to another organisation" if known.org_id != org_id else "",
            fix="pytake number list" if known.org_id != org_id else "pytake number verify {id}",
            id=standing.phone_number_id,
        )
    if known is None:
        known = Number(
            org_id=org_id,
            phone_number_id=standing.phone_number_id,
            waba_id=standing.waba_id,
            portfolio_id=standing.portfolio_id,
            display=standing.display,
            created_at=now,
        )
    known.app_id = app_id or known.app_id
    refresh(db, known, standing, now)
    return known


def refresh(db: Session, number: Number, standing: Standing, now: datetime) -> list[str]:
    """Takes over what Meta says now; a number that may send again does. Returns the names of the changed fields."""
    changed: list[str] = []
    for field in ("waba_id", "portfolio_id", "display", "name", "quality", "tier", "rate_per_second", "status"):
        value = getattr(standing, field)
        if getattr(number, field) != value:
            setattr(number, field, value)
            changed.append(field)
    if standing.status == "CONNECTED" and number.stopped_at is not None:
        number.stopped_at = number.stopped_until = number.stopped_code = None
        number.stopped_reason = ""
        changed.append("stopped_at")
    db.add(number)
    db.flush()
    assert number.id is not None
    if changed:
        db.add(
            events.Event(
                org_id=number.org_id,
                kind="number:updated",
                payload={"number": number.id, **{field: getattr(standing, field, None) for field in changed}},
                at=now,
            )
        )
    work.poke(db, "number", number.id, "live")
    work.poke(db, "number", number.id, "campaign")
    return changed


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
    result = db.execute(
        update(Message)
        .where(col(Message.number_id) == number.id, col(Message.status) == "queued")
        .values(status="cancelled", rank=messages.RANK["cancelled"], error="the number was removed", due_at=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


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
    sent = (
        select(func.count()).select_from(Message).where(Message.number_id == number.id, col(Message.sent_at) >= since)
    )
    queued = select(func.count()).select_from(Message).where(Message.number_id == number.id, Message.status == "queued")
    people = (
        select(func.count(func.distinct(Message.contact_id)))
        .join(Number, col(Number.id) == Message.number_id)
        .where(
            Number.portfolio_id == number.portfolio_id,
            Number.org_id == number.org_id,
            Message.kind == "template",  # the only kind that can start a conversation
            col(Message.sent_at) >= since,
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
    minutes = max(0.0, (now - bucket.updated_at).total_seconds()) / 60
    return min(1.0, bucket.share + RECOVERY_PER_MINUTE * minutes)
