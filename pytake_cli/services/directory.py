"""The contacts as people keep them: made by hand, listed, shown, changed. What webhooks do is in contacts.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from pytake_cli.errors import Conflict
from pytake_cli.policy import phones
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE, USERNAME, Keys
from pytake_cli.services import contact_changes, contact_removal, contacts, erasures
from pytake_cli.services.contact_values import Changes
from pytake_cli.store import search, tags
from pytake_cli.store.contact_history import ContactChange, ContactNote
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow, identities_of, match
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User
from pytake_cli.whatsapp.webhooks import Person

SEARCH_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which contacts a list shows; all that is given must be so. `among` is a query of ids, such as a segment's."""

    words: str = ""  # names or how they begin, a phone or a username
    tags: tuple[str, ...] = ()
    stage: str = ""
    among: sa.Select[Any] | None = None


def create(db: Session, org_id: int, phone: str, wanted: Changes, *, actor: str, now: datetime) -> Contact:
    """Adds a person by phone number; raises Conflict when a contact has it already, in whatever spelling.

    Who was deleted is there again, with what is known of them: what they had stopped stays so.
    """
    country = db.get_one(Organisation, org_id).country
    digits = phones.parse(phone, country).removeprefix("+")
    [known] = match(db, org_id, "", [Keys(digits)], now)
    if known is None:
        erasures.refuse(db, org_id, digits)
        [known] = contacts.resolve(db, org_id, "", [Person(wa_id=digits)], now)
    elif not contact_removal.revive(db, [known], actor=actor, now=now):
        raise Conflict(
            "PT-CONTACT-EXISTS",
            "{phone} is contact:{id} already",
            fix="pytake contact set contact:{id} name=…",
            phone=f"+{digits}",
            id=known,
        )
    contact_changes.apply(db, org_id, [known], wanted, actor=actor, now=now)
    return db.get_one(Contact, known)


def page(
    db: Session, org_id: int, given: Filter, *, limit: int | None = None, before: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Contacts, newest first, those older than the contact `before`; and how many there are in all."""
    query = select(Contact).where(Contact.org_id == org_id, *contacts.alive())
    if given.words:
        begun = given.words if given.words.endswith(('"', "*")) else f"{given.words}*"
        ids = search.ids(db, "contact", begun, org=org_id, limit=SEARCH_LIMIT)
        query = query.where(col(Contact.id).in_([*ids, *contacts.candidates(db, org_id, given.words.strip())]))
    for name in given.tags:
        query = query.where(col(Contact.id).in_(tags.having(org_id, name)))
    if given.stage:
        query = query.where(Contact.stage == given.stage)
    if given.among is not None:
        query = query.where(col(Contact.id).in_(given.among))
    total = db.exec(select(func.count()).select_from(query.subquery())).one()
    if before is not None:
        query = query.where(col(Contact.id) < before)
    found = db.exec(query.order_by(col(Contact.id).desc()).limit(limit)).all()
    return rows(db, found), total


def rows(db: Session, found: Sequence[Contact]) -> list[dict[str, Any]]:
    """What lists show of contacts; two queries for every 500 of them."""
    known: dict[int, list[Any]] = {}
    tagged: dict[int, list[str]] = {}
    ids = [contact.id for contact in found if contact.id is not None]
    for start in range(0, len(ids), 500):
        known |= identities_of(db, ids[start : start + 500])
        tagged |= tags.of_contacts(db, ids[start : start + 500])
    return [_row(contact, known.get(contact.id or 0, []), tagged.get(contact.id or 0, [])) for contact in found]


def _row(contact: Contact, known: Sequence[Any], tagged: Sequence[str]) -> dict[str, Any]:
    newest = {one.kind: one.value for one in reversed(known) if one.retired_at is None}
    phone = newest.get(PHONE)
    return {
        **contact.model_dump(),
        "display": contacts.display_name(contact, known),
        "phone": f"+{phone}" if phone else None,
        "username": newest.get(USERNAME),
        "bsuid": newest.get(BSUID) or newest.get(PARENT_BSUID),
        "tags": list(tagged),
        "last_seen_at": max((one.last_seen_at for one in known), default=None),
    }


# What the parts of a card are called in it.
PARTS = (
    *("kind", "value", "scope", "retired_at", "last_seen_at", "number", "last_inbound_at"),
    *("purpose", "granted", "source", "proof", "actor", "at", "body", "by"),
)


def card(db: Session, contact: Contact) -> dict[str, Any]:
    """Everything about one contact: identities, windows, consents, notes, how much history there is, who was merged."""
    assert contact.id is not None
    known = identities_of(db, [contact.id]).get(contact.id, [])
    merged = select(Contact.id).where(Contact.merged_into_id == contact.id)
    return {
        **rows(db, [contact])[0],
        "identities": [
            {
                "kind": one.kind,
                "value": f"+{one.value}" if one.kind == PHONE else one.value,
                "scope": one.scope,
                "retired_at": one.retired_at,
                "last_seen_at": one.last_seen_at,
            }
            for one in known
        ],
        "windows": _windows(db, contact.id),
        "consents": consents(db, contact.id),
        "notes": _notes(db, contact.id),
        "conversations": _count(db, Conversation, contact.id),
        "history": _count(db, ContactChange, contact.id),
        "merged": list(db.exec(merged)),
    }


def _windows(db: Session, contact_id: int) -> list[dict[str, Any]]:
    both = select(ServiceWindow, Number).join(Number, col(Number.id) == col(ServiceWindow.number_id))
    return [
        {"number": number.display, "last_inbound_at": window.last_inbound_at}
        for window, number in db.exec(both.where(ServiceWindow.contact_id == contact_id))
    ]


def consents(db: Session, contact_id: int) -> list[dict[str, Any]]:
    """The lines of a contact's ledger, the newest first."""
    mine = select(Consent).where(Consent.contact_id == contact_id)
    names = ("purpose", "granted", "source", "proof", "actor", "at")
    newest_first = mine.order_by(col(Consent.at).desc(), col(Consent.id).desc())
    return [{name: getattr(one, name) for name in names} for one in db.exec(newest_first)]


def _notes(db: Session, contact_id: int) -> list[dict[str, Any]]:
    mine = select(ContactNote, User.name).join(User, col(User.id) == col(ContactNote.author_id), isouter=True)
    newest_first = mine.where(ContactNote.contact_id == contact_id).order_by(col(ContactNote.id).desc())
    return [{"body": note.body, "by": by, "at": note.created_at} for note, by in db.exec(newest_first)]


def _count(db: Session, table: Any, contact_id: int) -> int:
    return int(db.exec(select(func.count()).select_from(table).where(table.contact_id == contact_id)).one())


def history(
    db: Session, contact_id: int, *, limit: int | None = None, before: int | None = None
) -> tuple[list[ContactChange], int]:
    """What happened to a contact, newest first, before the line `before`; and how much there is in all."""
    mine = select(ContactChange).where(ContactChange.contact_id == contact_id)
    if before is not None:
        mine = mine.where(col(ContactChange.id) < before)
    found = db.exec(mine.order_by(col(ContactChange.id).desc()).limit(limit)).all()
    return list(found), _count(db, ContactChange, contact_id)
