"""What is held of a person: given out to them, or erased for good, as data protection laws want (LGPD, article 18)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.words import fold
from pytake_cli.policy import phones
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.services import audit, contact_removal, contacts, erasures, retention
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, traces
from pytake_cli.store import retention as rows
from pytake_cli.store.audit import audit_entry
from pytake_cli.store.contacts import Contact, Identity, contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import flow_session
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.traces import Marks

conversation: sa.Table = Conversation.__table__  # type: ignore[attr-defined]
message: sa.Table = Message.__table__  # type: ignore[attr-defined]

RIGHT = "privacy:manage"
OURS = ("note", "contact_note", "mention", "draft")  # what colleagues wrote for each other
NATIONAL_DIGITS = 10  # of the end of a phone number, which is how people write it at home
SHORTEST_NAME = 6  # letters; and two words: others stand in many texts that are not about them


def person(db: Session, org_id: int, ref: str) -> Contact:
    """The contact that `ref` means, also one that was deleted and is not forgotten yet."""
    try:
        return contacts.lookup(db, org_id, ref)
    except NotFound:
        found = _deleted(db, org_id, ref.strip())
        if found is None:
            raise
        return found


def _deleted(db: Session, org_id: int, ref: str) -> Contact | None:
    gone = select(Contact).where(Contact.org_id == org_id, col(Contact.deleted_at).is_not(None))
    id_ = ref.removeprefix("contact:")
    if contacts.is_id(id_):
        return db.exec(gone.where(Contact.id == int(id_))).first()
    try:
        spellings = phones.variants(phones.parse(ref, db.get_one(Organisation, org_id).country))
    except InvalidData:
        return None
    theirs = select(Identity.contact_id).where(Identity.kind == PHONE, col(Identity.value).in_(spellings))
    return db.exec(gone.where(col(Contact.id).in_(theirs))).first()


def name_of(db: Session, row: Contact) -> str:
    """What has to be typed to erase somebody: the phone number, where there is one."""
    mine = select(Identity.value).where(Identity.contact_id == row.id, Identity.kind == PHONE)
    phone = db.exec(mine.order_by(col(Identity.retired_at).is_not(None), col(Identity.id).desc())).first()
    return f"+{phone}" if phone else f"contact:{row.id}"


def held(db: Session, org_id: int, row: Contact) -> dict[str, int]:
    """How many rows of each table are about the person."""
    return _counted(db, row, _traces(db, org_id, row))


def _counted(db: Session, row: Contact, named: Mapping[str, list[traces.Key]]) -> dict[str, int]:
    found = {str(table.name): _count(db, table, which) for table, which in _tables(row)}
    for name, keys in named.items():
        found[name] = found.get(name, 0) + len(keys)
    return {name: count for name, count in found.items() if count}


def export(db: Session, org_id: int, row: Contact, *, notes: bool) -> dict[str, Any]:
    """Everything that is held of the person, by table; without what colleagues wrote for each other unless `notes`."""
    found: dict[str, Any] = {
        str(table.name): _rows(db, _select(table, which))
        for table, which in _tables(row)
        if notes or table.name not in OURS
    }
    told = {"name": contacts.display_names(db, [row.id or 0])[row.id or 0], "contact": row.id}
    kept = {name: rows_ for name, rows_ in found.items() if rows_}
    also = {name: len(keys) for name, keys in _traces(db, org_id, row).items()}
    return {"person": told, "held": kept, "access": access(db, org_id, row), "also_named_in": also}


def erase(
    store: Store, org_id: int, contact_id: int, principal: Principal, *, reason: str, now: datetime
) -> dict[str, int]:
    """Forgets the person for good: how many rows of each table. Stopped half-way, the next time finds the rest."""
    principal.require(RIGHT)
    with store.write(org_id) as db:
        row = db.get_one(Contact, contact_id)
        ids = db.exec(select(Contact.id).where(_people(contact_id))).all()
        erasures.mark(db, org_id, [id_ for id_ in ids if id_ is not None], now)
        if row.deleted_at is None:
            contact_removal.delete(db, row, actor="privacy", now=now)
    with store.read(org_id) as db:
        row = db.get_one(Contact, contact_id)
        named = _traces(db, org_id, row)  # reads the whole journal: once
        counts = _counted(db, row, named)
    traces.forget(store, named)
    if not retention.forget_people(store, _people(contact_id)):
        raise Conflict(
            "PT-PRIVACY-BUSY",
            "contact:{id} could not be erased: something of theirs came just now",
            fix="the same command again",
            id=contact_id,
        )
    with store.write(org_id) as db:
        details = {"rows": sum(counts.values()), "tables": counts, "reason": reason}
        audit.note(db, principal, "contact.erased", f"contact:{contact_id}", details, now=now)
    return counts


def _people(contact_id: int) -> sa.ColumnElement[bool]:
    """The contact and those that were merged into it."""
    found: sa.ColumnElement[bool] = (contact.c.id == contact_id) | (contact.c.merged_into_id == contact_id)
    return found


def _tables(row: Contact) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """The tables whose rows refer to the person, each once, and which rows; the contact's own first."""
    people = _people(row.id or 0)
    found: dict[sa.Table, list[sa.ColumnElement[bool]]] = {contact: [people]}
    for table, which in rows.below(contact, people):
        found.setdefault(table, []).append(which)
    return [(table, sa.or_(*each)) for table, each in found.items()]


def _select(table: sa.Table, which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(table).where(which).order_by(*table.primary_key.columns)


def _rows(db: Session, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in db.connection().execute(query).mappings()]


def _count(db: Session, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())


def _traces(db: Session, org_id: int, row: Contact) -> Mapping[str, list[traces.Key]]:
    numbers = db.exec(select(Number.phone_number_id).where(Number.org_id == org_id)).all()
    return traces.find(db, org_id, _marks(db, row), numbers)


def _marks(db: Session, row: Contact) -> Marks:
    people = db.exec(select(Contact).where(_people(row.id or 0))).all()
    ids = [each.id or 0 for each in people]
    known = db.exec(select(Identity).where(col(Identity.contact_id).in_(ids))).all()
    spelt = {other for each in known if each.kind == PHONE for other in phones.variants(each.value)}
    words = {each.value for each in known if each.kind not in (PHONE, USERNAME)}
    words |= {f"@{each.value}" for each in known if each.kind == USERNAME}
    words |= {name for each in people for name in (each.name, each.profile_name) if _is_whole(name)}
    refs = {("contact", id_) for id_ in ids}
    for kind, table in (("conversation", conversation), ("session", flow_session), ("message", message)):
        theirs = sa.select(table.c.id).where(table.c.contact_id.in_(ids))
        refs |= {(kind, id_) for id_ in db.connection().execute(theirs).scalars()}
    digits = tuple(sorted({each[-NATIONAL_DIGITS:] for each in spelt}))
    return Marks(digits, tuple(sorted(fold(word) for word in words)), frozenset(refs))


def _is_whole(name: str) -> bool:
    return len(name) >= SHORTEST_NAME and len(name.split()) > 1


def access(db: Session, org_id: int, row: Contact) -> list[dict[str, Any]]:
    """Who looked at the person's data or changed them, as the audit log has it."""
    theirs = db.exec(select(Conversation.id).where(Conversation.contact_id == row.id)).all()
    targets = [f"contact:{row.id}", *(f"conversation:{id_}" for id_ in theirs)]
    told = (audit_entry.c.at, audit_entry.c.actor, audit_entry.c.action, audit_entry.c.target)
    mine = sa.select(*told).where(audit_entry.c.org_id == org_id, audit_entry.c.target.in_(targets))
    return _rows(db, mine.order_by(audit_entry.c.serial))
