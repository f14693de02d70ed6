"""What happens when a webhook arrives: the journal is drained in order, poison is set aside."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from pytake_cli import faults
from pytake_cli.services import account_events, arrivals, statuses
from pytake_cli.store import Store
from pytake_cli.store.database import is_outage
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.numbers import Number, by_phone_number_id
from pytake_cli.store.types import UtcTime
from pytake_cli.whatsapp.webhooks import AccountEvent, Echo, Incoming, Preference, Status, Unknown, Update, parse

log = logging.getLogger(__name__)

BATCH_ROWS = 200  # journal rows a transaction; the write lock is free again within milliseconds

journal = Journal.__table__  # type: ignore[attr-defined]
_WAITING = (
    sa.select(journal.c.id, journal.c.app, journal.c.body)
    .where(sa.text("applied_at IS NULL"))
    .order_by(journal.c.id)
    .limit(sa.bindparam("most"))
)
_these = journal.c.id.in_(sa.bindparam("ids", expanding=True))
_UNAPPLIED = sa.select(journal.c.id).where(_these, journal.c.applied_at.is_(None)).with_for_update(skip_locked=True)
_DONE = sa.update(journal).where(_these).values(applied_at=sa.bindparam("moment", type_=UtcTime))


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update with where it came from."""

    update: Update
    app: str = ""
    journal_id: int | None = None


@dataclass(slots=True)
class Applied:
    rows: int = 0
    more: bool = False  # the journal may hold others
    messages: int = 0  # new ones; a repeated delivery counts nothing
    statuses: int = 0
    quarantined: int = 0


def drain(store: Store, now: datetime, *, limit: int = BATCH_ROWS) -> Applied:
    """Applies the oldest journal rows in one transaction; call again until `rows` is 0."""
    with store.read() as db:
        rows = db.connection().execute(_WAITING, {"most": limit}).all()
    if not rows:
        return Applied()
    arrived = {row.id: [Arrived(update, row.app, row.id) for update in parse(row.body)] for row in rows}
    with store.write() as db:
        ours = _lock(db, list(arrived))
        applied = apply(db, [update for row in ours for update in arrived[row]], now)
        db.connection().execute(_DONE, {"ids": ours, "moment": now})
        applied.rows, applied.more = len(ours), len(rows) == limit
        faults.point("inbox.before_commit")
    faults.point("inbox.after_commit")
    return applied


def _lock(db: Session, ids: list[int]) -> list[int]:
    """Those rows that no other daemon has applied meanwhile; on SQLite the write lock alone says so."""
    return sorted(db.connection().execute(_UNAPPLIED, {"ids": ids}).scalars())


def apply(db: Session, arrived: Sequence[Arrived], now: datetime) -> Applied:
    """Sorts updates to those who know what they mean. One that fails is quarantined; the others are applied."""
    applied = Applied()
    numbers = {number.phone_number_id: number for number in db.exec(select(Number))}
    reports: list[Arrived] = []
    writings: list[Arrived] = []
    others: list[Arrived] = []
    for one in arrived:
        refusal = _refusal(one, numbers)
        if refusal:
            _quarantine(db, one, refusal, now)
            applied.quarantined += 1
        elif isinstance(one.update, Status):
            reports.append(one)
        elif isinstance(one.update, Incoming | Echo):
            writings.append(one)
        else:
            others.append(one)

    def take_writings(batch: Sequence[Arrived]) -> int:
        return arrivals.apply(
            db, [one.update for one in batch if isinstance(one.update, Incoming | Echo)], numbers, now
        )

    def take_reports(batch: Sequence[Arrived]) -> int:
        return statuses.apply(db, [one.update for one in batch if isinstance(one.update, Status)], numbers, now)

    def take_others(batch: Sequence[Arrived]) -> int:
        for one in batch:
            _apply_other(db, one, numbers, now)
        return len(batch)

    applied.messages = _carefully(db, writings, take_writings, applied, now)
    applied.statuses = _carefully(db, reports, take_reports, applied, now)
    _carefully(db, others, take_others, applied, now)
    return applied


def _carefully(
    db: Session, batch: Sequence[Arrived], take: Callable[[Sequence[Arrived]], int], applied: Applied, now: datetime
) -> int:
    """All at once in a savepoint; if that fails, one by one, and what fails alone is quarantined with its traceback."""
    if not batch:
        return 0
    try:
        with db.begin_nested():
            return take(batch)
    except Exception as error:
        if is_outage(error):
            raise  # the store, not the update: nothing is lost, it is tried again
        log.warning("batch failed, applying one by one", exc_info=True, extra={"updates": len(batch)})
    done = 0
    for one in batch:
        try:
            with db.begin_nested():
                done += take([one])
        except Exception as error:
            if is_outage(error):
                raise
            _quarantine(db, one, "could not be applied", now, traceback.format_exc())
            applied.quarantined += 1
    return done


def _refusal(one: Arrived, numbers: dict[str, Number]) -> str | None:
    """Why an update may not be applied at all, if so."""
    match one.update:
        case Unknown(reason=reason):
            return reason
        case AccountEvent():
            return None
        case Incoming() | Echo() | Status() | Preference() as update:
            number = numbers.get(update.phone_number_id)
            if number is None:
                return "no such number here"
            if not _may_speak(one.app, number):
                return "signed by an app that may not speak for this number"
            if isinstance(update, Incoming) and update.group_id:
                return "a message in a group: conversations are with one person"
            return None


def _may_speak(app: str, number: Number) -> bool:
    """Whether webhooks signed by this app may tell of the number."""
    return not (number.app_id and app) or number.app_id == app


def _apply_other(db: Session, one: Arrived, numbers: dict[str, Number], now: datetime) -> None:
    match update := one.update:
        case Preference():
            account_events.apply_preference(db, update, numbers[update.phone_number_id], now)
        case AccountEvent():
            own = {id_: number for id_, number in numbers.items() if _may_speak(one.app, number)}
            account_events.apply(db, update, own, now)
        case _:
            raise AssertionError(f"{type(update).__name__} has its own way")


def _quarantine(db: Session, one: Arrived, reason: str, now: datetime, trace: str = "") -> None:
    raw = one.update.raw if isinstance(one.update, Unknown) else {"update": repr(one.update)[:4000]}
    if isinstance(raw, bytes):
        raw = {"bytes": raw[:4000].decode("utf-8", "replace").replace("\x00", "�")}
    number = by_phone_number_id(db, getattr(one.update, "phone_number_id", None) or "")
    row = Quarantine(
        journal_id=one.journal_id,
        org_id=number.org_id if number else None,
        reason=reason[:200],
        traceback=trace,
        raw=raw if isinstance(raw, dict) else {"value": raw},
        created_at=now,
    )
    db.add(row)
    db.flush()
    log.warning("quarantined", extra={"journal": one.journal_id, "reason": reason[:200]})


def replay(db: Session, journal_id: int, now: datetime) -> Any:
    """Applies a journal row again; what is known already changes nothing. For rows that were quarantined."""
    row = db.get_one(Journal, journal_id)
    applied = apply(db, [Arrived(update, row.app, row.id) for update in parse(row.body)], now)
    settled = sa.update(Quarantine).where(
        Quarantine.journal_id == journal_id,  # type: ignore[arg-type]
        Quarantine.settled_at.is_(None),  # type: ignore[union-attr]
        Quarantine.created_at < now,  # type: ignore[arg-type]
    )
    db.execute(settled.values(settled_at=now))
    return applied
