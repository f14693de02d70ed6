"""What was done to conversations, with what stood before: the history in the chat, the activity log, and undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from pytake_cli.store.rows import Owned, json, primary_key, reference, since, time
from pytake_cli.store.types import BigId


class ConversationChange(Owned, table=True):
    """`{"status": "open"}` before, `{"status": "resolved"}` after: only what became another."""

    __tablename__ = "conversation_change"
    __table_args__ = (
        Index("ix_conversation_change_conversation", "conversation_id", "id"),
        Index("ix_conversation_change_org", "org_id", "id"),
        Index("ix_conversation_change_batch", "batch"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    conversation_id: int = reference("conversation.id")
    batch: int | None = Field(default=None, sa_type=BigId)  # the first change of those that were made at once
    what: str  # as policy.talks calls it
    by_id: int | None = reference("user_account.id", nullable=True)
    cause: str = ""  # who else did it: timer, customer, flow, rule, a token's name
    before: dict[str, Any] = json(dict)
    after: dict[str, Any] = json(dict)
    undoable: bool = since(False)
    at: datetime = time()
    undone_at: datetime | None = time(nullable=True)
