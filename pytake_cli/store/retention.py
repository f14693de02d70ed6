"""Retention: what the store forgets while it is in use, and the planner's statistics after it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from pytake_cli.store.database import Store
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal, Quarantine

event = Event.__table__  # type: ignore[attr-defined]
journal = Journal.__table__  # type: ignore[attr-defined]
quarantine = Quarantine.__table__  # type: ignore[attr-defined]


def forget_applied(store: Store, before: datetime, at_once: int) -> int:
    """Deletes journal rows applied before then, `at_once` in a transaction, but those that the quarantine refers to.

    Deduplication does not depend on them: messages and statuses have unique keys of their own. The newest row stays:
    without it SQLite would give its number once more, and who follows by number would wait for ever.
    """
    forgotten = last = 0
    while True:
        held = sa.exists().where(quarantine.c.journal_id == journal.c.id)
        page = sa.select(journal.c.id, journal.c.applied_at, held).where(journal.c.id > last).order_by(journal.c.id)
        with store.read() as db:
            rows = db.connection().execute(page.limit(at_once)).all()
            newest = db.connection().execute(sa.select(sa.func.max(journal.c.id))).scalar_one()
        old = [
            id_
            for id_, applied_at, is_held in rows
            if applied_at and applied_at < before and not is_held and id_ != newest
        ]
        if old:
            with store.write() as db:
                db.connection().execute(sa.delete(journal).where(journal.c.id.in_(old)))
            forgotten += len(old)
        if not rows or any(applied_at is None or applied_at >= before for _, applied_at, _ in rows):
            return forgotten  # rows stand in the order of their arrival: the rest is younger
        last = rows[-1].id


def forget_events(store: Store, before: datetime, at_once: int) -> int:
    """Deletes events from before then, `at_once` in a transaction; the newest stays, as in the journal."""
    forgotten = 0
    while True:
        page = sa.select(event.c.id, event.c.at).order_by(event.c.id).limit(at_once + 1)
        with store.read() as db:
            rows = db.connection().execute(page).all()[:-1]
        old = [id_ for id_, at in rows if at < before]
        if old:
            with store.write() as db:
                db.connection().execute(sa.delete(event).where(event.c.id.in_(old)))
            forgotten += len(old)
        if len(old) < at_once:
            return forgotten  # events stand in the order of time: the rest is younger


def optimize(store: Store) -> None:
    """Lets SQLite renew the statistics that its planner uses."""
    if store.is_sqlite:
        with store.write() as db:
            db.connection().exec_driver_sql("PRAGMA optimize")
