"""Messages as people look for them: by number, by wamid or the beginning of one, in lists, by their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.services.conversations import identities, name_of, phone_of
from pytake_cli.store import search
from pytake_cli.store.contacts import Contact, Identity
from pytake_cli.store.conversations import Note
from pytake_cli.store.messages import Message, StatusEvent

WAMID = "wamid."
SHORTEST_PREFIX = 4  # characters of a wamid after "wamid."
PLACES = ("messages", "notes", "contacts")


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list, newest first; every field narrows it."""

    conversation_id: int | None = None
    contact_id: int | None = None
    direction: Literal["in", "out"] | None = None
    statuses: Sequence[str] = ()
    kind: str | None = None
    since: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A message and the person it went to or came from."""

    message: Message
    contact: Contact
    identities: tuple[Identity, ...]

    @property
    def name(self) -> str:
        return name_of(self.contact, self.identities)

    @property
    def phone(self) -> str | None:
        return phone_of(self.identities)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found by its words: a message or a note in a conversation, or a contact."""

    place: Literal["messages", "notes", "contacts"]
    id: int
    at: datetime
    text: str
    contact: Contact | None
    conversation_id: int | None = None


def find(db: Session, ref: str) -> Message:
    """The message with that number, that wamid, or the only one whose wamid begins so."""
    wanted = ref.strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 18:
        found = db.exec(select(Message).where(Message.id == int(wanted))).all()
    else:
        found = _by_wamid(db, wanted)
    if not found:
        raise NotFound("PT-MESSAGE", "there is no message {ref}", fix="pytake message list", ref=ref)
    if len(found) > 1:
        raise Conflict(
            "PT-MESSAGE-AMBIGUOUS",
            "several messages begin with {ref}: {some}",
            fix="pytake message list --fields id,wamid",
            ref=ref,
            some=", ".join(str(each.id) for each in found[:3]),
        )
    return found[0]


def _by_wamid(db: Session, wanted: str) -> Sequence[Message]:
    exact = db.exec(select(Message).where(Message.wamid == wanted)).all()
    if exact:
        return exact
    prefix = WAMID + wanted.removeprefix(WAMID).rstrip("….")
    if len(prefix) < len(WAMID) + SHORTEST_PREFIX:
        raise InvalidData(
            "PT-MESSAGE-REF",
            "{ref} is neither a message's number nor the beginning of a wamid",
            fix="pytake message list --fields id,wamid",
            ref=wanted,
        )
    begins = select(Message).where(col(Message.wamid).startswith(prefix, autoescape=True)).limit(20)
    return [each for each in db.exec(begins) if (each.wamid or "").startswith(prefix)]


def listed(db: Session, wanted: Filter) -> list[Listed]:
    query = (
        select(Message, Contact)
        .join(Contact, col(Contact.id) == Message.contact_id)
        .where(*_conditions(wanted))
        .order_by(col(Message.id).desc())
        .limit(wanted.limit)
    )
    rows = db.exec(query).all()
    known = identities(db, [contact.id for _, contact in rows if contact.id is not None])
    return [Listed(message, contact, known.get(message.contact_id, ())) for message, contact in rows]


def people_of(db: Session, found: Sequence[Message]) -> list[Listed]:
    """The messages, each with its person."""
    ids = [message.contact_id for message in found]
    contacts = {contact.id: contact for contact in db.exec(select(Contact).where(col(Contact.id).in_(ids)))}
    known = identities(db, ids)
    return [Listed(each, contacts[each.contact_id], known.get(each.contact_id, ())) for each in found]


def count(db: Session, wanted: Filter) -> int:
    """How many there are without the limit."""
    return db.exec(select(func.count()).select_from(Message).where(*_conditions(wanted))).one()


def _conditions(wanted: Filter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.conversation_id is not None:
        conditions.append(Message.conversation_id == wanted.conversation_id)
    if wanted.contact_id is not None:
        conditions.append(Message.contact_id == wanted.contact_id)
    if wanted.direction is not None:
        conditions.append(Message.direction == wanted.direction)
    if wanted.statuses:
        conditions.append(col(Message.status).in_(list(wanted.statuses)))
    if wanted.kind is not None:
        conditions.append(Message.kind == wanted.kind)
    if wanted.since is not None:
        conditions.append(Message.at >= wanted.since)
    return conditions


def statuses(db: Session, message: Message) -> list[StatusEvent]:
    """Every status that Meta told of the message, in the order of their times."""
    return list(
        db.exec(select(StatusEvent).where(StatusEvent.message_id == message.id).order_by(col(StatusEvent.at))).all()
    )


def search_words(
    db: Session, words: str, *, org: int, places: Sequence[str] = PLACES, since: datetime | None = None, limit: int = 50
) -> list[Hit]:
    """Messages, notes and contacts that have all the words, newest first."""
    hits: list[Hit] = []
    if "messages" in places:
        hits += _messages_with(db, search.ids(db, "message", words, org=org, limit=limit))
    if "notes" in places:
        hits += _notes_with(db, search.ids(db, "note", words, org=org, limit=limit))
    if "contacts" in places:
        hits += _contacts_with(db, search.ids(db, "contact", words, org=org, limit=limit))
    found = [hit for hit in hits if since is None or hit.at >= since]
    return sorted(found, key=lambda hit: hit.at, reverse=True)[:limit]


def _messages_with(db: Session, ids: Sequence[int]) -> list[Hit]:
    query = (
        select(Message, Contact).join(Contact, col(Contact.id) == Message.contact_id).where(col(Message.id).in_(ids))
    )
    return [
        Hit("messages", message.id or 0, message.at, message.text, contact, message.conversation_id)
        for message, contact in db.exec(query)
    ]


def _notes_with(db: Session, ids: Sequence[int]) -> list[Hit]:
    notes = db.exec(select(Note).where(col(Note.id).in_(ids)))
    return [Hit("notes", note.id or 0, note.created_at, note.body, None, note.conversation_id) for note in notes]


def _contacts_with(db: Session, ids: Sequence[int]) -> list[Hit]:
    contacts = db.exec(select(Contact).where(col(Contact.id).in_(ids), col(Contact.deleted_at).is_(None)))
    return [Hit("contacts", each.id or 0, each.updated_at, each.name or each.profile_name, each) for each in contacts]
