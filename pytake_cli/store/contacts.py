"""Contacts and their identities: one person, several ways to be known, found but never rewritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time

PHONE, BSUID, PARENT_BSUID, USERNAME = "phone", "bsuid", "parent_bsuid", "username"


class Contact(Owned, table=True):
    __tablename__ = "contact"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id", index=True)
    name: str = ""  # what we call them; empty: profile name, username or number stand in
    profile_name: str = ""  # what they call themselves on WhatsApp
    language: str = ""
    tz: str = ""
    fields: dict[str, Any] = json(dict)
    blocked_at: datetime | None = time(nullable=True)
    marketing_stopped_at: datetime | None = time(nullable=True)  # the newest word of the consent ledger
    merged_into_id: int | None = reference("contact.id", nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


class Identity(Owned, table=True):
    """`value`: phones as digits without `+` (the wa_id, or what was dialled), the rest byte by byte as Meta has it."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("org_id", "kind", "value", "scope"),
        Index("ix_identity_contact", "contact_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    contact_id: int = reference("contact.id")
    kind: str  # phone | bsuid | parent_bsuid | username
    value: str
    scope: str = ""  # the portfolio for all but phones, which belong to the world
    retired_at: datetime | None = time(nullable=True)  # still finds late statuses, never dialled again
    first_seen_at: datetime = time()
    last_seen_at: datetime = time()


class Consent(Owned, table=True):
    """A line of the ledger; the newest line of a purpose holds."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact", "contact_id", "purpose"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    contact_id: int = reference("contact.id")
    purpose: str = "marketing"
    granted: bool
    source: str  # webhook | error | word | person | import
    proof: str = long_text()  # the words, the wamid or the document that says so
    actor: str = ""
    at: datetime = time()


class ServiceWindow(Owned, table=True):
    """Where a contact and a number stand with each other: Meta's 24-hour window and the pair limit."""

    __tablename__ = "service_window"
    __table_args__ = (Index("ix_service_window_contact", "contact_id"),)

    number_id: int = reference("number.id", primary_key=True)
    contact_id: int = reference("contact.id", primary_key=True)
    org_id: int = reference("organisation.id")
    last_inbound_at: datetime | None = time(nullable=True)  # Meta's timestamp of the contact's last message
    entry_point_at: datetime | None = time(nullable=True)  # last message that came from an advertisement
    pair_free_at: datetime | None = time(nullable=True)  # theoretical arrival time of the pair's pacing
