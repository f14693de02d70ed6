"""Labels: words that an organisation gives its conversations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Session

from pytake_cli.store.conversations import conversation
from pytake_cli.store.rows import Owned, insert, primary_key, reference, time

AT_ONCE = 500  # conversations of one query


class Label(Owned, table=True):
    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str  # as `tags.name_of` writes it
    created_at: datetime = time()


class ConversationLabel(Owned, table=True):
    __tablename__ = "conversation_label"
    __table_args__ = (Index("ix_conversation_label_label", "label_id", "conversation_id"),)

    conversation_id: int = reference("conversation.id", primary_key=True)
    label_id: int = reference("label.id", primary_key=True)
    org_id: int = reference("organisation.id")
    at: datetime = time()


label = Label.__table__  # type: ignore[attr-defined]
conversation_label = ConversationLabel.__table__  # type: ignore[attr-defined]

_NAMES = (
    sa.select(conversation_label.c.conversation_id, label.c.name)
    .join(label, label.c.id == conversation_label.c.label_id)
    .where(conversation_label.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(label.c.name)
)


def of_conversations(db: Session, ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of each conversation's labels, sorted."""
    found: dict[int, list[str]] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), AT_ONCE):
        for row in db.connection().execute(_NAMES, {"ids": wanted[start : start + AT_ONCE]}):
            found.setdefault(row.conversation_id, []).append(row.name)
    return found


def made(db: Session, org_id: int, names: Collection[str], now: datetime) -> dict[str, int]:
    """The ids of the labels; one that is not there is made."""
    if not names:
        return {}
    rows = [{"org_id": org_id, "name": name, "created_at": now} for name in sorted(names)]
    db.connection().execute(insert(db, label).on_conflict_do_nothing(index_elements=["org_id", "name"]), rows)
    return known(db, org_id, names)


def known(db: Session, org_id: int, names: Collection[str]) -> dict[str, int]:
    """The ids of those labels that are there."""
    mine = sa.select(label.c.name, label.c.id).where(label.c.org_id == org_id, label.c.name.in_(sorted(names)))
    return {row.name: row.id for row in db.connection().execute(mine)}


def give(db: Session, org_id: int, conversation_id: int, label_ids: Iterable[int], now: datetime) -> None:
    rows = [
        {"conversation_id": conversation_id, "label_id": id_, "org_id": org_id, "at": now} for id_ in sorted(label_ids)
    ]
    if rows:
        new = insert(db, conversation_label)
        keys = ["conversation_id", "label_id"]
        db.connection().execute(new.on_conflict_do_nothing(index_elements=keys), rows)


def take(db: Session, conversation_id: int, label_ids: Collection[int]) -> None:
    theirs = conversation_label.c.conversation_id == conversation_id
    gone = sa.delete(conversation_label).where(theirs, conversation_label.c.label_id.in_(sorted(label_ids)))
    db.connection().execute(gone)


def everyone(db: Session, org_id: int) -> list[dict[str, Any]]:
    """The organisation's labels by name, each with how many unresolved conversations have it."""
    having = (
        sa.select(conversation_label.c.label_id, sa.func.count().label("count"))
        .join(conversation, conversation.c.id == conversation_label.c.conversation_id)
        .where(conversation_label.c.org_id == org_id, sa.text("conversation.status <> 'resolved'"))
        .group_by(conversation_label.c.label_id)
        .subquery()
    )
    count = sa.func.coalesce(having.c.count, 0).label("count")
    query = sa.select(label.c.id, label.c.name, count).outerjoin(having, having.c.label_id == label.c.id)
    rows = db.connection().execute(query.where(label.c.org_id == org_id).order_by(label.c.name))
    return [{"id": row.id, "name": row.name, "count": row.count} for row in rows]


def join(db: Session, from_conversation: int, to_conversation: int) -> None:
    """Two conversations become one: the labels of both."""
    columns = ["conversation_id", "label_id", "org_id", "at"]
    theirs = sa.select(
        sa.literal(to_conversation), conversation_label.c.label_id, conversation_label.c.org_id, conversation_label.c.at
    ).where(conversation_label.c.conversation_id == from_conversation)
    copied = insert(db, conversation_label).from_select(columns, theirs)
    db.connection().execute(copied.on_conflict_do_nothing(index_elements=columns[:2]))
    gone = sa.delete(conversation_label).where(conversation_label.c.conversation_id == from_conversation)
    db.connection().execute(gone)
