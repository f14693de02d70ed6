"""Conversations: at most one unresolved per number and contact; resolved ones are history. And the notes in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, event, text
from sqlalchemy.orm import object_session
from sqlmodel import Field, Session, col, select

from pytake_cli.policy.talks import BOT as BOT
from pytake_cli.policy.talks import BY_BOT as BY_BOT
from pytake_cli.policy.talks import BY_PEOPLE as BY_PEOPLE
from pytake_cli.policy.talks import NOBODY as NOBODY
from pytake_cli.policy.talks import OPEN as OPEN
from pytake_cli.policy.talks import QUEUED as QUEUED
from pytake_cli.policy.talks import RESOLVED as RESOLVED
from pytake_cli.policy.talks import SNOOZED as SNOOZED
from pytake_cli.policy.talks import STATUSES as STATUSES
from pytake_cli.store.rows import Owned, counted_since, json, long_text, primary_key, reference, since, time
from pytake_cli.store.types import BigId, UtcTime

# Written out, for a partial index serves only statements that say the same.
UNRESOLVED = "status <> 'resolved'"
URGENT = "priority <> 'normal'"
_WAITING = "waiting_since IS NOT NULL"


def _partly(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


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
        # The inbox: what is counted and how it is ordered, each with all that its filters ask for most.
        _partly("ix_conversation_inbox", UNRESOLVED, "org_id", "assignee_id", "status", "unread_count"),
        _partly("ix_conversation_active", UNRESOLVED, "org_id", "last_message_at", "id", "assignee_id", "status"),
        _partly("ix_conversation_waiting", _WAITING, "org_id", "waiting_since", "id", "assignee_id", "status"),
        _partly("ix_conversation_urgent", f"{URGENT} AND {UNRESOLVED}", "org_id", "priority", "waiting_since", "id"),
        _partly("ix_conversation_snoozed", "snoozed_until IS NOT NULL", "snoozed_until"),
        _partly("ix_conversation_resolved", "resolved_at IS NOT NULL", "org_id", "resolved_at"),
        # All that the figures of a period ask for: the rows themselves are left alone.
        Index(
            "ix_conversation_created",
            *("org_id", "created_at", "first_replied_at", "people_since", "assignee_id", "team_id", "status"),
        ),
        _partly("ix_conversation_sla", "sla_next_at IS NOT NULL", "sla_next_at"),
        _partly("ix_conversation_rating", "rating_due_at IS NOT NULL", "rating_due_at"),
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
    version: int = counted_since(1)
    snoozed_until_reply: bool = since(False)  # with or without a time
    rating_due_at: datetime | None = time(nullable=True)  # when the customer is asked, unless it is reopened before
    rating_comment: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, server_default=""))
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
    sla_paused: bool = since(False)  # the clocks stand still while it is snoozed


@event.listens_for(Conversation, "before_update")
def _next_version(mapper: Any, connection: Any, row: Conversation) -> None:
    """Every change counts, whoever writes it; statements that write past the rows say so themselves."""
    session = object_session(row)
    if session is not None and session.is_modified(row, include_collections=False):
        row.version += 1


conversation = Conversation.__table__  # type: ignore[attr-defined]


def is_due(db: Session, now: datetime) -> bool:
    """Whether the time of a snoozed conversation has come."""
    return db.connection().execute(_DUE.limit(1), {"now": now}).first() is not None


def lock_due(db: Session, now: datetime, limit: int) -> list[Conversation]:
    """Snoozed conversations whose time has come, longest due first; one that others wake just now is left to them."""
    ids = list(db.connection().execute(_DUE.limit(limit), {"now": now}).scalars())
    query = select(Conversation).where(col(Conversation.id).in_(ids), Conversation.status == SNOOZED)
    return list(db.exec(query.with_for_update(skip_locked=True).execution_options(populate_existing=True)))


_DUE = (
    sa.select(conversation.c.id)
    .where(
        sa.text("conversation.snoozed_until IS NOT NULL"),
        conversation.c.snoozed_until <= sa.bindparam("now", type_=UtcTime),
    )
    .order_by(conversation.c.snoozed_until)
)


class Note(Owned, table=True):
    __tablename__ = "note"
    __table_args__ = (Index("uq_note_client_key", "org_id", "client_key", unique=True),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    conversation_id: int = reference("conversation.id", index=True)
    author_id: int | None = reference("user_account.id", nullable=True)
    body: str = long_text()
    created_at: datetime = time()
    client_key: str | None = None  # the writer's idempotency key
