"""What was done to conversations, with what stood before: the history in the chat, the activity log, and undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlmodel import Field, Session

from pytake_cli.policy.talks import SNOOZED
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


change = ConversationChange.__table__  # type: ignore[attr-defined]


def snoozes(db: Session, ids: Collection[int]) -> dict[int, list[tuple[datetime, datetime]]]:
    """From when to when each of the conversations was snoozed, in order; without the snooze that goes on."""
    c = change.c
    ever = sa.select(c.conversation_id).where(c.conversation_id.in_(sorted(ids)), c.what == "snoozed")
    query = sa.select(c.conversation_id, c.at, c.before, c.after).where(c.conversation_id.in_(ever)).order_by(c.id)
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    began: dict[int, datetime] = {}
    for row in db.connection().execute(query):
        before, after = row.before.get("status"), row.after.get("status")
        if after == SNOOZED != before:
            began[row.conversation_id] = row.at
        elif before == SNOOZED != after and row.conversation_id in began:
            found[row.conversation_id].append((began.pop(row.conversation_id), row.at))
    return found
