"""Messages, in and out; the outgoing ones are the outbox. And every status that Meta ever told of them.

queued --claim--> sending --200 and wamid--> sent --webhooks--> delivered --> read --> played
   |                 |--refused for sure--> queued again (due later) | failed
   |                 '--no answer, cut, died--> unknown --status echoes our id--> sent | delivered | read | failed
   '--cancel--> cancelled                          '--grace over--> queued once, labelled | held for a person
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time
from pytake_cli.store.types import BigId

# A status only ever rises. `failed` stands above `sent` and below `delivered`: proof of arrival beats it.
RANK = {
    "queued": 0,
    "sending": 1,
    "unknown": 2,
    "held": 3,  # accepted by Meta, held for quality assessment
    "sent": 4,
    "failed": 5,
    "cancelled": 5,
    "delivered": 6,
    "read": 7,
    "played": 8,
}
RECEIVED = "received"  # the one status of an incoming message
LIVE, AUTOMATIC, CAMPAIGN = 0, 1, 2  # priorities: a person's words, a bot's, a campaign's
IN, OUT = "in", "out"
ORIGINS = ("contact", "agent", "bot", "campaign", "api", "app")  # app: a person in the WhatsApp Business app
_OPEN = "status IN ('queued', 'sending', 'unknown')"


class Message(Owned, table=True):
    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_conversation", "conversation_id", "id"),
        Index("ix_message_contact", "contact_id", "id"),
        Index(
            "ix_message_outbox",
            "number_id",
            "priority",
            "id",
            sqlite_where=text("status = 'queued'"),
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_message_unfinished",
            "contact_id",
            "number_id",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_message_campaign",
            "campaign_id",
            "status",
            sqlite_where=text("campaign_id IS NOT NULL"),
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index("ix_message_at", "org_id", "direction", "at"),
        UniqueConstraint("org_id", "client_key"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    number_id: int = reference("number.id")
    contact_id: int = reference("contact.id")
    conversation_id: int = reference("conversation.id")
    direction: str  # in | out
    origin: str  # one of ORIGINS
    author_id: int | None = reference("user_account.id", nullable=True)
    kind: str  # Meta's type: text, image, interactive, template …
    body: dict[str, Any] = json(dict)  # in Meta's shape: {"type": "text", "text": {"body": "…"}}
    text: str = long_text()  # one line of it, for lists and search
    wamid: str | None = Field(default=None, unique=True)
    reply_to: str | None = None  # wamid of the quoted message
    campaign_id: int | None = Field(default=None, sa_type=BigId)
    status: str = RECEIVED
    rank: int = 0  # RANK of the status, kept beside it so that SQL can compare
    # The outbox's own columns; meaningless on incoming rows.
    priority: int = LIVE
    address_kind: str = "phone"  # phone | bsuid | parent_bsuid | group
    address: str = ""  # what is dialled: a phone with +, or the id
    on_unknown: str = "resend"  # resend (once, labelled) | hold (for a person)
    due_at: datetime | None = time(nullable=True)  # queued: not before; unknown: grace ends; None: nothing is awaited
    attempts: int = 0
    claim: str | None = None  # who is sending it
    claimed_at: datetime | None = time(nullable=True)
    client_key: str | None = None  # the caller's idempotency key
    possible_duplicate: bool = False  # sent again although Meta may have had it
    error_code: int | None = None  # Meta's
    error: str = long_text()
    pricing: dict[str, Any] | None = json()
    # Times: Meta's where Meta told one.
    at: datetime = time()  # when it was written by the contact, or queued by us
    sent_at: datetime | None = time(nullable=True)
    delivered_at: datetime | None = time(nullable=True)
    read_at: datetime | None = time(nullable=True)
    failed_at: datetime | None = time(nullable=True)
    edited_at: datetime | None = time(nullable=True)  # by the contact; `text` is the newest, `body` the first
    revoked_at: datetime | None = time(nullable=True)  # by the contact
    created_at: datetime = time()  # when the row was made


class StatusEvent(Owned, table=True):
    """Every status webhook, once. `message_id` is None until the message is known: some precede the send's answer."""

    __tablename__ = "status_event"
    __table_args__ = (
        UniqueConstraint("wamid", "status", "participant"),
        Index("ix_status_event_message", "message_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    message_id: int | None = reference("message.id", nullable=True)
    wamid: str
    status: str
    participant: str = ""  # a group's member
    at: datetime = time()
    errors: list[dict[str, Any]] | None = json()
    pricing: dict[str, Any] | None = json()
    received_at: datetime = time()
