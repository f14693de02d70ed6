"""The one way in which a conversation changes: through the table, with its event and its line in the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.policy import talks
from pytake_cli.policy.talks import ASSIGNEE, CLOSED, RESOLVED, SNOOZE, TABLE, UNREAD, WAITING
from pytake_cli.services import notifications
from pytake_cli.store import Store, conversations, events
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import BY_BOT, BY_PEOPLE, Conversation
from pytake_cli.store.notifications import SNOOZE_WOKEN
from pytake_cli.store.users import User
from pytake_cli.store.work import poke

AT_ONCE = 100  # conversations that one transaction wakes

_CLEARED: dict[str, dict[str, Any]] = {
    SNOOZE: {"snoozed_until": None, "snoozed_until_reply": False},
    WAITING: {"waiting_since": None},
    UNREAD: {"unread_count": 0},
    ASSIGNEE: {"assignee_id": None},
    CLOSED: {"resolved_at": None},
}
# What the history keeps of a change, and undo puts back; names as in the JSON of the inbox.
KEPT = {
    "status": "status",
    "owner": "owner",
    "assignee": "assignee_id",
    "team": "team",
    "team_id": "team_id",
    "priority": "priority",
    "snoozed_until": "snoozed_until",
    "snoozed_until_reply": "snoozed_until_reply",
    "waiting_since": "waiting_since",
    "unread": "unread_count",
    "resolved_at": "resolved_at",
}
_NOBODY_FREE = frozenset({"read", "labelled", "starred", "priority", "routed"})  # what gives routing nothing to do
_FINAL = frozenset({"handed_back", "merged"})  # what no undo brings back: a session went on, words moved


def put(conversation: Conversation, action: str, now: datetime, **sets: Any) -> None:
    """Changes the row as the table says and by what `sets` says beside; tells nobody. Raises Conflict if it may not."""
    held = sets.get("assignee_id", conversation.assignee_id) is not None
    outcome = talks.after(action, conversation.status, conversation.owner, held=held, id_=conversation.id)
    values: dict[str, Any] = {"status": outcome.status, "owner": outcome.owner}
    for name in outcome.clears:
        values |= _CLEARED[name]
    if outcome.status == RESOLVED and conversation.status != RESOLVED and action != "take_back":
        values["resolved_at"] = now
    for name, value in (values | sets).items():
        if getattr(conversation, name) != value:
            setattr(conversation, name, value)


def move(
    db: Session,
    conversation: Conversation,
    action: str,
    now: datetime,
    *,
    by: User | int | None = None,
    cause: str = "",
    **sets: Any,
) -> ConversationChange | None:
    """Does the action, tells the inboxes and keeps it in the history; None when nothing became another."""
    before = kept(conversation)
    put(conversation, action, now, **sets)
    return changed(db, conversation, TABLE[action].what or action, before, now, by=by, cause=cause)


def kept(conversation: Conversation) -> dict[str, Any]:
    """What the history may have to say of a conversation, as it is now."""
    return {name: getattr(conversation, column) for name, column in KEPT.items()}


def changed(
    db: Session,
    conversation: Conversation,
    what: str,
    before: Mapping[str, Any],
    now: datetime,
    *,
    by: User | int | None = None,
    cause: str = "",
) -> ConversationChange | None:
    """Tells of what differs from `before`, and keeps it; None when nothing does."""
    today = kept(conversation)
    different = [name for name in before if name in today and before[name] != today[name]]
    if not different:
        return None
    tell(db, conversation, what, now, by=by)
    return record(
        db,
        conversation,
        what,
        {name: before[name] for name in different},
        {name: today[name] for name in different},
        now,
        by=by,
        cause=cause,
    )


def record(
    db: Session,
    conversation: Conversation,
    what: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
    *,
    by: User | int | None = None,
    cause: str = "",
) -> ConversationChange:
    """A line of the history. What took the conversation from a bot cannot be undone: its session has ended."""
    taken = before.get("owner") == BY_BOT and after.get("owner") == BY_PEOPLE
    row = ConversationChange(
        org_id=conversation.org_id,
        conversation_id=conversation.id or 0,
        what=what,
        by_id=_id_of(by),
        cause=cause,
        before=_plain(before),
        after=_plain(after),
        undoable=by is not None and what not in _FINAL and not taken,
        at=now,
    )
    db.add(row)
    db.flush()
    return row


def tell(
    db: Session, conversation: Conversation, what: str, now: datetime, *, by: User | int | None = None, **more: Any
) -> None:
    """Writes `conversation:updated`, the one event by which inboxes know that a row of theirs is old."""
    db.add(conversation)
    db.flush()
    payload = {
        "conversation": conversation.id,
        "version": conversation.version,
        "status": conversation.status,
        "owner": conversation.owner,
        "assignee": conversation.assignee_id,
        "team": conversation.team or None,
        "priority": conversation.priority,
        "by": _id_of(by),
        "what": what,
        **more,
    }
    events.tell(db, conversation.org_id, "conversation:updated", payload, now, conversation.id)
    if what not in _NOBODY_FREE:
        poke(db, "route", conversation.org_id)


def touch(conversation: Conversation) -> None:
    """Something beside the row changed (a label, a star): its version says so too."""
    conversation.version += 1


def wake_due(store: Store, now: datetime) -> int:
    """Wakes the conversations whose snooze is over; how many."""
    woken = 0
    while True:
        with store.write() as db:
            found = conversations.lock_due(db, now, AT_ONCE)
            for conversation in found:
                move(db, conversation, "snooze_over", now, cause="timer")
                whom = [conversation.assignee_id] if conversation.assignee_id is not None else []
                notifications.tell(db, conversation.org_id, whom, SNOOZE_WOKEN, now, conversation_id=conversation.id)
        woken += len(found)
        if len(found) < AT_ONCE:
            return woken


def woken(db: Session, ids: list[int], now: datetime, cause: str) -> None:
    """A batch of messages has woken these: their history and the inboxes hear of it."""
    for id_ in ids:
        conversation = db.get_one(Conversation, id_, populate_existing=True)
        after = {"status": conversation.status}
        tell(db, conversation, "woken", now)
        record(db, conversation, "woken", {"status": talks.SNOOZED}, after, now, cause=cause)


def _id_of(by: User | int | None) -> int | None:
    return by.id if isinstance(by, User) else by


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stamp(value) if isinstance(value, datetime) else value for name, value in values.items()}


def stamp(moment: datetime) -> str:
    """A time as JSON has it: ISO 8601 in UTC with Z."""
    return moment.isoformat().replace("+00:00", "Z")
