"""The overview: how an organisation's work stands at this moment, in a handful of indexed counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.services import recently, replays
from pytake_cli.store import jobs
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import RESOLVED, STATUSES, Conversation
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.numbers import Number

WINDOW = timedelta(hours=24)  # Meta, "Customer service windows"
CLOSING = timedelta(hours=2)  # a window that closes this soon wants attention
OUTBOX = ("queued", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts and the oldest of each kind; times are aware UTC, None where there is nothing."""

    numbers: tuple[Number, ...]
    outbox: dict[str, int]  # status -> messages
    oldest_queued_at: datetime | None  # among those due
    failed_24h: int
    jobs_waiting: int
    jobs_failed: int
    quarantined: int
    journal_backlog: int
    last_webhook_at: datetime | None
    last_inbound_at: datetime | None
    windows_open: int
    windows_closing: int
    conversations: dict[str, int]  # unresolved ones by status
    oldest_waiting_at: datetime | None


def of(db: Session, org_id: int, now: datetime) -> Overview:
    """Everything `status` shows of an organisation; the journal is the whole store's."""
    numbers = tuple(db.exec(select(Number).where(Number.org_id == org_id).order_by(col(Number.id))))
    heard = [number.last_inbound_at for number in numbers if number.last_inbound_at]
    queued = Message.org_id == org_id, Message.direction == OUT, Message.status == "queued"
    return Overview(
        numbers=numbers,
        outbox=_by_status(db, Message.status, Message.org_id == org_id, col(Message.status).in_(OUTBOX)),
        oldest_queued_at=db.exec(
            select(func.min(Message.created_at)).where(
                *queued, (col(Message.due_at).is_(None)) | (col(Message.due_at) <= now)
            )
        ).one(),
        failed_24h=_failed(db, org_id, now),
        jobs_waiting=_count(db, Job, Job.org_id == org_id, col(Job.state).in_((jobs.QUEUED, jobs.RUNNING))),
        jobs_failed=_count(db, Job, Job.org_id == org_id, Job.state == jobs.FAILED),
        quarantined=len(replays.quarantined(db, org_id)),
        journal_backlog=_count(db, Journal, col(Journal.applied_at).is_(None)),
        last_webhook_at=db.exec(select(Journal.received_at).order_by(col(Journal.id).desc()).limit(1)).first(),
        last_inbound_at=max(heard, default=None),
        windows_open=_windows(db, org_id, now - WINDOW),
        windows_closing=_windows(db, org_id, now - WINDOW, now - WINDOW + CLOSING),
        conversations=_by_status(
            db,
            Conversation.status,
            Conversation.org_id == org_id,
            col(Conversation.status).in_([status for status in STATUSES if status != RESOLVED]),
        ),
        oldest_waiting_at=db.exec(
            select(func.min(Conversation.waiting_since)).where(
                Conversation.org_id == org_id, Conversation.status != RESOLVED
            )
        ).one(),
    )


def _failed(db: Session, org_id: int, now: datetime) -> int:
    young = col(Message.id) >= recently.first_id(db, now - WINDOW - recently.LONGEST_QUEUE)
    return _count(db, Message, young, Message.org_id == org_id, col(Message.failed_at) >= now - WINDOW)


def _count(db: Session, table: Any, *conditions: Any) -> int:
    return db.exec(select(func.count()).select_from(table).where(*conditions)).one()


def _by_status(db: Session, column: Any, *conditions: Any) -> dict[str, int]:
    return dict(db.exec(select(column, func.count()).where(*conditions).group_by(column)).all())


def _windows(db: Session, org_id: int, after: datetime, until: datetime | None = None) -> int:
    conditions = [ServiceWindow.org_id == org_id, col(ServiceWindow.last_inbound_at) > after]
    if until is not None:
        conditions.append(col(ServiceWindow.last_inbound_at) <= until)
    return _count(db, ServiceWindow, *conditions)
