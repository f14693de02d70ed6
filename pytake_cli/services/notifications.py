"""Telling users what they should know: a row for each, and an event that their own inboxes see at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col

from pytake_cli.store import events, notifications
from pytake_cli.store.notifications import KINDS, Notification


def tell(
    db: Session,
    org_id: int,
    user_ids: Iterable[int],
    kind: str,
    now: datetime,
    *,
    conversation_id: int | None = None,
    **parts: Any,
) -> list[Notification]:
    """Tells each of the users once: `tell(db, org, [3], "mention", now, conversation_id=42, by="bia", text="…")`.

    Who caused it is not told; leave them out of `user_ids`. Contacts' own words do not belong into `parts`.
    """
    assert kind in KINDS, kind
    told = [
        Notification(
            org_id=org_id,
            user_id=user_id,
            kind=kind,
            conversation_id=conversation_id,
            parts=parts,
            at=now,
            read_at=None,
        )
        for user_id in dict.fromkeys(user_ids)
    ]
    db.add_all(told)
    db.flush()
    for each in told:
        events.tell(db, org_id, "notification", shown(each), now, conversation_id)
    return told


def shown(told: Notification) -> dict[str, Any]:
    """What an inbox gets of it; the client makes the sentence, in its user's language."""
    return {
        "notification": told.id,
        "user": told.user_id,
        "kind": told.kind,
        "conversation": told.conversation_id,
        "parts": told.parts,
    }


def read(db: Session, user_id: int, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Marks notifications of the user as read, all of them without `ids`; how many were unread."""
    mine = sa.update(Notification).where(col(Notification.user_id) == user_id, col(Notification.read_at).is_(None))
    if ids is not None:
        mine = mine.where(col(Notification.id).in_(ids))
    done = db.execute(mine.values(read_at=now), execution_options={"synchronize_session": False})
    return cast("sa.CursorResult[Any]", done).rowcount


page = notifications.page
unread_count = notifications.unread_count
