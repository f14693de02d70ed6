"""Jobs: work outside a transaction (media, read receipts), at least once, unique by key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time

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
