"""The other side of a conversation: the contact, what flows know of them, and how they may be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE
from pytake_cli.store import tags
from pytake_cli.store.contacts import Contact, identities_of, last_inbound_at
from pytake_cli.whatsapp.messages import Address


@dataclass(frozen=True, slots=True)
class Party:
    """As they stood when the transaction looked: whoever changes one of these looks again."""

    contact: Contact
    identities: Sequence[Row[Any]]  # the newest first; retired ones last
    tags: Sequence[str]
    last_inbound_at: datetime | None  # of what they wrote to the number


def of(db: Session, contact: Contact, number_id: int) -> Party:
    if contact.id is None:  # somebody whom nobody has kept yet
        return Party(contact, (), (), None)
    return Party(
        contact,
        identities_of(db, [contact.id]).get(contact.id, []),
        tags.of_contacts(db, [contact.id]).get(contact.id, []),
        last_inbound_at(db, number_id, contact.id),
    )


def lock(db: Session, contact_id: int) -> Contact | None:
    """The contact, whom nobody else changes until the transaction ends (on PostgreSQL)."""
    # Not kept from those who only refer to the contact: two arrivals of one person would wait for each other.
    return db.get(Contact, contact_id, with_for_update={"key_share": True})


def locked(db: Session, contact_id: int, number_id: int) -> Party | None:
    contact = lock(db, contact_id)
    return of(db, contact, number_id) if contact is not None else None


def address(party: Party, scope: str) -> Address:
    """How to reach them from a number of the portfolio `scope`: by phone if we have it, else by BSUID."""
    found = reach(party.identities, scope)
    if found is not None:
        return found
    raise InvalidData(
        "PT-CONTACT-ADDRESS",
        "contact:{id} has no phone number, and no id that this number may write to",
        fix="pytake contact show contact:{id}",
        id=party.contact.id,
    )


def reach(identities: Sequence[Row[Any]], scope: str) -> Address | None:
    """The same from a person's identities, the newest first."""
    known = [one for one in identities if one.retired_at is None]
    for one in known:
        if one.kind == PHONE:
            return Address("phone", f"+{one.value}")
    for kind, wire in ((BSUID, "bsuid"), (PARENT_BSUID, "parent_bsuid")):
        for one in known:
            if one.kind == kind and one.scope == scope:
                return Address("bsuid" if wire == "bsuid" else "parent_bsuid", one.value)
    return None
