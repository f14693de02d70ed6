"""Schedules: what is to be done when, and each time that it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time


class Schedule(Owned, table=True):
    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        Index(
            "ix_schedule_due",
            "next_at",
            sqlite_where=text("paused_at IS NULL AND next_at IS NOT NULL"),
            postgresql_where=text("paused_at IS NULL AND next_at IS NOT NULL"),
        ),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    rule: dict[str, Any] = json(dict)  # policy.recurrence.Rule as JSON: {"cron": "0 9 * * 1-5"}, {"every": "1d"} …
    tz: str
    command: list[str] = json(list)  # the words after `pytake`
    missed: str = "skip"  # skip | run-once: when the daemon was down at the time
    next_at: datetime | None = time(nullable=True)
    next_local: str = ""  # the local time that next_at is: 2026-11-23T09:00
    paused_at: datetime | None = time(nullable=True)
    created_by: str = ""
    created_at: datetime = time()
    updated_at: datetime = time()


class ScheduleRun(Owned, table=True):
    """One firing; unique by local time, so that the night in which an hour comes twice fires once."""

    __tablename__ = "schedule_run"
    __table_args__ = (UniqueConstraint("schedule_id", "local"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    schedule_id: int = reference("schedule.id")
    local: str  # 2026-11-23T09:00, or now:<id> for one by hand
    state: str = "running"  # running | done | failed | skipped
    due_at: datetime = time()
    started_at: datetime | None = time(nullable=True)
    ended_at: datetime | None = time(nullable=True)
    exit_code: int | None = None
    output: str = long_text()  # the end of what was printed
