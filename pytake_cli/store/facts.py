"""Facts about this store: its instance id, where it was restored from. A key and a value each."""

from __future__ import annotations

import base64

from sqlalchemy import Connection, bindparam, inspect, text
from sqlmodel import Field, Session, col, select

from pytake_cli import clock
from pytake_cli.store.rows import Row


class Fact(Row, table=True):
    __tablename__ = "fact"

    key: str = Field(primary_key=True)
    value: str


_VALUE = select(col(Fact.value)).where(col(Fact.key) == bindparam("of_key"))


def get(db: Session, key: str) -> str | None:
    value: str | None = db.connection().execute(_VALUE, {"of_key": key}).scalar()
    return value


def put(db: Session, key: str, value: str) -> None:
    db.merge(Fact(key=key, value=value))
    db.flush()


INSTANCE, INSTANCE_BEFORE = "instance", "instance_before:"
_BEFORE = select(col(Fact.key), col(Fact.value)).where(col(Fact.key).startswith(INSTANCE_BEFORE, autoescape=True))


def instances(db: Session) -> dict[str, int]:
    """The store's name, and those it had before a restore -> the highest message id that was given under it."""
    own = {get(db, INSTANCE) or "": 2**63 - 1}
    earlier = db.connection().execute(_BEFORE)
    return own | {row.key.removeprefix(INSTANCE_BEFORE): int(row.value) for row in earlier}


def new_instance() -> str:
    """A name for a store, 8 characters: it stands in what Meta echoes, and tells our messages from another store's."""
    return base64.b32encode(bytes.fromhex(clock.new_id()[:10])).decode().lower()


def schema_version(connection: Connection) -> str | None:
    """What Alembic noted in this database; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
