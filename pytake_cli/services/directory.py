"""The contacts as people keep them: made by hand, listed, shown, changed. What webhooks do is in contacts.py."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session, col, func, select

from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.policy import phones
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE, USERNAME, Keys, storable
from pytake_cli.services import contacts
from pytake_cli.store import search
from pytake_cli.store.contacts import Consent, Contact, ServiceWindow, identities_of, match
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp.webhooks import Person

OWN = ("name", "language", "tz")  # what `edit` knows by name; everything else is a field of the organisation's own
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LANGUAGE = re.compile(r"([a-z]{2,3})([-_][A-Za-z0-9]{2,8})*")
# ISO 639-1, and Filipino, which WhatsApp's templates know too
_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en"
    " eo es et eu fa ff fi fil fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu"
    " ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb"
    " nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr"
    " ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES = frozenset(_ISO_639_1.split())
SEARCH_LIMIT = 1000


def create(db: Session, org_id: int, phone: str, changes: Mapping[str, str], now: datetime) -> Contact:
    """Adds a person by phone number; raises Conflict when a contact has it already, in whatever spelling."""
    country = db.get_one(Organisation, org_id).country
    digits = phones.parse(phone, country).removeprefix("+")
    [known] = match(db, org_id, "", [Keys(digits)], now)
    if known is not None:
        raise Conflict(
            "PT-CONTACT-EXISTS",
            "{phone} is contact:{id} already",
            fix="pytake contact set contact:{id} name=…",
            phone=f"+{digits}",
            id=known,
        )
    [contact_id] = contacts.resolve(db, org_id, "", [Person(wa_id=digits)], now)
    contact = db.get_one(Contact, contact_id)
    edit(db, contact, changes, now)
    return contact


def edit(db: Session, contact: Contact, changes: Mapping[str, str], now: datetime) -> list[str]:
    """Changes name, language, tz, or fields of the organisation's own; an empty value removes. Returns what changed."""
    fields = dict(contact.fields)
    changed = []
    for name, value in changes.items():
        text = storable(value).strip()
        _check(name, text)
        before = getattr(contact, name) if name in OWN else fields.get(name, "")
        if before == text:
            continue
        changed.append(name)
        if name in OWN:
            setattr(contact, name, text)
        elif text:
            fields[name] = text
        else:
            fields.pop(name, None)
    if changed:
        contact.fields = fields
        contact.updated_at = now
        db.add(contact)
        payload = {"contact": contact.id, "changed": changed}
        db.add(Event(org_id=contact.org_id, kind="contact:updated", payload=payload, at=now))
        db.flush()
    return changed


def _check(name: str, value: str) -> None:
    match name:
        case "tz" if value and not _is_zone(value):
            raise InvalidData(
                "PT-CONTACT-VALUE",
                "there is no time zone {value}",
                fix="pytake contact set CONTACT tz=America/Sao_Paulo",
                value=value,
            )
        case "language" if value and not is_language(value):
            raise InvalidData(
                "PT-CONTACT-VALUE",
                "there is no language {value}",
                fix="pytake contact set CONTACT language=pt-BR",
                value=value,
            )
        case _ if name not in OWN and not _FIELD.fullmatch(name):
            raise InvalidData(
                "PT-CONTACT-VALUE",
                "{name} cannot be the name of a field: those are small letters, digits and _",
                fix="pytake contact set CONTACT city=Campinas",
                name=name,
            )


def _is_zone(value: str) -> bool:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def is_language(value: str) -> bool:
    found = _LANGUAGE.fullmatch(value)
    return found is not None and found[1] in LANGUAGES


def page(
    db: Session, org_id: int, *, words: str | None = None, limit: int | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Contacts, newest first, and how many there are in all; `words` narrows to names, a phone or a username."""
    query = select(Contact).where(Contact.org_id == org_id, col(Contact.merged_into_id).is_(None))
    if words:
        begun = words if words.endswith(('"', "*")) else f"{words}*"
        ids = search.ids(db, "contact", begun, org=org_id, limit=SEARCH_LIMIT)
        query = query.where(col(Contact.id).in_([*ids, *contacts.candidates(db, org_id, words.strip())]))
    total = db.exec(select(func.count()).select_from(query.subquery())).one()
    found = db.exec(query.order_by(col(Contact.id).desc()).limit(limit)).all()
    return rows(db, found), total


def rows(db: Session, found: Sequence[Contact]) -> list[dict[str, Any]]:
    """What lists show of contacts; one query for all their identities."""
    known: dict[int, list[Any]] = {}
    ids = [contact.id for contact in found if contact.id is not None]
    for start in range(0, len(ids), 500):
        known |= identities_of(db, ids[start : start + 500])
    return [_row(contact, known.get(contact.id or 0, [])) for contact in found]


def _row(contact: Contact, known: Sequence[Any]) -> dict[str, Any]:
    newest = {one.kind: one.value for one in reversed(known) if one.retired_at is None}
    phone = newest.get(PHONE)
    return {
        **contact.model_dump(),
        "display": contacts.display_name(contact, known),
        "phone": f"+{phone}" if phone else None,
        "username": newest.get(USERNAME),
        "bsuid": newest.get(BSUID) or newest.get(PARENT_BSUID),
        "last_seen_at": max((one.last_seen_at for one in known), default=None),
    }


def card(db: Session, contact: Contact) -> dict[str, Any]:
    """Everything about one contact: identities, windows, consents, how many conversations, who was merged into it."""
    assert contact.id is not None
    known = identities_of(db, [contact.id]).get(contact.id, [])
    windows = select(ServiceWindow, Number).join(Number, col(Number.id) == col(ServiceWindow.number_id))
    consents = select(Consent).where(Consent.contact_id == contact.id).order_by(col(Consent.id).desc())
    conversations = select(func.count()).select_from(Conversation).where(Conversation.contact_id == contact.id)
    merged = select(Contact.id).where(Contact.merged_into_id == contact.id)
    return {
        **_row(contact, known),
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
        "windows": [
            {"number": number.display, "last_inbound_at": window.last_inbound_at}
            for window, number in db.exec(windows.where(ServiceWindow.contact_id == contact.id))
        ],
        "consents": [
            {"purpose": one.purpose, "granted": one.granted, "source": one.source, "at": one.at}
            for one in db.exec(consents)
        ],
        "conversations": db.exec(conversations).one(),
        "merged": list(db.exec(merged)),
    }
