"""What all tables share: the metadata with its naming rules, and what "belongs to an organisation" means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text, false, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlmodel import Field, Session, SQLModel
from sqlmodel._compat import SQLModelConfig

from pytake_cli.store.types import BigId, Json, UtcTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """A table row."""

    model_config = SQLModelConfig(defer_build=True)  # rows are not validated, and every command would pay for it


class Owned(Row):
    """A row that belongs to an organisation by its `org_id`: see `database.scope`."""


def primary_key() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def reference(target: str, *, nullable: bool = False, index: bool = False, primary_key: bool = False) -> Any:
    column: Column[Any] = Column(BigId, ForeignKey(target), nullable=nullable, index=index, primary_key=primary_key)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def time(*, nullable: bool = False, index: bool = False) -> Any:
    column: Column[datetime] = Column(UtcTime, nullable=nullable, index=index)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def json(default: Callable[[], Any] | None = None) -> Any:
    """A JSON column; without `default` it may be NULL."""
    if default is None:
        return Field(default=None, sa_column=Column(Json, nullable=True))
    return Field(default_factory=default, sa_column=Column(Json, nullable=False))


def long_text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=False))


def since(default: bool) -> Any:
    """A flag that came after the first release: rows from before have the default."""
    column: Column[bool] = Column(Boolean, nullable=False, server_default=true() if default else false())
    return Field(default=default, sa_column=column)


class Batch:
    """A statement for many rows that all have the same keys, compiled once for each database.

    SQLAlchemy's own way works out anew for every row what is to be bound, which costs more than SQLite's work.
    """

    def __init__(self, statement: Callable[[Session], Any]) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def run(self, db: Session, rows: Sequence[dict[str, Any]]) -> int:
        """Returns how many rows it made or changed."""
        if not rows:
            return 0
        dialect, keys = db.get_bind().dialect, tuple(rows[0])
        compiled = self._compiled.get((dialect.name, keys))
        if compiled is None:
            compiled = self._compiled[dialect.name, keys] = _Compiled(self._statement(db), dialect, keys)
        return db.connection().exec_driver_sql(compiled.text, [compiled.bound(row) for row in rows]).rowcount


class _Compiled:
    """The text of a statement for one database, and how it takes the values of a row."""

    def __init__(self, statement: Any, dialect: Dialect, keys: tuple[str, ...]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(keys), for_executemany=True)
        made_here = (*compiled.insert_prefetch, *compiled.update_prefetch)
        assert not made_here, f"a row has to say {made_here}"
        self.text = str(compiled)
        binders = compiled._bind_processors
        constants = {key: value for key, value in compiled.params.items() if key not in keys}
        self._constants = {key: binders[key](value) if key in binders else value for key, value in constants.items()}
        self._binders = [(key, bind) for key, bind in binders.items() if key in keys]
        self._in_order = itemgetter(*compiled.positiontup) if compiled.positiontup else None

    def bound(self, row: dict[str, Any]) -> Any:
        """By place for SQLite's driver, by name for PostgreSQL's."""
        values = row | self._constants
        for key, bind in self._binders:
            values[key] = bind(values[key])
        return values if self._in_order is None else self._in_order(values)


def insert(db: Session, table: Table) -> Any:
    """INSERT of the database at hand, which knows ON CONFLICT."""
    return (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
