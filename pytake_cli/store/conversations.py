"""Conversations: at most one unresolved per number and contact; resolved ones are history. And the notes in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text, text
from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time
from pytake_cli.store.types import BigId

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
        Index("ix_conversation_created", "org_id", "created_at"),
        Index("ix_conversation_resolved", "org_id", "resolved_at"),
        Index(
            "ix_conversation_sla",
            "sla_next_at",
            sqlite_where=text("sla_next_at IS NOT NULL"),
            postgresql_where=text("sla_next_at IS NOT NULL"),
        ),
        Index(
            "ix_conversation_rating",
            "rating_due_at",
            sqlite_where=text("rating_due_at IS NOT NULL"),
            postgresql_where=text("rating_due_at IS NOT NULL"),
        ),
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
    rating_due_at: datetime | None = time(nullable=True)  # when the customer is asked, unless it is reopened before
    rating_comment: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    # Routing: which team it waits in or was given out by.
    team_id: int | None = Field(default=None, sa_type=BigId)
    team_since: datetime | None = time(nullable=True)  # when it came to that team
    routed_to_id: int | None = Field(default=None, sa_type=BigId)  # whom the team gave it last
    closed_told_at: datetime | None = time(nullable=True)  # when the customer was told that the team is closed
    # Clocks: what people promised, reckoned in business hours.
    people_since: datetime | None = time(nullable=True)  # when it first waited for people
    first_replied_at: datetime | None = time(nullable=True)  # when a person first answered after that
    first_reply_due: datetime | None = time(nullable=True)
    next_reply_due: datetime | None = time(nullable=True)
    resolution_due: datetime | None = time(nullable=True)
    sla_waiting_since: datetime | None = time(nullable=True)  # the `waiting_since` that `next_reply_due` is reckoned of
    sla_next_at: datetime | None = time(nullable=True)  # when the next warning or breach is told
    sla_told: dict[str, str] | None = json()  # clock -> warned | breached


class Note(Owned, table=True):
    __tablename__ = "note"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    conversation_id: int = reference("conversation.id", index=True)
    author_id: int | None = reference("user_account.id", nullable=True)
    body: str = long_text()
    created_at: datetime = time()
