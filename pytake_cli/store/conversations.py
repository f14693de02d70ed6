"""Conversations: at most one unresolved per number and contact; resolved ones are history. And the notes in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time

BOT, QUEUED, OPEN, SNOOZED, RESOLVED = "bot", "queued", "open", "snoozed", "resolved"
# Who owns a conversation: nobody yet (a trigger may give it to the bot), the bot, or people. Never two at once.
NOBODY, BY_BOT, BY_PEOPLE = "nobody", "bot", "people"
STATUSES = (BOT, QUEUED, OPEN, SNOOZED, RESOLVED)


class Conversation(Owned, table=True):
    __tablename__ = "conversation"
    __table_args__ = (
        Index(
            "uq_conversation_unresolved",
            "number_id",
            "contact_id",
            unique=True,
            sqlite_where=text("status <> 'resolved'"),
            postgresql_where=text("status <> 'resolved'"),
        ),
        Index("ix_conversation_recent", "org_id", "status", "last_message_at"),
        Index("ix_conversation_contact", "contact_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    number_id: int = reference("number.id")
    contact_id: int = reference("contact.id")
    status: str = QUEUED  # one of STATUSES
    owner: str = NOBODY  # NOBODY, BY_BOT or BY_PEOPLE
    assignee_id: int | None = reference("user_account.id", nullable=True)
    team: str = ""  # whom a hand-off asked for
    skills: list[str] = json(list)  # what a hand-off asked for
    priority: str = "normal"  # urgent | high | normal | low
    snoozed_until: datetime | None = time(nullable=True)
    unread_count: int = 0  # customer's messages since a person last looked or answered
    waiting_since: datetime | None = time(nullable=True)  # the oldest customer's message that nobody answered
    preview: str = ""  # one line of the newest message
    last_message_at: datetime = time()
    standby: bool = False  # Meta's agent has the conversation: store, show, do not answer
    created_at: datetime = time()
    resolved_at: datetime | None = time(nullable=True)
    rating: int | None = None  # 1 to 5, as the customer said
    rating_asked_at: datetime | None = time(nullable=True)


class Note(Owned, table=True):
    __tablename__ = "note"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    conversation_id: int = reference("conversation.id", index=True)
    author_id: int | None = reference("user_account.id", nullable=True)
    body: str = long_text()
    created_at: datetime = time()
