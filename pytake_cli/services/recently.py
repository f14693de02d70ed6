"""Recently: where in the messages a moment of the past begins, so that a day's count does not read years."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.store.messages import Message

LONGEST_QUEUE = timedelta(days=3)  # a message that failed or went out today was queued at most so long before


def first_id(db: Session, since: datetime) -> int:
    """The smallest id of a message made at `since` or later, by halving: ids and times rise together.

    One past the newest id when nothing is as young. The session must see all organisations' messages, or one's.
    """
    low = db.exec(select(func.min(Message.id))).one() or 0
    high = (db.exec(select(func.max(Message.id))).one() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        following = select(Message.id, Message.created_at).where(col(Message.id) >= middle).order_by(col(Message.id))
        found = db.exec(following.limit(1)).first()
        if found is None or found[1] >= since:
            high = middle
        else:
            low = (found[0] or middle) + 1
    return low
