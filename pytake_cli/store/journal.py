"""The journal: raw signed webhook bodies, kept before they are understood; and the quarantine of what was not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, text
from sqlmodel import Field

from pytake_cli.store.rows import Row, json, long_text, primary_key, reference, time


class Journal(Row, table=True):
    __tablename__ = "journal"
    __table_args__ = (
        Index(
            "ix_journal_new", "id", sqlite_where=text("applied_at IS NULL"), postgresql_where=text("applied_at IS NULL")
        ),
    )

    id: int | None = primary_key()
    digest: bytes = Field(sa_column=Column(LargeBinary(32), unique=True, nullable=False))  # SHA-256 of the body
    app: str = ""  # the app whose secret signed it, from the webhook's path; empty: the default app
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = time()
    applied_at: datetime | None = time(nullable=True)


class Quarantine(Row, table=True):
    """An update that could not be applied, with the reason; `pytake queue` shows and retries it."""

    __tablename__ = "quarantine"

    id: int | None = primary_key()
    journal_id: int | None = reference("journal.id", nullable=True, index=True)
    org_id: int | None = reference("organisation.id", nullable=True)
    reason: str
    traceback: str = long_text()
    raw: dict[str, Any] | None = json()
    created_at: datetime = time()
    settled_at: datetime | None = time(nullable=True)
