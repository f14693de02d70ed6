"""Contacts and their identities: one person, several ways to be known, found but never rewritten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Session

from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE, USERNAME, Book, Keys, Known, Someone
from pytake_cli.policy.phones import variants
from pytake_cli.store.rows import Owned, among, insert, json, long_text, primary_key, reference, since, time
from pytake_cli.store.types import UtcTime

SEEN_PRECISION = timedelta(minutes=1)  # a busy contact's identities are written once a minute, not once a message


class Contact(Owned, table=True):
    __tablename__ = "contact"
    # A table of its own for audiences, as it were: a million people are counted in it in 50 ms, newest first in 0.1.
    __table_args__ = (
        Index(
            "ix_contact_audience",
            *("org_id", "merged_into_id", "deleted_at", "id", "stage", "score", "vip", "created_at", "blocked_at"),
            *("marketing_granted_at", "marketing_stopped_at", "opted_out_at"),
        ),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str = ""  # what we call them; empty: profile name, username or number stand in
    profile_name: str = ""  # what they call themselves on WhatsApp
    language: str = ""
    tz: str = ""
    fields: dict[str, Any] = json(dict)
    stage: str = ""  # where they stand: lead, customer …; the organisation's own words
    score: int = 0
    vip: bool = since(False)
    blocked_at: datetime | None = time(nullable=True)
    marketing_stopped_at: datetime | None = time(nullable=True)  # the newest word of the consent ledger …
    marketing_granted_at: datetime | None = time(nullable=True)  # … is either a stop or a grant, or there is none
    marketing_held_until: datetime | None = time(nullable=True)  # Meta delivers them no marketing before then
    utility_stopped_at: datetime | None = time(nullable=True)  # wants no utility templates that a campaign sends
    opted_out_at: datetime | None = time(nullable=True)  # wants nothing automatic, until a start word
    automation_off_until: datetime | None = time(nullable=True)  # a bot answered a bot: people only, for a while
    merged_into_id: int | None = reference("contact.id", nullable=True)
    deleted_at: datetime | None = time(nullable=True)  # in no list and no audience; forgotten for good by retention
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
    """A line of the ledger; the newest line of a purpose (by `at`) holds. Only `services.consent` writes it."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_contact", "contact_id", "purpose"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    contact_id: int = reference("contact.id")
    purpose: str = "marketing"  # marketing | utility | all: everything that no person wrote
    granted: bool
    source: str  # webhook | error | word | merge, or in words where it was said: "loja física"
    proof: str = long_text()  # the words, the wamid or the document that says so
    actor: str = ""  # as in the contact's history
    at: datetime = time()


class ServiceWindow(Owned, table=True):
    """Where a contact and a number stand with each other: Meta's 24-hour window and the pair limit."""

    __tablename__ = "service_window"
    __table_args__ = (
        Index("ix_service_window_contact", "contact_id"),
        Index("ix_service_window_closing", "org_id", "last_inbound_at"),
    )

    number_id: int = reference("number.id", primary_key=True)
    contact_id: int = reference("contact.id", primary_key=True)
    org_id: int = reference("organisation.id")
    last_inbound_at: datetime | None = time(nullable=True)  # Meta's timestamp of the contact's last message
    entry_point_at: datetime | None = time(nullable=True)  # last message that came from an advertisement
    pair_free_at: datetime | None = time(nullable=True)  # theoretical arrival time of the pair's pacing


contact = Contact.__table__  # type: ignore[attr-defined]
consent = Consent.__table__  # type: ignore[attr-defined]
identity = Identity.__table__  # type: ignore[attr-defined]
service_window = ServiceWindow.__table__  # type: ignore[attr-defined]

_FIND = (
    sa.select(
        identity.c.id,
        identity.c.kind,
        identity.c.value,
        identity.c.contact_id,
        identity.c.retired_at,
        identity.c.last_seen_at,
        contact.c.profile_name,
    )
    .join(contact, contact.c.id == identity.c.contact_id)
    .where(
        identity.c.org_id == sa.bindparam("org"),
        identity.c.kind == sa.bindparam("of_kind"),
        identity.c.scope == sa.bindparam("in_scope"),
        identity.c.value.in_(sa.bindparam("of_values", expanding=True)),
        contact.c.merged_into_id.is_(None),
    )
    # On PostgreSQL a merge locks both contacts: it waits for this transaction, or this statement sees what it left.
    .with_for_update(read=True, key_share=True, of=contact)
)


def match(db: Session, org_id: int, scope: str, keys: Sequence[Keys], now: datetime) -> list[int | None]:
    """The contact that each of `keys` names, if there is one; changes nothing."""
    book = open_book(db, org_id, scope, keys, now)
    found = [book.find(one) for one in keys]
    return [someone.id if someone else None for someone in found]


def open_book(
    db: Session, org_id: int, scope: str, keys: Sequence[Keys], now: datetime, usernames: Collection[str] = ()
) -> Book:
    """Everything the store knows of these keys; other spellings are looked up only for phones that are new."""
    book = Book(now)
    _read(db, book, org_id, PHONE, "", {one.phone for one in keys})
    _read(db, book, org_id, BSUID, scope, {one.bsuid for one in keys})
    _read(db, book, org_id, PARENT_BSUID, scope, {one.parent_bsuid for one in keys})
    _read(db, book, org_id, USERNAME, scope, set(usernames))
    strangers = {one.phone for one in keys if one.phone and (PHONE, one.phone) not in book.known}
    _read(db, book, org_id, PHONE, "", {other for phone in strangers for other in variants(phone)[1:]})
    return book


def _read(db: Session, book: Book, org_id: int, kind: str, scope: str, values: set[str]) -> None:
    values.discard("")
    if not values:
        return
    asked = {"org": org_id, "of_kind": kind, "in_scope": scope, "of_values": sorted(values)}
    for row in db.connection().execute(_FIND, asked):
        owner = book.contact(row.contact_id, row.profile_name)
        book.known[row.kind, row.value] = Known(row.kind, row.value, owner, row.id, row.retired_at, row.last_seen_at)


def insert_missing(db: Session, org_id: int, scope: str, book: Book) -> list[int] | None:
    """Writes the contacts and identities that have no rows yet; the ids of new contacts.

    None when another transaction was faster with one of the identities: what it wrote is to be read first.
    """
    new = [known for known in book.known.values() if known.id is None]
    owners = (known.owner.root() for known in book.known.values() if known.id is None or known.changed)
    strangers = list({id(owner): owner for owner in owners if owner.id is None}.values())
    if strangers:
        rows = [_contact_row(org_id, someone, book.now) for someone in strangers]
        added = sa.insert(contact).returning(contact.c.id, sort_by_parameter_order=True)
        for someone, id_ in zip(strangers, db.connection().execute(added, rows).scalars(), strict=True):
            someone.id = id_
    if not new:
        return [someone.id for someone in strangers if someone.id]
    rows = [_identity_row(org_id, scope, known, book.now) for known in sorted(new, key=lambda k: (k.kind, k.value))]
    missing = insert(db, identity).on_conflict_do_nothing().returning(identity.c.contact_id)
    written = db.connection().execute(missing, rows).scalars().all()
    if len(written) == len(rows):
        return [someone.id for someone in strangers if someone.id]
    ours = [someone.id for someone in strangers]
    db.connection().execute(sa.delete(identity).where(identity.c.contact_id.in_(ours)))
    db.connection().execute(sa.delete(contact).where(contact.c.id.in_(ours)))
    return None


def _contact_row(org_id: int, someone: Someone, now: datetime) -> dict[str, Any]:
    someone.renamed = False
    return {
        "org_id": org_id,
        "name": "",
        "profile_name": someone.profile_name,
        "language": "",
        "tz": "",
        "fields": {},
        "stage": "",
        "score": 0,
        "created_at": now,
        "updated_at": now,
    }


def _identity_row(org_id: int, scope: str, known: Known, now: datetime) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "contact_id": known.owner.root().id,
        "kind": known.kind,
        "value": known.value,
        "scope": "" if known.kind == PHONE else scope,
        "first_seen_at": now,
        "last_seen_at": now,
    }


_MOVE = (
    sa.update(identity)
    .where(identity.c.id == sa.bindparam("of_id"))
    .values(contact_id=sa.bindparam("to_contact"), retired_at=None, last_seen_at=sa.bindparam("at", type_=UtcTime))
)
_SEEN = (
    sa.update(identity)
    .where(identity.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(last_seen_at=sa.bindparam("at", type_=UtcTime))
)
_RENAME = (
    sa.update(contact)
    .where(contact.c.id == sa.bindparam("of_id"))
    .values(profile_name=sa.bindparam("to_name"), updated_at=sa.bindparam("at", type_=UtcTime))
)


def update_changed(db: Session, book: Book) -> list[int]:
    """Writes what happened to rows: identities moved or seen, contacts called otherwise; returns these contacts."""
    known = [one for one in book.known.values() if one.id is not None]
    moved = [{"of_id": k.id, "to_contact": k.owner.root().id, "at": book.now} for k in known if k.changed]
    if moved:
        db.connection().execute(_MOVE, moved)
    stale = book.now - SEEN_PRECISION
    seen = sorted(k.id for k in known if k.id and k.seen and k.last_seen_at and k.last_seen_at < stale)
    if seen:
        db.connection().execute(_SEEN, {"ids": seen, "at": book.now})
    renamed = {root.id: root for someone in book.contacts.values() if (root := someone.root()).renamed and root.id}
    rows = [{"of_id": id_, "to_name": root.profile_name, "at": book.now} for id_, root in sorted(renamed.items())]
    if rows:
        db.connection().execute(_RENAME, rows)
    return sorted(renamed)


def show_usernames(db: Session, org_id: int, scope: str, book: Book) -> None:
    """Gives each username to whoever showed it last, and retires the one they had before."""
    shown = {someone.root().id: name for name, someone in book.usernames.items()}  # one a person: the last
    news = {
        name: contact_id
        for contact_id, name in shown.items()
        if (known := book.known.get((USERNAME, name))) is None
        or known.owner.root().id != contact_id
        or known.retired_at is not None
    }
    if not news:
        return
    theirs = (identity.c.contact_id.in_(news.values()), identity.c.kind == USERNAME, identity.c.scope == scope)
    former = sa.update(identity).where(*theirs, identity.c.value.not_in(news), identity.c.retired_at.is_(None))
    db.connection().execute(former.values(retired_at=book.now))
    rows = [
        {
            "org_id": org_id,
            "contact_id": contact_id,
            "kind": USERNAME,
            "value": name,
            "scope": scope,
            "first_seen_at": book.now,
            "last_seen_at": book.now,
        }
        for name, contact_id in sorted(news.items())
    ]
    shows = insert(db, identity)
    taken_over = {"contact_id": shows.excluded.contact_id, "retired_at": None, "last_seen_at": book.now}
    keys = ["org_id", "kind", "value", "scope"]
    db.connection().execute(shows.on_conflict_do_update(index_elements=keys, set_=taken_over), rows)


_NEWEST_FIRST = (identity.c.retired_at.is_not(None), identity.c.last_seen_at.desc(), identity.c.id.desc())
_LAST_INBOUND = sa.select(service_window.c.last_inbound_at).where(
    service_window.c.number_id == sa.bindparam("number"), service_window.c.contact_id == sa.bindparam("contact")
)


def last_inbound_at(db: Session, number_id: int, contact_id: int) -> datetime | None:
    """Meta's timestamp of the contact's last message to the number, which opened their window."""
    at: datetime | None = db.connection().execute(_LAST_INBOUND, {"number": number_id, "contact": contact_id}).scalar()
    return at


def identities_of(db: Session, contact_ids: Iterable[int]) -> dict[int, list[sa.Row[Any]]]:
    """Each contact's identities, the newest first; retired ones last."""
    found: dict[int, list[sa.Row[Any]]] = {}
    theirs = sa.select(identity).where(among(db, identity.c.contact_id, list(contact_ids)))
    for row in db.connection().execute(theirs.order_by(*_NEWEST_FIRST)):
        found.setdefault(row.contact_id, []).append(row)
    return found
