"""Reads growing tables by id and passes nothing: on PostgreSQL rows become visible in another order than their ids."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

AT_ONCE = 500  # rows in one look
PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 0.02  # how long, and how often, a start waits for who writes just now

# Who is writing to the table at this moment. The lock is taken before the id and kept until the row can be seen.
_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
    " AND relation = CAST(:relation AS regclass)"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Up to `through` nothing will come any more; `more`: there is something behind it, or will be in a moment."""

    through: int
    more: bool = False
    in_doubt: bool = False  # some ids are missing and their writers have not finished


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Ids up to `through` of which some cannot be seen, and who may still bring them."""

    through: int
    writers: frozenset[str]


@dataclass
class Ahead:
    """How far a table may be read on. An id that is missing is waited for until everybody who was writing when it was
    first missed has finished; then it will never come. Remembers that between looks; for one thread at a time.
    """

    table: sa.Table
    _doubt: _Doubt | None = field(default=None, init=False)

    def end(self, db: Session) -> int:
        """The newest id, once whoever may still bring an older one has finished."""
        self._doubt = None
        newest: int = db.connection().execute(sa.select(sa.func.max(self.table.c.id))).scalar() or 0
        writers = self._writers(db)
        patience = time.monotonic() + PATIENCE_SECONDS
        while writers and time.monotonic() < patience:
            time.sleep(LOOK_SECONDS)
            writers &= self._writers(db)
        return newest

    def look(self, db: Session, cursor: int) -> Reach:
        """How far one may read who has read up to `cursor`."""
        id_: Any = self.table.c.id
        query = sa.select(id_).where(id_ > cursor).order_by(id_).limit(AT_ONCE)
        ids = db.connection().execute(query).scalars().all()
        if not ids:
            return Reach(cursor)
        full = len(ids) == AT_ONCE
        if _is_sqlite(db) or ids[-1] == cursor + len(ids):
            self._doubt = None
            return Reach(ids[-1], full)
        writers = self._writers(db)  # asked after the ids were read: who brings a missing one is in it, or done
        known = self._doubt if self._doubt is not None and self._doubt.through > cursor else None
        doubt = _Doubt(known.through, known.writers & writers) if known else _Doubt(ids[-1], writers)
        if doubt.writers:
            self._doubt = doubt
            sure = next(n for n, each in enumerate(ids) if each != cursor + n + 1)
            return Reach(cursor + sure, more=True, in_doubt=True)
        self._doubt = None
        return Reach(doubt.through, full or doubt.through < ids[-1])

    def _writers(self, db: Session) -> frozenset[str]:
        if _is_sqlite(db):
            return frozenset()
        return frozenset(db.connection().execute(_WRITERS, {"relation": self.table.name}).scalars())


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"
