"""Jobs: work outside a transaction (media, read receipts), at least once, unique by key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, text
from sqlmodel import Field, Session

from pytake_cli.store.rows import Owned, insert, json, long_text, primary_key, reference, time
from pytake_cli.store.work import poke

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"


class Job(Owned, table=True):
    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_due",
            "due_at",
            sqlite_where=text("state IN ('queued', 'running')"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    kind: str  # one of daemon.jobs.HANDLERS
    key: str = Field(unique=True)  # what makes it the same job: "media:812", "read:wamid.…"
    payload: dict[str, Any] = json(dict)
    lane: str = "live"
    state: str = QUEUED
    due_at: datetime = time()
    attempts: int = 0
    claim: str | None = None
    claimed_at: datetime | None = time(nullable=True)
    error: str = long_text()
    created_at: datetime = time()
    done_at: datetime | None = time(nullable=True)


job = Job.__table__  # type: ignore[attr-defined]


def add(
    db: Session,
    *,
    org_id: int,
    kind: str,
    key: str,
    payload: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
) -> int | None:
    """Puts a job in the queue and wakes its worker; None when there is one with this key already."""
    values = {"org_id": org_id, "kind": kind, "key": key, "payload": payload, "lane": "live", "state": QUEUED}
    times = {"due_at": due_at or now, "created_at": now, "attempts": 0, "error": ""}
    new = insert(db, job).values(**values, **times).on_conflict_do_nothing(index_elements=["key"])
    id_: int | None = db.connection().execute(new.returning(job.c.id)).scalar_one_or_none()
    if id_ is not None:
        poke(db, "job", id_)
    return id_


def claim(db: Session, id_: int, me: str, now: datetime) -> Job | None:
    """Takes a due job for `me`; None when it is not due, done, or another's."""
    take = sa.update(job).where(job.c.id == id_, job.c.state == QUEUED, job.c.due_at <= now)
    values = {"state": RUNNING, "claim": me, "claimed_at": now, "attempts": job.c.attempts + 1}
    if db.connection().execute(take.values(**values)).rowcount == 0:
        return None
    return db.get(Job, id_)


def finish(db: Session, id_: int, me: str, now: datetime) -> None:
    _leave(db, id_, me, state=DONE, done_at=now, error="")


def postpone(db: Session, id_: int, me: str, due_at: datetime, error: str) -> None:
    """Queues a job again that failed and may succeed later."""
    _leave(db, id_, me, state=QUEUED, due_at=due_at, error=error[:1000])


def give_up(db: Session, id_: int, me: str, error: str, now: datetime) -> None:
    """A dead letter: only a person moves it (`pytake queue retry`)."""
    _leave(db, id_, me, state=FAILED, done_at=now, error=error[:1000])


def _leave(db: Session, id_: int, me: str, **values: Any) -> None:
    own = sa.update(job).where(job.c.id == id_, job.c.claim == me, job.c.state == RUNNING)
    db.connection().execute(own.values(**values, claim=None))


def due(db: Session, now: datetime, limit: int) -> list[int]:
    """Jobs to do now, the longest waiting first."""
    waiting = sa.text("job.state IN ('queued', 'running')")  # literally the index's condition
    query = sa.select(job.c.id).where(waiting, job.c.state == QUEUED, job.c.due_at <= now)
    return list(db.connection().execute(query.order_by(job.c.due_at).limit(limit)).scalars())


def orphaned(db: Session, claimed_before: datetime) -> bool:
    """Whether there are jobs whose worker is gone."""
    waiting = sa.text("job.state IN ('queued', 'running')")
    query = sa.select(job.c.id).where(waiting, job.c.state == RUNNING, job.c.claimed_at < claimed_before)
    return db.connection().execute(query.limit(1)).first() is not None


def requeue(db: Session, now: datetime, *, claimed_before: datetime) -> int:
    """Queues jobs again whose worker has given no sign of life since then."""
    return _requeue(db, now, job.c.claimed_at < claimed_before)


def requeue_of(db: Session, now: datetime, owners: Sequence[str]) -> int:
    """Queues the jobs of workers again that are gone."""
    return _requeue(db, now, job.c.claim.in_(owners)) if owners else 0


def _requeue(db: Session, now: datetime, which: sa.ColumnElement[bool]) -> int:
    waiting = sa.text("job.state IN ('queued', 'running')")
    lost = sa.update(job).where(waiting, job.c.state == RUNNING, which)
    return db.connection().execute(lost.values(state=QUEUED, claim=None, due_at=now)).rowcount


def owners(db: Session) -> list[str]:
    """Whoever works on a job."""
    running = sa.select(job.c.claim).where(sa.text("job.state IN ('queued', 'running')"), job.c.state == RUNNING)
    return list(db.connection().execute(running.distinct()).scalars())


def renew(db: Session, me: str, ids: Collection[int], now: datetime) -> None:
    """Keeps what `me` is working on from being taken for orphaned."""
    own = sa.update(job).where(job.c.id.in_(sorted(ids)), job.c.state == RUNNING, job.c.claim == me)
    db.connection().execute(own.values(claimed_at=now))
