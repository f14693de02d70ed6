"""Indexes of an organisation's own fields: turned on and off by people, seen in the database itself, used by segments.

One index a field, on what its contacts hold under its name. The database keeps it; a million contacts took two seconds.
"""

from __future__ import annotations

from functools import cached_property

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session

from pytake_cli.store import typed_fields
from pytake_cli.store.contacts import contact
from pytake_cli.store.fields import Field, everyone
from pytake_cli.store.typed_fields import FLAG, NUMBER, TEXT, typed_field

PREFIX = "ix_contact_own_"  # and the field's id
KINDS = {"number": NUMBER, "bool": FLAG}  # type of a field -> how the JSON has it; all others are texts
MOST_VALUES = 1000  # that are compared one by one; a field of more is looked through contact by contact
MOST_PEOPLE = 200_000  # found by the index; of more the next one is seldom far, and a list of them takes long


def of(db: Session, org_id: int) -> set[str]:
    """The names of the organisation's fields that have an index."""
    if db.get_bind().dialect.name == "sqlite":
        asked = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'contact'"
    else:
        asked = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'contact'"
    there = set(db.connection().execute(sa.text(asked)).scalars())
    return {field.name for field in everyone(db, org_id) if f"{PREFIX}{field.id}" in there}


def create(db: Session, field: Field) -> None:
    """Makes the index; nothing if there is one."""
    kind, sqlite = KINDS.get(field.type, TEXT), db.get_bind().dialect.name == "sqlite"
    value = (typed_fields.sqlite_text if sqlite else typed_fields.postgresql_text)(field.name, kind, "fields")
    columns = f"org_id, ({value}), id"
    run = db.connection().exec_driver_sql
    run(f"CREATE INDEX IF NOT EXISTS {PREFIX}{field.id} ON contact ({columns}) WHERE ({value}) IS NOT NULL")
    run(f"ANALYZE {PREFIX}{field.id}" if sqlite else "ANALYZE contact")


def drop(db: Session, field: Field) -> None:
    db.connection().exec_driver_sql(f"DROP INDEX IF EXISTS {PREFIX}{field.id}")


class Indexed:
    """The indexed fields of an organisation, for one question."""

    def __init__(self, db: Session, org_id: int) -> None:
        self._db, self._org_id = db, org_id
        self._values: dict[str, list[str] | None] = {}

    @cached_property
    def names(self) -> set[str]:
        return of(self._db, self._org_id)

    def values(self, name: str) -> list[str] | None:
        """All that contacts hold in a field of texts, from one to the next; None when that is too many."""
        if name not in self._values:
            self._values[name] = self._read(name)
        return self._values[name]

    def _read(self, name: str) -> list[str] | None:
        value = typed_field(name, TEXT)
        # Every text is >= '': for "is not null" SQLite's planner, going by a sample, looked through everybody.
        least = sa.select(sa.func.min(value)).where(contact.c.org_id == self._org_id, value >= "")
        walk = sa.select(least.scalar_subquery().label("v")).cte("walk", recursive=True)
        following = least.where(value > walk.c.v).correlate(walk).scalar_subquery()
        walk = walk.union_all(sa.select(following).where(walk.c.v.is_not(None)))
        found = self._db.connection().execute(sa.select(walk.c.v).limit(MOST_VALUES + 2)).scalars().all()
        return [one for one in found if one is not None] if len(found) <= MOST_VALUES + 1 else None

    def holders(self, true: ColumnElement[bool]) -> ColumnElement[bool] | None:
        """Who holds it, read from the index alone; None when they are many."""
        found = sa.select(contact.c.id).where(contact.c.org_id == self._org_id, true).correlate(None)
        many = sa.select(sa.func.count()).select_from(found.limit(MOST_PEOPLE + 1).subquery())
        is_many = self._db.connection().execute(many).scalar_one() > MOST_PEOPLE
        return None if is_many else contact.c.id.in_(found)
