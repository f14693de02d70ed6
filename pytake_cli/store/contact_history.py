"""What happened to a contact besides messages: changes with who made them, and notes about the person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index

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
    actor: str = ""  # user:3 | flow:lead | import:7 | campaign:2 | webhook
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
