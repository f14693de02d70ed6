"""Timers of sessions: rows that fire once when they are due, whether or not a message comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, text
from sqlmodel import Session

from pytake_cli.store.rows import Batch, Owned, json, primary_key, reference, time
from pytake_cli.store.types import UtcTime

WAIT, EXPIRE, DEBOUNCE, REFUSED, TAGGED = "wait", "expire", "debounce", "refused", "tagged"
KINDS = {
    WAIT: "the session's wait is over: a timeout, or a pause that was asked for",
    EXPIRE: "the session has been idle for as long as its flow allows",
    DEBOUNCE: "nothing came after a burst of messages: {messages: [ids]} are heard as one",
    REFUSED: "Meta refused something that the session said: {serial, reason, detail}",
    TAGGED: "the contact got a tag that may call the session's wait off: {tag}",
}
_PENDING = "fired_at IS NULL AND cancelled_at IS NULL"


class Timer(Owned, table=True):
    __tablename__ = "timer"
    __table_args__ = (
        Index("ix_timer_due", "due_at", sqlite_where=text(_PENDING), postgresql_where=text(_PENDING)),
        Index("ix_timer_session", "session_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    session_id: int = reference("flow_session.id")
    token: str  # of the wait that it belongs to, or its kind
    kind: str  # one of KINDS
    payload: dict[str, Any] = json(dict)
    due_at: datetime = time()
    created_at: datetime = time()
    fired_at: datetime | None = time(nullable=True)
    cancelled_at: datetime | None = time(nullable=True)


timer = Timer.__table__  # type: ignore[attr-defined]
_pending = sa.text("timer." + _PENDING.replace("cancelled_at", "timer.cancelled_at"))  # the index's own condition


def due(db: Session, now: datetime, limit: int) -> list[int]:
    """Timers to fire now, the longest waiting first."""
    query = sa.select(timer.c.id).where(_pending, timer.c.due_at <= now)
    return list(db.connection().execute(query.order_by(timer.c.due_at, timer.c.id).limit(limit)).scalars())


def fire(db: Session, id_: int, now: datetime) -> bool:
    """Takes the timer for this transaction; False when it fired, was cancelled or was put off meanwhile."""
    take = sa.update(timer).where(
        timer.c.id == id_, timer.c.fired_at.is_(None), timer.c.cancelled_at.is_(None), timer.c.due_at <= now
    )
    return db.connection().execute(take.values(fired_at=now)).rowcount > 0


_START = Batch(lambda _: sa.insert(timer))


def start(db: Session, org_id: int, session_id: int, token: str, kind: str, due_at: datetime, now: datetime) -> None:
    """Sets the timer of a wait, instead of one that it may have."""
    cancel(db, session_id, token, now)
    row = {"org_id": org_id, "session_id": session_id, "token": token, "kind": kind, "payload": {}}
    _START.run(db, [{**row, "due_at": due_at, "created_at": now}])


_pending_of = (
    sa.update(timer)
    .where(timer.c.session_id == sa.bindparam("of_session"), timer.c.fired_at.is_(None), timer.c.cancelled_at.is_(None))
    .values(cancelled_at=sa.bindparam("moment", type_=UtcTime))
)
_CANCEL = _pending_of.where(timer.c.token == sa.bindparam("of_token"))
_CANCEL_ALL = _pending_of.where(timer.c.kind.in_(sa.bindparam("kinds", expanding=True)))


def cancel(db: Session, session_id: int, token: str, now: datetime) -> None:
    """Cancels the timers of a wait."""
    db.connection().execute(_CANCEL, {"of_session": session_id, "of_token": token, "moment": now})


def cancel_all(db: Session, session_id: int, now: datetime, *, kinds: Sequence[str] = tuple(KINDS)) -> None:
    db.connection().execute(_CANCEL_ALL, {"of_session": session_id, "kinds": list(kinds), "moment": now})
