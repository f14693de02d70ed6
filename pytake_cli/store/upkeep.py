"""Looking after a store: what is in it, whether it is sound, and giving free space back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, inspect, text

from pytake_cli.errors import ConfigError
from pytake_cli.store import facts, lock, schema, search, sqlite
from pytake_cli.store.database import Store, refuse_event_loop, translated
from pytake_cli.store.invariants import INVARIANTS
from pytake_cli.store.journal import Journal
from pytake_cli.store.types import UtcTime


@dataclass(frozen=True, slots=True)
class State:
    """A store from the outside."""

    url: str
    engine: str  # "SQLite 3.53.4"
    version: str | None
    needed: str
    instance: str | None
    restored_at: str | None
    size_bytes: int
    wal_bytes: int
    free_bytes: int
    rows: dict[str, int]
    journal_waiting: int
    journal_oldest_at: datetime | None
    daemon_pid: int | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be; `rows` says how many times."""

    check: str
    detail: str
    rows: int = 1


def state(store: Store) -> State:
    """Size, version and contents; counts rows exactly, which takes a second per few million on SQLite."""
    refuse_event_loop()
    with translated(store), store.reader.connect() as connection:
        version = facts.schema_version(connection)
        measure = _measured_sqlite if store.is_sqlite else _measured_postgres
        engine, size, wal, free = measure(store, connection)
        rows = {table: _count(connection, table) for table in _tables(connection)} if version else {}
        found = connection.execute(text("SELECT key, value FROM fact")).all() if "fact" in rows else ()
        known = {row.key: row.value for row in found}
        waiting, oldest = _journal(connection) if "journal" in rows else (0, None)
    return State(
        url=store.url.render_as_string(hide_password=True),
        engine=engine,
        version=version,
        needed=schema.STEPS[-1].version,
        instance=known.get("instance"),
        restored_at=known.get("restored_at"),
        size_bytes=size,
        wal_bytes=wal,
        free_bytes=free,
        rows=rows,
        journal_waiting=waiting,
        journal_oldest_at=oldest,
        daemon_pid=lock.holder(store),
    )


def _tables(connection: Connection) -> list[str]:
    """Tables of ours, without the ones that a search index is made of."""
    names = inspect(connection).get_table_names()
    return sorted(name for name in names if name != "alembic_version" and "_search" not in name)


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608


def _journal(connection: Connection) -> tuple[int, datetime | None]:
    waiting = sa.select(sa.func.count(), sa.func.min(sa.type_coerce(Journal.received_at, UtcTime)))
    row = connection.execute(waiting.where(Journal.applied_at.is_(None))).one()  # type: ignore[union-attr]
    return row[0], row[1]


def _measured_sqlite(store: Store, connection: Connection) -> tuple[str, int, int, int]:
    file = sqlite.file_of(store.url)
    wal = file.with_name(f"{file.name}-wal")
    page, free = (
        int(connection.execute(text(f"PRAGMA {name}")).scalar_one()) for name in ("page_size", "freelist_count")
    )
    version = sqlite.driver().sqlite_version
    return f"SQLite {version}", file.stat().st_size, wal.stat().st_size if wal.exists() else 0, page * free


def _measured_postgres(store: Store, connection: Connection) -> tuple[str, int, int, int]:
    version = connection.execute(text("SHOW server_version")).scalar_one()
    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return f"PostgreSQL {version}", int(size), 0, 0


def check(store: Store) -> list[Problem]:
    """Reads the whole store and tells what is not as it must be; an empty list is good news."""
    refuse_event_loop()
    try:
        return _problems(store)
    except ConfigError as error:
        if error.slug != "PT-STORE-DAMAGED":
            raise
        return [Problem("integrity", str(error.values["reason"]))]


def _problems(store: Store) -> list[Problem]:
    with translated(store), store.reader.connect() as connection:
        problems = _sound_sqlite(connection) if store.is_sqlite else []
        if problems or facts.schema_version(connection) is None:
            return problems
        for invariant in INVARIANTS:
            count = int(connection.execute(text(invariant.broken)).scalar_one())
            if count:
                problems.append(Problem(invariant.name, invariant.meaning, count))
    return problems


def _sound_sqlite(connection: Connection) -> list[Problem]:
    """SQLite's own checks; they see broken structure, and about a fifth of flipped bits."""
    lines = connection.execute(text("PRAGMA integrity_check(20)")).scalars().all()
    found = [Problem("integrity", line) for line in lines if line != "ok"]
    for table, rowid, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        found.append(Problem("references", f"row {rowid} of {table} refers to nothing in {parent}"))
    return found


def vacuum(store: Store) -> tuple[int, int]:
    """Gives free space back and refreshes the planner's figures, while the store is in use; bytes before and after."""
    refuse_event_loop()
    before = _size(store)
    with store.turn(), translated(store), store.writer.connect() as connection:
        if store.is_sqlite:
            search.forget_deleted(connection)
            connection.commit()
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("VACUUM")
            raw.execute("PRAGMA optimize=0x10002")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM (ANALYZE)"))
    return before, _size(store)


def _size(store: Store) -> int:
    with translated(store), store.reader.connect() as connection:
        measure = _measured_sqlite if store.is_sqlite else _measured_postgres
        _, size, wal, _ = measure(store, connection)
        return size + wal
