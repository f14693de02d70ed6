"""Fields: an organisation's own attributes of contacts, each with its type."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time

# type -> how `contact.fields` keeps a value of it
TYPES = {
    "text": "a string",
    "number": "an int or float",
    "date": "an ISO 8601 string: 2026-11-01, or with a time and its offset",
    "bool": "true or false",
    "choice": "one of the field's choices, as a string",
}


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


def everyone(db: Session, org_id: int) -> list[Field]:
    return list(db.exec(select(Field).where(Field.org_id == org_id).order_by(Field.name)))


def by_name(db: Session, org_id: int, name: str) -> Field | None:
    return db.exec(select(Field).where(Field.org_id == org_id, Field.name == name)).first()
