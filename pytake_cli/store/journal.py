"""The journal: raw signed webhook bodies, kept before they are understood; and the quarantine of what was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, LargeBinary, text
from sqlmodel import Field

from pytake_cli import faults
from pytake_cli.store.database import Store
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


@dataclass(frozen=True, slots=True)
class Received:
    """A signed body as it came: the app of its path, its bytes and their SHA-256."""

    app: str
    body: bytes
    digest: bytes


_INSERT = "INSERT INTO journal (digest, app, body, received_at)"
_UNNEST = """ SELECT digest, app, body, %s
FROM unnest(%s::bytea[], %s::text[], %s::bytea[]) WITH ORDINALITY AS new (digest, app, body, place)
ORDER BY place ON CONFLICT DO NOTHING"""
_ROWS_A_STATEMENT = (128, 32, 8, 1)  # few distinct statements stay prepared; each one gives the GIL away but once


def append(store: Store, bodies: Sequence[Received], now: datetime) -> int:
    """Makes the bodies durable in one transaction, with one fsync; returns how many were new.

    Bodies that are known already (Meta sends again what it got no answer for) count as durable.
    """
    with store.write() as db:
        connection = db.connection()
        if store.is_sqlite:
            added = _insert_sqlite(connection, bodies, now)
        else:
            added = _insert_postgres(connection, bodies, now)
        faults.point("journal.before_commit")
    faults.point("journal.after_commit")
    return added


def _insert_sqlite(connection: Connection, bodies: Sequence[Received], now: datetime) -> int:
    received_at = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    cursor = connection.connection.cursor()
    added = done = 0
    for size in _ROWS_A_STATEMENT:
        statement = f"{_INSERT} VALUES {','.join(['(?,?,?,?)'] * size)} ON CONFLICT DO NOTHING"
        while len(bodies) - done >= size:
            values: list[object] = []
            for received in bodies[done : done + size]:
                values += (received.digest, received.app, received.body, received_at)
            cursor.execute(statement, values)
            added += max(0, cursor.rowcount)
            done += size
    cursor.close()
    return added


def _insert_postgres(connection: Connection, bodies: Sequence[Received], now: datetime) -> int:
    result = connection.exec_driver_sql(
        _INSERT + _UNNEST,
        (now, [each.digest for each in bodies], [each.app for each in bodies], [each.body for each in bodies]),
    )
    return max(0, result.rowcount)
