"""Fields: an organisation's own attributes of contacts, each with its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.contacts import contact
from pytake_cli.store.rows import Owned, json, primary_key, reference, time

# type -> how `contact.fields` keeps a value of it
TYPES = {
    "text": "a string",
    "number": "an int or float",
    "date": "an ISO 8601 string: 2026-11-01, or with a time and its offset",
    "bool": "true or false",
    "choice": "one of the field's choices, as a string",
}


CHUNK = 1000  # contacts read at a time


class Field(Owned, table=True):
    """What `f.<name>` means in segments; a contact's value stands in `contact.fields[name]`."""

    __tablename__ = "contact_field"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str  # a-z, 0-9 and _
    label: str = ""
    type: str = "text"  # one of TYPES
    choices: list[str] = json(list)  # of a choice
    created_at: datetime = time()


contact_field = Field.__table__  # type: ignore[attr-defined]


def everyone(db: Session, org_id: int) -> list[Field]:
    return list(db.exec(select(Field).where(Field.org_id == org_id).order_by(Field.name)))


def by_name(db: Session, org_id: int, name: str) -> Field | None:
    return db.exec(select(Field).where(Field.org_id == org_id, Field.name == name)).first()


def holding(db: Session, org_id: int, name: str) -> Iterator[list[tuple[int, Any]]]:
    """The contacts that hold something under the name, with it, some at a time."""
    after = 0
    held = contact.c.fields[name]
    mine = sa.select(contact.c.id, contact.c.fields).where(contact.c.org_id == org_id, held.as_string().is_not(None))
    while True:
        found = db.connection().execute(mine.where(contact.c.id > after).order_by(contact.c.id).limit(CHUNK)).all()
        if not found:
            return
        after = found[-1].id
        yield [(row.id, row.fields[name]) for row in found]


def put(db: Session, name: str, values: Mapping[int, Any]) -> None:
    """Writes another value under the name for each contact; None takes it away."""
    found = db.connection().execute(sa.select(contact.c.id, contact.c.fields).where(contact.c.id.in_(list(values))))
    changed = []
    for row in found.all():
        fields = {**row.fields, name: values[row.id]}
        if fields != row.fields or type(fields[name]) is not type(row.fields.get(name)):
            fields = {key: value for key, value in fields.items() if value is not None}
            changed.append({"of_id": row.id, "to_fields": fields})
    if changed:
        update = sa.update(contact).where(contact.c.id == sa.bindparam("of_id"))
        db.connection().execute(update.values(fields=sa.bindparam("to_fields", type_=contact.c.fields.type)), changed)


def forget(db: Session, org_id: int, name: str) -> int:
    """Takes away what contacts hold under the name; returns how many did."""
    if db.get_bind().dialect.name == "sqlite":
        rest, holds = "json_remove(fields, :path)", "json_type(fields, :path) IS NOT NULL"
    else:
        rest, holds = "fields - CAST(:name AS text)", "jsonb_exists(fields, :name)"
    return _update(db, org_id, rest, holds, name=name, path=f"$.{name}")


def move(db: Session, org_id: int, name: str, to: str) -> int:
    """What contacts hold under the name they hold under another one; returns how many do."""
    if db.get_bind().dialect.name == "sqlite":
        rest = "json_set(json_remove(fields, :path), :to_path, json(fields -> :path))"
        holds = "json_type(fields, :path) IS NOT NULL"
    else:
        rest = "(fields - CAST(:name AS text)) || jsonb_build_object(CAST(:to AS text), fields -> CAST(:name AS text))"
        holds = "jsonb_exists(fields, :name)"
    return _update(db, org_id, rest, holds, name=name, to=to, path=f"$.{name}", to_path=f"$.{to}")


def _update(db: Session, org_id: int, rest: str, holds: str, **values: str) -> int:
    statement = f"UPDATE contact SET fields = {rest} WHERE org_id = :org AND {holds}"  # noqa: S608 - literals of here
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    return db.connection().execute(sa.text(statement), {"org": org_id, **used}).rowcount
