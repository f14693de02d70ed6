"""The card beside a chat: who the person is, what is known of them, and what they were here for before."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.services import directory
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation

PREVIOUS = 5  # conversations before this one
_SHOWN = (
    *("id", "display", "phone", "username", "name", "profile_name", "stage", "score", "vip", "tags", "language", "tz"),
    *("fields", "blocked_at", "opted_out_at", "marketing_granted_at", "marketing_stopped_at", "identities", "windows"),
    *("notes", "conversations", "created_at"),
)


def card(db: Session, conversation: Conversation) -> dict[str, Any]:
    """Everything that the sidebar shows."""
    whole = directory.card(db, db.get_one(Contact, conversation.contact_id))
    return {name: whole[name] for name in _SHOWN} | {"previous": _previous(db, conversation)}


def _previous(db: Session, conversation: Conversation) -> list[dict[str, Any]]:
    """The person's other conversations, the newest first."""
    others = select(Conversation).where(
        Conversation.contact_id == conversation.contact_id, Conversation.id != conversation.id
    )
    return [
        {
            "id": row.id,
            "status": row.status,
            "preview": row.preview,
            "last_message_at": row.last_message_at,
            "resolved_at": row.resolved_at,
            "rating": row.rating,
        }
        for row in db.exec(others.order_by(col(Conversation.id).desc()).limit(PREVIOUS))
    ]
