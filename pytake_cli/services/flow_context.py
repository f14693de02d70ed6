"""What a session may know: the contact, the conversation and the organisation as they are when an event is applied."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.flow.context import Context, Library
from pytake_cli.flow.jsonable import pack, unpack
from pytake_cli.policy import hours, window
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.services import contacts, flow_signals
from pytake_cli.services.business_hours import schedules
from pytake_cli.services.flow_library import StoreLibrary
from pytake_cli.services.parties import Party
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation

CURRENCIES = {"BR": "BRL", "PT": "EUR", "US": "USD", "AR": "ARS", "MX": "MXN", "CO": "COP", "CL": "CLP", "ES": "EUR"}


def of(
    db: Session, conversation: Conversation, party: Party, session_id: int, version: FlowVersion | None = None
) -> Context:
    """The context of the session's next event. `conversation.signal_token` is what others send it signals with."""
    org = db.get_one(Organisation, conversation.org_id)
    number = db.get_one(Number, conversation.number_id)
    closes = window.closes_at(party.last_inbound_at)
    return Context(
        library=StoreLibrary(db, conversation.org_id, version),
        contact=contact_values(party),
        conversation={
            **conversation_values(conversation, number),
            "signal_token": flow_signals.token_of(db, session_id),
        },
        org=org_values(org),
        tz=party.contact.tz or org.tz,
        window_closes_at=closes - window.MARGIN if closes is not None else None,
        schedules=schedules(org.tz),
    )


def contact_values(party: Party) -> dict[str, Any]:
    """What expressions know as `contact`."""
    return person_values(party.contact, party.identities, party.tags)


def person_values(
    contact: Any, known: Sequence[Any], tagged: Sequence[str], wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """The same of a row of contacts, its identities (newest first) and its tags, for those who read many at once.

    Of `wanted` only those; the row needs no columns but theirs.
    """
    newest = {one.kind: one.value for one in reversed(known) if one.retired_at is None} if known else {}
    return {
        name: read(contact, newest, known, tagged) for name, read in _PERSON.items() if wanted is None or name in wanted
    }


def _first_name(contact: Any) -> str:
    words: list[str] = (contact.name or contact.profile_name).split(None, 1)
    return words[0] if words else ""


# name -> its value of a row of contacts, the newest identity of each kind, all of them, and the tags
_PERSON: dict[str, Callable[[Any, dict[str, str], Sequence[Any], Sequence[str]], Any]] = {
    "id": lambda contact, newest, known, tagged: contact.id,
    "name": lambda contact, newest, known, tagged: contact.name or contact.profile_name,
    "first_name": lambda contact, newest, known, tagged: _first_name(contact),
    "display_name": lambda contact, newest, known, tagged: contacts.display_name(contact, known),
    "phone": lambda contact, newest, known, tagged: f"+{newest[PHONE]}" if PHONE in newest else "",
    "email": lambda contact, newest, known, tagged: str(contact.fields.get("email") or ""),
    "username": lambda contact, newest, known, tagged: newest.get(USERNAME, ""),
    "language": lambda contact, newest, known, tagged: contact.language,
    "tags": lambda contact, newest, known, tagged: list(tagged),
    "stage": lambda contact, newest, known, tagged: contact.stage,
    "score": lambda contact, newest, known, tagged: contact.score,
    "fields": lambda contact, newest, known, tagged: dict(contact.fields),
}


def conversation_values(conversation: Conversation, number: Number) -> dict[str, Any]:
    """What expressions know as `conversation`."""
    return {
        "id": conversation.id,
        "status": conversation.status,
        "priority": conversation.priority,
        "number": number.display,
        "created_at": conversation.created_at,
    }


def org_values(org: Organisation) -> dict[str, Any]:
    """What expressions know as `org`."""
    return {
        "name": org.name,
        "country": org.country,
        "currency": str(org.settings.get("currency") or CURRENCIES.get(org.country, "USD")),
        "tz": org.tz,
        "language": org.lang,
    }


def given(context: Context) -> dict[str, Any]:
    """What the log keeps of a context, so that the event can be applied again as it was."""
    closes: datetime | None = context.window_closes_at
    found = {
        "contact": pack(dict(context.contact)),
        "conversation": pack(dict(context.conversation)),
        "org": pack(dict(context.org)),
        "tz": context.tz,
        "window_closes_at": closes.isoformat() if closes else None,
    }
    if context.schedules:
        found["hours"] = {name: hours.dump(schedule) for name, schedule in context.schedules.items()}
    return found


def of_log(found: Mapping[str, Any], library: Library) -> Context:
    """The context that `given` kept."""
    closes = found.get("window_closes_at")
    return Context(
        library=library,
        contact=unpack(found.get("contact", {})),
        conversation=unpack(found.get("conversation", {})),
        org=unpack(found.get("org", {})),
        tz=found.get("tz", "UTC"),
        window_closes_at=datetime.fromisoformat(closes) if closes else None,
        schedules={name: hours.load(schedule) for name, schedule in found.get("hours", {}).items()},
    )
