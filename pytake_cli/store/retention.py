"""Retention: what the store forgets while it is in use, and the planner's statistics after it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from pytake_cli.store.database import Store
from pytake_cli.store.journal import Journal, Quarantine

journal = Journal.__table__  # type: ignore[attr-defined]
quarantine = Quarantine.__table__  # type: ignore[attr-defined]


def forget_applied(store: Store, before: datetime, at_once: int) -> int:
    """Deletes journal rows applied before then, `at_once` in a transaction, but those that the quarantine refers to.

    Deduplication does not depend on them: messages and statuses have unique keys of their own.
    """
    forgotten = last = 0
    while True:
        held = sa.exists().where(quarantine.c.journal_id == journal.c.id)
        page = sa.select(journal.c.id, journal.c.applied_at, held).where(journal.c.id > last).order_by(journal.c.id)
        with store.read() as db:
            rows = db.connection().execute(page.limit(at_once)).all()
        old = [id_ for id_, applied_at, is_held in rows if applied_at and applied_at < before and not is_held]
        if old:
            with store.write() as db:
                db.connection().execute(sa.delete(journal).where(journal.c.id.in_(old)))
            forgotten += len(old)
        if not rows or any(applied_at is None or applied_at >= before for _, applied_at, _ in rows):
            return forgotten  # rows stand in the order of their arrival: the rest is younger
        last = rows[-1].id


def optimize(store: Store) -> None:
    """Lets SQLite renew the statistics that its planner uses."""
    if store.is_sqlite:
        with store.write() as db:
            db.connection().exec_driver_sql("PRAGMA optimize")
