"""What happened to a contact besides messages: changes with who made them, and notes about the person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlmodel import Session

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time


class ContactChange(Owned, table=True):
    """A line of history: `before` and `after` are the values of `what`, None where there was or is none."""

    __tablename__ = "contact_change"
    __table_args__ = (Index("ix_contact_change_contact", "contact_id", "id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    contact_id: int = reference("contact.id")
    what: str  # name | stage | vip | tag:cliente | f.plano | consent.marketing | blocked | merged | imported …
    before: Any = json()
    after: Any = json()
    actor: str = ""  # user:3 | cli | flow:lead | import:7 | campaign:2 | webhook | contact
    at: datetime = time()


class ContactNote(Owned, table=True):
    """What a person wrote down about a contact, whatever conversation it came from."""

    __tablename__ = "contact_note"
    __table_args__ = (Index("ix_contact_note_contact", "contact_id", "id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    contact_id: int = reference("contact.id")
    author_id: int | None = reference("user_account.id", nullable=True)
    body: str = long_text()
    created_at: datetime = time()


contact_change = ContactChange.__table__  # type: ignore[attr-defined]


def line(
    org_id: int, contact_id: int, what: str, before: Any, after: Any, *, actor: str, now: datetime
) -> dict[str, Any]:
    """A row for `record`."""
    values = {"what": what, "before": before, "after": after, "actor": actor, "at": now}
    return {"org_id": org_id, "contact_id": contact_id, **values}


def record(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Writes lines of history, as `line` makes them, of as many contacts as there are."""
    if rows:
        db.connection().execute(sa.insert(contact_change), list(rows))
