"""Follows what happens: webhooks as they are journalled and events as they are written, one organisation's only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.services import incidents
from pytake_cli.services.conversations import identities, name_of
from pytake_cli.store import events
from pytake_cli.store.ahead import Ahead
from pytake_cli.store.contacts import Contact
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import webhooks
from pytake_cli.whatsapp.webhooks import AccountEvent, Echo, Incoming, Preference, Status, Unknown, Update

_JOURNAL = Journal.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read: the last journal row and the last event; and what they wait for meanwhile."""

    journal: int = 0
    event: int = 0
    journal_ahead: Ahead = field(default_factory=lambda: Ahead(_JOURNAL), compare=False, repr=False)
    event_ahead: Ahead = field(default_factory=lambda: Ahead(events.event), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing to show: an update of a webhook (`journal` names it), or an event of the store (`event`)."""

    at: datetime
    name: str  # message.text, status.delivered, account.account_update, message:new …
    source: str  # webhook | event
    subject: str = ""  # who or what it is about
    text: str = ""
    wamid: str = ""
    journal: int | None = None
    event: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A body to hand on: only those whose every update belongs to the organisation."""

    id: int
    app: str
    body: bytes
    names: tuple[str, ...]


def latest(db: Session) -> Cursor:
    """The end of both, for somebody who wants only what comes next."""
    beginning = Cursor()
    return replace(beginning, journal=beginning.journal_ahead.end(db), event=beginning.event_ahead.end(db))


def since(db: Session, cursor: Cursor) -> tuple[list[Happening], list[Webhook], Cursor]:
    """What happened after the cursor, in order, and the cursor for the next time. What is committed late comes too."""
    ours = _Ours.of(db)
    happenings: list[Happening] = []
    bodies: list[Webhook] = []
    after = replace(
        cursor,
        journal=cursor.journal_ahead.look(db, cursor.journal).through,
        event=cursor.event_ahead.look(db, cursor.event).through,
    )
    for row in db.exec(_between(Journal, cursor.journal, after.journal)):
        updates = webhooks.parse(row.body)
        mine = [update for update in updates if ours.owns(update)]
        happenings += [_of_update(update, row) for update in mine]
        if mine and len(mine) == len(updates):
            bodies.append(Webhook(row.id or 0, row.app, row.body, tuple(name_of_update(update) for update in mine)))
    happenings += _of_events(db, list(db.exec(_between(Event, cursor.event, after.event))))
    return sorted(happenings, key=lambda one: one.at), bodies, after


def _between(table: Any, after: int, through: int) -> Any:
    return select(table).where(col(table.id) > after, col(table.id) <= through).order_by(col(table.id))


@dataclass(frozen=True, slots=True)
class _Ours:
    """What tells that an update belongs to the organisation of the session."""

    phone_number_ids: frozenset[str]
    waba_ids: frozenset[str]

    @classmethod
    def of(cls, db: Session) -> _Ours:
        numbers = db.exec(select(Number)).all()
        phone_number_ids = frozenset(number.phone_number_id for number in numbers)
        return cls(phone_number_ids, frozenset(number.waba_id for number in numbers))

    def owns(self, update: Update) -> bool:
        """By its number where it names one, else by its account; what names neither is nobody's."""
        if isinstance(update, Unknown):
            return False
        if update.phone_number_id:
            return update.phone_number_id in self.phone_number_ids
        return update.waba_id in self.waba_ids


def name_of_update(update: Update) -> str:
    """`message.text`, `status.read`, `echo.image`, `preference.stop`, `account.account_update`."""
    match update:
        case Incoming():
            return f"message.{update.kind}"
        case Echo():
            return f"echo.{update.kind}"
        case Status():
            return f"status.{update.status}"
        case Preference():
            return f"preference.{update.value}"
        case AccountEvent():
            return f"account.{update.field}"
        case Unknown():
            return "unknown"


def _of_update(update: Update, row: Journal) -> Happening:
    subject, text, wamid = "", "", getattr(update, "wamid", "")
    match update:
        case Incoming():
            who = update.sender
            subject, text = f"+{who.wa_id}" if who.wa_id else (who.username or who.user_id or ""), update.text
        case Echo():
            subject, text = f"+{update.recipient.wa_id}" if update.recipient.wa_id else "", update.text
        case Status():
            known = update.recipient.wa_id if update.recipient else None
            subject = f"+{known}" if known else ""
            text = ", ".join(f"{error.code} {error.title}" for error in update.errors)
        case Preference():
            subject = f"+{update.person.wa_id}" if update.person.wa_id else ""
            text = update.category
        case AccountEvent():
            text = str(update.value.get("event") or update.value.get("decision") or "")
        case Unknown():
            text = update.reason
    return Happening(row.received_at, name_of_update(update), "webhook", subject, text, wamid, journal=row.id)


def _of_events(db: Session, told: list[Event]) -> list[Happening]:
    wanted = [event.payload["message"] for event in told if event.kind == "message:new" and "message" in event.payload]
    messages = {row.id: row for row in db.exec(select(Message).where(col(Message.id).in_(wanted)))}
    people = _names(db, [row.contact_id for row in messages.values()])
    happenings = []
    for event in told:
        message = messages.get(event.payload.get("message", 0)) if event.kind == "message:new" else None
        happenings.append(
            Happening(
                at=event.at,
                name=event.kind,
                source="event",
                subject=people.get(message.contact_id, "") if message else "",
                text=message.text if message else _short(event),
                wamid=(message.wamid or "") if message else "",
                event=event.id,
                data={**event.payload, "conversation": event.conversation_id},
            )
        )
    return happenings


def _short(event: Event) -> str:
    match event.kind:
        case "message:status":
            return ", ".join(f"{message} {status}" for message, status in event.payload.get("statuses", []))
        case "incident":
            return incidents.said(event.payload)
        case _:
            named = ("status", "field", "note", "contact", "number")
            return ", ".join(f"{name} {event.payload[name]}" for name in named if event.payload.get(name) is not None)


def _names(db: Session, contact_ids: list[int]) -> dict[int, str]:
    known = identities(db, contact_ids)
    found = db.exec(select(Contact).where(col(Contact.id).in_(contact_ids)))
    return {contact.id or 0: name_of(contact, known.get(contact.id or 0, ())) for contact in found}
