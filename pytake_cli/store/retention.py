"""Retention: what the store forgets while it is in use, and the planner's statistics after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from pytake_cli.store.database import Store
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal, Quarantine

event = Event.__table__  # type: ignore[attr-defined]
journal = Journal.__table__  # type: ignore[attr-defined]
quarantine = Quarantine.__table__  # type: ignore[attr-defined]


def forget_applied(store: Store, before: datetime, at_once: int, *, only_count: bool = False) -> int:
    """Deletes (or counts) journal rows applied before then, `at_once` in a transaction, but those in quarantine.

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
        if old and not only_count:
            with store.write() as db:
                db.connection().execute(sa.delete(journal).where(journal.c.id.in_(old)))
        forgotten += len(old)
        if not rows or any(applied_at is None or applied_at >= before for _, applied_at, _ in rows):
            return forgotten  # rows stand in the order of their arrival: the rest is younger
        last = rows[-1].id


def forget_events(
    store: Store, before: datetime, at_once: int, org: int | None = None, *, only_count: bool = False
) -> int:
    """Deletes (or counts) events from before then, `at_once` in a transaction; the newest stays, as in the journal."""
    forgotten = last = 0
    while True:
        page = sa.select(event.c.id, event.c.at).where(event.c.id > last).order_by(event.c.id).limit(at_once + 1)
        page = page if org is None else page.where(event.c.org_id == org)
        with store.read() as db:
            rows = db.connection().execute(page).all()[:-1]
        old = [id_ for id_, at in rows if at < before]
        if old and not only_count:
            with store.write() as db:
                db.connection().execute(sa.delete(event).where(event.c.id.in_(old)))
        forgotten += len(old)
        if len(old) < at_once:
            return forgotten  # events stand in the order of time: the rest is younger
        last = old[-1]


def count(store: Store, table: sa.Table, *which: sa.ColumnElement[bool]) -> int:
    with store.read() as db:
        found: int = db.connection().execute(sa.select(sa.func.count()).select_from(table).where(*which)).scalar_one()
    return found


def forget(store: Store, table: sa.Table, at_once: int, *which: sa.ColumnElement[bool]) -> int:
    """Deletes rows of a table, `at_once` in a transaction; killed half-way, the next time finds the rest."""
    keys = tuple(table.primary_key.columns)
    some = sa.select(*keys).where(*which).limit(at_once)
    delete = sa.delete(table).where(keys[0].in_(some) if len(keys) == 1 else sa.tuple_(*keys).in_(some))
    forgotten = 0
    while True:
        with store.write() as db:
            deleted = db.connection().execute(delete).rowcount
        forgotten += deleted
        if deleted < at_once:
            return forgotten


def below(table: sa.Table, ids: sa.ColumnElement[bool]) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """All rows that refer to some rows of a table, and which of them, the farthest first; from the tables themselves,
    so that a new table is not forgotten to be forgotten.
    """
    for other in table.metadata.sorted_tables:
        for column in other.columns:
            if other is not table and column.references(table.c.id):
                which = column.in_(sa.select(table.c.id).where(ids))
                if "id" in other.c:
                    yield from below(other, which)
                yield other, which


def optimize(store: Store) -> None:
    """Lets SQLite renew the statistics that its planner uses."""
    if store.is_sqlite:
        with store.write() as db:
            db.connection().exec_driver_sql("PRAGMA optimize")
