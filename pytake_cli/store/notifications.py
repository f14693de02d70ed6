"""Notifications: what a user should know without having to look for it, read or not yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Session, col, func, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time

MENTION, ASSIGNED, SLA, SNOOZE_WOKEN, SYSTEM = "mention", "assigned", "sla", "snooze_woken", "system"
KINDS = (MENTION, ASSIGNED, SLA, SNOOZE_WOKEN, SYSTEM)


class Notification(Owned, table=True):
    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_user", "user_id", "id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    user_id: int = reference("user_account.id")
    kind: str  # one of KINDS
    conversation_id: int | None = reference("conversation.id", nullable=True, index=True)
    parts: dict[str, Any] = json(dict)  # what its sentence is made of: {"by": "bia", "text": "…"}
    at: datetime = time()
    read_at: datetime | None = time(nullable=True)


def page(
    db: Session, user_id: int, limit: int, *, before: int | None = None, unread: bool = False
) -> list[Notification]:
    """The newest of a user, or those before an id."""
    query = select(Notification).where(Notification.user_id == user_id)
    if before is not None:
        query = query.where(col(Notification.id) < before)
    if unread:
        query = query.where(col(Notification.read_at).is_(None))
    return list(db.exec(query.order_by(col(Notification.id).desc()).limit(limit)))


def unread_count(db: Session, user_id: int) -> int:
    query = select(func.count()).select_from(Notification)
    return db.exec(query.where(Notification.user_id == user_id, col(Notification.read_at).is_(None))).one()
