"""Schedules: what is to be done when, and each time that it was.

queued --a daemon takes it--> running --its command ends with 0--> done
   |                             '--with another code, too late, or with its daemon--> failed
   '- skipped from the start: missed while no daemon ran, or its forerunner was not over
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, insert, json, long_text, primary_key, reference, time

QUEUED, RUNNING, DONE, FAILED, SKIPPED = "queued", "running", "done", "failed", "skipped"
SKIP, RUN_ONCE = "skip", "run-once"
_DUE = "paused_at IS NULL AND next_at IS NOT NULL"
_OPEN = "state IN ('queued', 'running')"


class Schedule(Owned, table=True):
    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        Index(
            "ix_schedule_due",
            "next_at",
            sqlite_where=text(_DUE),
            postgresql_where=text(_DUE),
        ),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    rule: dict[str, Any] = json(dict)  # policy.recurrence.Rule as JSON: {"cron": "0 9 * * 1-5"}, {"every": "1d"} …
    tz: str
    command: list[str] = json(list)  # the words after `pytake`
    missed: str = SKIP  # skip | run-once: when no daemon ran at the time
    next_at: datetime | None = time(nullable=True)
    next_local: str = ""  # the local time that next_at is: 2026-11-23T09:00
    paused_at: datetime | None = time(nullable=True)
    created_by: str = ""
    created_at: datetime = time()
    updated_at: datetime = time()


class ScheduleRun(Owned, table=True):
    """One firing; unique by local time, so that the night in which an hour comes twice fires once."""

    __tablename__ = "schedule_run"
    __table_args__ = (
        UniqueConstraint("schedule_id", "local"),
        Index("ix_schedule_run_open", "due_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    schedule_id: int = reference("schedule.id")
    local: str  # 2026-11-23T09:00, or now:<id> for one by hand
    state: str = QUEUED  # one of the states above
    reason: str = ""  # late | missed | overlap | by hand | timeout | stopped | died
    claim: str | None = None  # who runs it
    due_at: datetime = time()
    started_at: datetime | None = time(nullable=True)
    ended_at: datetime | None = time(nullable=True)
    exit_code: int | None = None
    output: str = long_text()  # the end of what was printed


schedule = Schedule.__table__  # type: ignore[attr-defined]
run = ScheduleRun.__table__  # type: ignore[attr-defined]
_due = sa.text(_DUE.replace("paused_at", "schedule.paused_at").replace("next_at", "schedule.next_at"))
_open = sa.text(f"schedule_run.{_OPEN}")  # literally the index's condition


def by_name(db: Session, org_id: int, name: str) -> Schedule | None:
    return db.exec(select(Schedule).where(Schedule.org_id == org_id, Schedule.name == name)).first()


def due(db: Session, now: datetime, limit: int) -> list[Schedule]:
    """Schedules whose time has come, the longest waiting first."""
    query = select(Schedule).where(_due, schedule.c.next_at <= now).order_by(schedule.c.next_at).limit(limit)
    return list(db.exec(query))


def ahead(db: Session, now: datetime) -> list[Schedule]:
    """Schedules that wait for a time to come."""
    return list(db.exec(select(Schedule).where(_due, schedule.c.next_at > now)))


def advance(db: Session, row: Schedule, next_at: datetime | None, next_local: str) -> bool:
    """Moves a schedule on to its next time; False if somebody did so, paused it or changed it meanwhile."""
    same = sa.update(schedule).where(
        schedule.c.id == row.id, schedule.c.next_at == row.next_at, schedule.c.paused_at.is_(None)
    )
    return db.connection().execute(same.values(next_at=next_at, next_local=next_local)).rowcount > 0


def add_run(db: Session, row: Schedule, local: str, due_at: datetime, **values: Any) -> int | None:
    """Notes one firing; None when this local time has had its own."""
    known = {"org_id": row.org_id, "schedule_id": row.id, "local": local, "due_at": due_at, "output": "", "reason": ""}
    new = insert(db, run).values(**{"state": QUEUED, **known, **values})
    new = new.on_conflict_do_nothing(index_elements=["schedule_id", "local"]).returning(run.c.id)
    id_: int | None = db.connection().execute(new).scalar_one_or_none()
    return id_


def open_run(db: Session, schedule_id: int) -> ScheduleRun | None:
    """The run of a schedule that is not over."""
    return db.exec(select(ScheduleRun).where(_open, run.c.schedule_id == schedule_id)).first()


def queued(db: Session, limit: int) -> list[int]:
    """Runs that wait for a daemon."""
    query = sa.select(run.c.id).where(_open, run.c.state == QUEUED).order_by(run.c.due_at, run.c.id).limit(limit)
    return list(db.connection().execute(query).scalars())


def take(db: Session, run_id: int, me: str, now: datetime) -> ScheduleRun | None:
    """Claims a queued run; None if it is another's, or over."""
    mine = sa.update(run).where(run.c.id == run_id, run.c.state == QUEUED)
    if db.connection().execute(mine.values(state=RUNNING, claim=me, started_at=now)).rowcount == 0:
        return None
    return db.get(ScheduleRun, run_id)


def end(db: Session, run_id: int, me: str | None, **values: Any) -> bool:
    """Notes how a run ended; False if it is not `me` who runs it."""
    mine = sa.update(run).where(run.c.id == run_id, run.c.state == RUNNING, run.c.claim == me)
    return db.connection().execute(mine.values(claim=None, **values)).rowcount > 0


def running(db: Session) -> list[ScheduleRun]:
    return list(db.exec(select(ScheduleRun).where(_open, run.c.state == RUNNING)))


def runs(db: Session, org_id: int, schedule_id: int | None = None, limit: int | None = None) -> list[ScheduleRun]:
    """The newest first."""
    query = select(ScheduleRun).where(ScheduleRun.org_id == org_id).order_by(run.c.due_at.desc(), run.c.id.desc())
    if schedule_id is not None:
        query = query.where(ScheduleRun.schedule_id == schedule_id)
    return list(db.exec(query.limit(limit)))


def delete(db: Session, row: Schedule) -> None:
    """Deletes a schedule and its history."""
    db.connection().execute(sa.delete(run).where(run.c.schedule_id == row.id))
    db.delete(row)
