"""What all tables share: the metadata with its naming rules, and what "belongs to an organisation" means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

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


def insert(db: Session, table: Table) -> Any:
    """INSERT of the database at hand, which knows ON CONFLICT."""
    return (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
