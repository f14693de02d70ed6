"""Imports of contacts and how far each came: a killed one goes on where it was, a finished one is not done again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint

from pytake_cli.store.rows import Owned, json, primary_key, reference, time

RUNNING, DONE = "running", "done"


class ContactImport(Owned, table=True):
    __tablename__ = "contact_import"
    __table_args__ = (UniqueConstraint("org_id", "key"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    key: str  # the caller's idempotency key, or the digest of file and options
    digest: str  # of the file and the options: the same key with another digest is a conflict
    source: str  # the file's name
    options: dict[str, Any] = json(dict)
    state: str = RUNNING
    rows_done: int = 0  # committed together with the contacts of those rows
    counts: dict[str, int] = json(dict)  # {"new": 1, "updated": 2, "same": 3, "rejected": 4}
    started_at: datetime = time()
    updated_at: datetime = time()
    done_at: datetime | None = time(nullable=True)
