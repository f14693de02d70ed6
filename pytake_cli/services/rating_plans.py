"""Who is to be asked how it was: decided when a conversation is resolved, asked a moment later."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli import settings
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.teams import Team


def plan(db: Session, one: Conversation, now: datetime, *, wanted: bool = False) -> bool:
    """People have resolved it: the customer is asked in a moment if the team asks, or it is `wanted` of this one."""
    team = db.get(Team, one.team_id) if one.team_id is not None else None
    if one.status != RESOLVED or not (wanted or (team is not None and team.rating)) or asked_lately(db, one, now):
        return False
    one.rating_due_at = now + timedelta(seconds=settings.current().routing.rating_after_seconds)
    db.add(one)
    db.flush()
    return True


def asked_lately(db: Session, one: Conversation, now: datetime) -> bool:
    since = now - timedelta(days=settings.current().routing.rating_again_days)
    asked = select(Conversation.id).where(
        Conversation.contact_id == one.contact_id, col(Conversation.rating_asked_at) > since
    )
    return one.rating_asked_at is not None or db.exec(asked.limit(1)).first() is not None
