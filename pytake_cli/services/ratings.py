"""How a conversation was: asked once when it is over, answered by a tap, kept with the conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.policy import window
from pytake_cli.services import outbound, talks
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import FlowRecord, FlowSession
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.outgoing import Outgoing

PREFIX = "pytake-rate:"  # of the ids of its rows: `pytake-rate:<session>:<conversation>:<1…5>`
WORDS = {
    "pt": ("Como foi o atendimento?", "Avaliar", ("Péssimo", "Ruim", "Regular", "Bom", "Ótimo")),
    "en": ("How was it?", "Rate", ("Terrible", "Bad", "Fair", "Good", "Excellent")),
}


def ask(db: Session, row: FlowSession, conversation: Conversation, now: datetime) -> None:
    """Asks for one to five stars, once a conversation and only while the service window is open."""
    pair = db.get(ServiceWindow, (conversation.number_id, conversation.contact_id))
    is_open = window.window_is_open(pair.last_inbound_at if pair else None, now)
    if conversation.rating_asked_at is not None or not is_open:
        return
    outbound.queue(
        db,
        number=db.get_one(Number, conversation.number_id),
        contact_id=conversation.contact_id,
        outgoing=question(db, conversation, row.id or 0),
        origin="bot",
        now=now,
        client_key=f"rate:{conversation.id}",
        conversation=conversation,
    )
    conversation.rating_asked_at = now


def question(db: Session, conversation: Conversation, session_id: int) -> Outgoing:
    """The list of stars, in the contact's language; session 0: no flow asks."""
    contact = db.get_one(Contact, conversation.contact_id)
    language = contact.language or db.get_one(Organisation, conversation.org_id).lang
    words, button, names = WORDS["pt" if language.startswith("pt") else "en"]
    id_ = f"{PREFIX}{session_id}:{conversation.id}"
    rows = [
        {"id": f"{id_}:{stars}", "title": "★" * stars, "description": names[stars - 1]} for stars in range(5, 0, -1)
    ]
    return wire.list_menu(words, button, [{"rows": rows}])


def is_rating(choice: str | None) -> bool:
    """Whether a tapped row is one of ours."""
    return choice is not None and choice.startswith(PREFIX)


def take(db: Session, org_id: int, contact_id: int, choice: str, now: datetime) -> bool:
    """Keeps what the contact tapped; False for an id that is not of a conversation of theirs. Session 0 is none."""
    parts = choice.removeprefix(PREFIX).split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return False
    session_id, conversation_id, stars = (int(part) for part in parts)
    rated = db.get(Conversation, conversation_id)
    if rated is None or not 1 <= stars <= 5 or rated.contact_id != contact_id or rated.org_id != org_id:
        return False
    row = db.get(FlowSession, session_id) if session_id else None
    if session_id and (row is None or row.conversation_id != rated.id):
        return False
    if row is not None:
        kept: dict[str, Any] = {
            "org_id": org_id,
            "flow_id": row.flow_id,
            "version_id": row.version_id,
            "session_id": session_id,
        }
        db.add(FlowRecord(**kept, kind="result", way="rating", value=stars, at=now))
    keep(db, rated, stars, now)
    return True


def keep(db: Session, rated: Conversation, stars: int, now: datetime) -> None:
    """Notes the stars, tells the inboxes, and keeps it in the history."""
    before, rated.rating = rated.rating, stars
    talks.tell(db, rated, "rated", now)
    talks.record(db, rated, "rated", {"rating": before}, {"rating": stars}, now, cause="customer")
