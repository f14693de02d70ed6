"""Two conversations of one person with one number become one: the words of both, in the one that goes on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from pytake_cli.errors import Conflict
from pytake_cli.policy.talks import MANAGE, RESOLVED
from pytake_cli.services import automation, conversations, ownership, talks
from pytake_cli.services.principals import Principal
from pytake_cli.store import desks, labels
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.events import Event
from pytake_cli.store.messages import Message
from pytake_cli.store.users import User


def merge(db: Session, who: Principal, into: Conversation, other: Conversation, now: datetime) -> None:
    """Moves all that was said in `other` to `into`; `other` stays, resolved and empty. There is no undo."""
    who.require(MANAGE)
    for row in sorted((into, other), key=lambda each: each.id or 0):
        ownership.lock(db, row)
    if into.id == other.id:
        raise Conflict("PT-MERGE-SAME", "both are conversation #{id}", fix="pytake conversation show {id}", id=into.id)
    if (into.contact_id, into.number_id) != (other.contact_id, other.number_id):
        raise Conflict(
            "PT-MERGE-PAIR",
            "conversations #{into} and #{other} are not of the same person and number",
            why="what was said to one number cannot be answered from another",
            fix="pytake contact merge contact:{keep} contact:{gone}",
            into=into.id,
            other=other.id,
            keep=into.contact_id,
            gone=other.contact_id,
        )
    by = db.get(User, who.user_id) if who.user_id is not None else None
    if other.status != RESOLVED:
        automation.close(db, other, by=by, now=now)
    for table in (Message, Note, Event, ConversationChange):
        of_other = col(table.conversation_id) == other.id
        db.execute(sa.update(table).where(of_other).values(conversation_id=into.id))
    labels.join(db, other.id or 0, into.id or 0)
    desks.join(db, other.id or 0, into.id or 0)
    _newest(into, other)
    for row, name in ((into, other.id), (other, into.id)):
        talks.touch(row)
        talks.tell(db, row, "merged", now, by=by)
        talks.record(db, row, "merged", {}, {"with": name}, now, by=by)


def _newest(into: Conversation, other: Conversation) -> None:
    if other.last_message_at > into.last_message_at:
        into.last_message_at, into.preview = other.last_message_at, other.preview
    other.preview = ""


def by_ids(db: Session, who: Principal, into: int | str, other: int | str, now: datetime) -> Conversation:
    """The same by their numbers; returns the one that goes on."""
    kept = conversations.get(db, into)
    merge(db, who, kept, conversations.get(db, other), now)
    return kept
