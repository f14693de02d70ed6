"""An agent's desk: drafts, stars, mentions of them in notes, and views that were saved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session

from pytake_cli.store.rows import COUNTED, Owned, insert, long_text, primary_key, reference, since, time
from pytake_cli.store.types import BigId

REPLY, NOTE = "reply", "note"


class Draft(Owned, table=True):
    """What an agent has begun to write in a conversation; a colleague has one of their own."""

    __tablename__ = "draft"

    conversation_id: int = reference("conversation.id", primary_key=True)
    user_id: int = reference("user_account.id", primary_key=True)
    org_id: int = reference("organisation.id")
    text: str = long_text()
    mode: str = REPLY
    reply_to: int | None = Field(default=None, sa_type=BigId)  # the message it answers
    why: str = ""  # why it was not sent, if it became a draft again
    updated_at: datetime = time()


class Star(Owned, table=True):
    __tablename__ = "star"

    user_id: int = reference("user_account.id", primary_key=True)
    conversation_id: int = reference("conversation.id", primary_key=True)
    org_id: int = reference("organisation.id")
    at: datetime = time()


class Mention(Owned, table=True):
    """Somebody was named in a note: the conversation is in their mentions until it is resolved."""

    __tablename__ = "mention"
    __table_args__ = (
        UniqueConstraint("note_id", "user_id"),
        Index("ix_mention_user", "user_id", "conversation_id"),
        Index("ix_mention_conversation", "conversation_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    note_id: int = reference("note.id")
    conversation_id: int = reference("conversation.id")
    user_id: int = reference("user_account.id")
    at: datetime = time()


class SavedView(Owned, table=True):
    """A filter with a name: its owner's, or everybody's."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("org_id", "slug"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    slug: str
    name: str
    where: str = long_text()  # in the language of policy.inbox_filter
    order: str = "waiting"
    owner_id: int | None = reference("user_account.id", nullable=True)
    shared: bool = since(False)
    created_at: datetime = time()
    updated_at: datetime = time()


draft = Draft.__table__  # type: ignore[attr-defined]
star = Star.__table__  # type: ignore[attr-defined]
mention = Mention.__table__  # type: ignore[attr-defined]


def starred(db: Session, user_id: int, ids: Collection[int]) -> set[int]:
    """Those of the conversations that the agent has starred."""
    mine = sa.select(star.c.conversation_id).where(star.c.user_id == user_id, star.c.conversation_id.in_(sorted(ids)))
    return set(db.connection().execute(mine).scalars())


def drafted(db: Session, user_id: int, ids: Collection[int]) -> set[int]:
    """Those of the conversations in which the agent has begun to write."""
    mine = draft.c.user_id == user_id
    query = sa.select(draft.c.conversation_id).where(mine, draft.c.conversation_id.in_(sorted(ids)))
    return set(db.connection().execute(query).scalars())


def put_star(db: Session, org_id: int, user_id: int, conversation_id: int, now: datetime) -> bool:
    """True when there was none."""
    row = {"user_id": user_id, "conversation_id": conversation_id, "org_id": org_id, "at": now}
    keys = ["user_id", "conversation_id"]
    new = insert(db, star).values(row).on_conflict_do_nothing(index_elements=keys)
    return bool(db.connection().execute(new, execution_options=COUNTED).rowcount)


def take_star(db: Session, user_id: int, conversation_id: int) -> bool:
    """True when there was one."""
    mine = sa.and_(star.c.user_id == user_id, star.c.conversation_id == conversation_id)
    return bool(db.connection().execute(sa.delete(star).where(mine)).rowcount)


def put_draft(db: Session, row: dict[str, Any]) -> None:
    """Keeps what an agent has begun to write, in place of what was there."""
    put = insert(db, draft)
    keys = ["conversation_id", "user_id"]
    fresh = {name: put.excluded[name] for name in row if name not in (*keys, "org_id")}
    db.connection().execute(put.values(row).on_conflict_do_update(index_elements=keys, set_=fresh))


def drop_draft(db: Session, user_id: int, conversation_id: int) -> bool:
    """True when there was one."""
    mine = sa.and_(draft.c.user_id == user_id, draft.c.conversation_id == conversation_id)
    return bool(db.connection().execute(sa.delete(draft).where(mine)).rowcount)


def join(db: Session, from_conversation: int, to_conversation: int) -> None:
    """Two conversations become one: mentions move; of drafts and stars the ones that are there stay."""
    moved = sa.update(mention).where(mention.c.conversation_id == from_conversation)
    db.connection().execute(moved.values(conversation_id=to_conversation))
    for table in (draft, star):
        theirs = table.c.conversation_id == from_conversation
        columns = [c.name for c in table.c]
        values = [sa.literal(to_conversation) if c.name == "conversation_id" else c for c in table.c]
        copied = insert(db, table).from_select(columns, sa.select(*values).where(theirs))
        keys = [c.name for c in table.primary_key]
        db.connection().execute(copied.on_conflict_do_nothing(index_elements=keys))
        db.connection().execute(sa.delete(table).where(theirs))
