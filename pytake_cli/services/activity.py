"""The activity log: what was done to conversations, newest first, by whom, and whether it can still be undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.services import talk_rows, timeline
from pytake_cli.services.talk_undo import UNDO_FOR
from pytake_cli.store.changes import ConversationChange


def page(
    db: Session,
    org_id: int,
    now: datetime,
    *,
    limit: int,
    by: int | None = None,
    conversation: int | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Lines of the log; `by` is whose, `before` continues below a line."""
    query = select(ConversationChange).where(
        ConversationChange.org_id == org_id, col(ConversationChange.what).not_in(timeline.QUIET)
    )
    if by is not None:
        query = query.where(ConversationChange.by_id == by)
    if conversation is not None:
        query = query.where(ConversationChange.conversation_id == conversation)
    if before is not None:
        query = query.where(col(ConversationChange.id) < before)
    found = db.exec(query.order_by(col(ConversationChange.id).desc()).limit(limit)).all()
    return lines(db, org_id, found, now)


def lines(db: Session, org_id: int, found: Sequence[ConversationChange], now: datetime) -> list[dict[str, Any]]:
    """The changes as the log shows them."""
    people = talk_rows.names(db, org_id)
    return [
        timeline.change_item(row, people)
        | {
            "conversation": row.conversation_id,
            "batch": row.batch,
            "undoable": row.undoable and row.undone_at is None and row.at + UNDO_FOR >= now,
            "undo_until": row.at + UNDO_FOR if row.undoable else None,
        }
        for row in found
    ]
