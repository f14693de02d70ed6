"""Figures about the work that waits, for /metrics and the health check: a handful of counts over partial indexes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number

journal = Journal.__table__  # type: ignore[attr-defined]
quarantine = Quarantine.__table__  # type: ignore[attr-defined]
message = Message.__table__  # type: ignore[attr-defined]
number = Number.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all organisations together. Times are aware UTC; None where there is nothing."""

    journal_rows: int
    journal_oldest_at: datetime | None
    queued: dict[int, int]  # priority -> messages
    queued_oldest_at: datetime | None  # of those that are due
    unknown: int
    quarantined: int
    last_inbound_at: dict[int, datetime]  # number id -> when somebody last wrote to it


def read(db: Session, now: datetime) -> Figures:
    connection = db.connection()
    unapplied = sa.text("journal.applied_at IS NULL")
    oldest = sa.select(journal.c.received_at).where(unapplied).order_by(journal.c.id).limit(1)
    rows = sa.select(sa.func.count()).select_from(journal).where(unapplied)
    queued = sa.text("message.status = 'queued'")
    depth = sa.select(message.c.priority, sa.func.count()).where(queued).group_by(message.c.priority)
    due = sa.select(sa.func.min(message.c.due_at)).where(queued, message.c.due_at <= now)
    unfinished = sa.text("message.status IN ('queued', 'sending', 'unknown')")  # literally the index's condition
    unknown = sa.select(sa.func.count()).select_from(message).where(unfinished, message.c.status == "unknown")
    held = sa.select(sa.func.count()).select_from(quarantine).where(quarantine.c.settled_at.is_(None))
    heard = sa.select(number.c.id, number.c.last_inbound_at).where(number.c.last_inbound_at.is_not(None))
    return Figures(
        journal_rows=connection.execute(rows).scalar_one(),
        journal_oldest_at=connection.execute(oldest).scalar_one_or_none(),
        queued=dict(connection.execute(depth).all()),
        queued_oldest_at=connection.execute(due).scalar_one_or_none(),
        unknown=connection.execute(unknown).scalar_one(),
        quarantined=connection.execute(held).scalar_one(),
        last_inbound_at=dict(connection.execute(heard).all()),
    )


def unapplied(db: Session) -> bool:
    """Whether the journal holds anything that the inbox has not taken."""
    query = sa.select(journal.c.id).where(sa.text("journal.applied_at IS NULL")).limit(1)
    return db.connection().execute(query).first() is not None
