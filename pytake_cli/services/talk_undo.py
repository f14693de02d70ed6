"""Undo: what an action changed is put back, as long as nobody has changed it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, Forbidden, NotFound
from pytake_cli.policy.talks import MANAGE, RESOLVED, WRITE
from pytake_cli.services import conversations, ownership, talks
from pytake_cli.services.principals import Principal
from pytake_cli.store import desks, labels
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.users import User

UNDO_FOR = timedelta(hours=24)  # later it is work of its own: the others have built on it
_TIMES = frozenset({"snoozed_until", "waiting_since", "resolved_at"})
_QUIET = frozenset({"unread", "waiting_since"})  # what customers change by writing is no reason to refuse


def find(db: Session, *, change: int | None = None, batch: int | None = None) -> list[ConversationChange]:
    """The changes that an undo names, newest first."""
    query = select(ConversationChange)
    row = db.exec(query.where(ConversationChange.id == change)).first() if batch is None else None
    if row is not None and row.batch is None:
        return [row]
    together = query.where(ConversationChange.batch == (row.batch if row is not None else batch or 0))
    if row is not None:  # a macro's: all that it did to the conversation
        together = together.where(ConversationChange.conversation_id == row.conversation_id)
    found = list(db.exec(together.order_by(col(ConversationChange.id).desc())))
    if not found:
        raise NotFound(
            "PT-CHANGE", "there is no change {id} to undo", fix="pytake conversation undo", id=batch or change
        )
    return found


def newest(db: Session, who: Principal) -> list[ConversationChange]:
    """What this agent did last and can still undo: one change, or a whole batch."""
    mine = select(ConversationChange).where(
        ConversationChange.org_id == who.org_id,
        ConversationChange.undoable,
        col(ConversationChange.undone_at).is_(None),
    )
    if who.user_id is not None:
        mine = mine.where(ConversationChange.by_id == who.user_id)
    last = db.exec(mine.order_by(col(ConversationChange.id).desc()).limit(1)).first()
    if last is None:
        raise NotFound("PT-CHANGE-NONE", "there is nothing to undo", fix="pytake conversation list")
    return find(db, batch=last.batch) if last.batch else [last]


def undo(db: Session, who: Principal, row: ConversationChange, now: datetime) -> ConversationChange:
    """Puts back what the change replaced; the line that says so. Raises Conflict when others came after."""
    who.require(WRITE)
    _refuse(who, row, now)
    conversation = conversations.get(db, row.conversation_id)
    ownership.lock(db, conversation)
    _refuse_changed(db, row, conversation)
    if row.before.get("status", RESOLVED) != RESOLVED:
        conversations.refuse_second(db, conversation)
    before = talks.kept(conversation)
    _put_back(db, row, conversation, now)
    row.undone_at = now
    db.add(row)
    by = db.get(User, who.user_id) if who.user_id is not None else None
    told = talks.changed(db, conversation, "undone", before, now, by=by)
    if told is None:
        talks.touch(conversation)
        talks.tell(db, conversation, "undone", now, by=by)
        told = talks.record(db, conversation, "undone", row.after, row.before, now, by=by)
    told.undoable = False
    db.add(told)
    db.flush()
    return told


def _refuse(who: Principal, row: ConversationChange, now: datetime) -> None:
    fix = "pytake conversation show {conversation}"
    if row.undone_at is not None:
        raise Conflict(
            "PT-UNDONE", "change {id} was undone already", fix=fix, id=row.id, conversation=row.conversation_id
        )
    if not row.undoable:
        raise Conflict(
            "PT-UNDO-NEVER",
            "{what} cannot be undone",
            why="words moved, or a flow has ended by it",
            fix=fix,
            what=row.what,
            conversation=row.conversation_id,
        )
    if row.at + UNDO_FOR < now:
        raise Conflict(
            "PT-UNDO-LATE", "change {id} is older than a day", fix=fix, id=row.id, conversation=row.conversation_id
        )
    if row.by_id != who.user_id and not who.may(MANAGE):
        raise Forbidden("PT-UNDO-OTHERS", "a colleague did this", fix=fix, conversation=row.conversation_id)


def _refuse_changed(db: Session, row: ConversationChange, conversation: Conversation) -> None:
    today = _now(db, row, conversation)
    different = sorted(name for name, value in row.after.items() if name not in _QUIET and today.get(name) != value)
    if different:
        raise Conflict(
            "PT-UNDO-CHANGED",
            "conversation #{conversation} has changed since: {names}",
            why="undoing would take away what came after",
            fix="pytake conversation show {conversation}",
            conversation=conversation.id,
            names=", ".join(different),
        )


def _now(db: Session, row: ConversationChange, conversation: Conversation) -> Mapping[str, Any]:
    today = {name: _plain(value) for name, value in talks.kept(conversation).items()}
    if "labels" in row.after:
        today["labels"] = labels.of_conversations(db, [row.conversation_id]).get(row.conversation_id, [])
    if "starred" in row.after:
        today["starred"] = row.conversation_id in desks.starred(db, row.by_id or 0, [row.conversation_id])
    return today


def _plain(value: Any) -> Any:
    return talks.stamp(value) if isinstance(value, datetime) else value


def _put_back(db: Session, row: ConversationChange, conversation: Conversation, now: datetime) -> None:
    """What stood before stood by the table once: it needs no action of its own."""
    for name, value in row.before.items():
        if name == "labels":
            _labels(db, row, value, now)
        elif name == "starred":
            _star(db, row, bool(value), now)
        elif name not in _QUIET or row.what in ("resolved", "read"):
            moment = datetime.fromisoformat(value) if name in _TIMES and value is not None else value
            setattr(conversation, talks.KEPT[name], moment)
    db.add(conversation)
    db.flush()


def _labels(db: Session, row: ConversationChange, before: Sequence[str], now: datetime) -> None:
    has = set(row.after["labels"])
    labels.give(db, row.org_id, row.conversation_id, labels.made(db, row.org_id, set(before) - has, now).values(), now)
    labels.take(db, row.conversation_id, list(labels.known(db, row.org_id, has - set(before)).values()))


def _star(db: Session, row: ConversationChange, starred: bool, now: datetime) -> None:
    if starred:
        desks.put_star(db, row.org_id, row.by_id or 0, row.conversation_id, now)
    else:
        desks.take_star(db, row.by_id or 0, row.conversation_id)
