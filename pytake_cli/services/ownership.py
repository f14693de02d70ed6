"""Whose a conversation is: the bot's or people's, never both. Taking it over is one step, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from pytake_cli.policy import talks as talks_table
from pytake_cli.services import talks
from pytake_cli.store import flow_sessions, outbox
from pytake_cli.store.conversations import BY_PEOPLE, OPEN, RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.users import User


def refuse_resolved(conversation: Conversation, action: str) -> None:
    """Raises Conflict for a conversation that is over."""
    if conversation.status == RESOLVED:
        raise talks_table.refusal(action, RESOLVED, conversation.id)


def take_over(db: Session, conversation: Conversation, by: User | None, now: datetime) -> bool:
    """A person takes the conversation from the bot; true unless it was theirs already.

    The session ends as `taken_over`, its timers are off, and what the bot said and Meta has not got is taken back.
    """
    refuse_resolved(conversation, "takeover")
    lock(db, conversation)
    mine = by.id if by else None
    if conversation.owner == BY_PEOPLE and conversation.status == OPEN and conversation.assignee_id == mine:
        return False
    before = talks.kept(conversation)
    to_people(db, conversation, now, cause="person:takeover")
    talks.put(conversation, "takeover", now, assignee_id=mine or conversation.assignee_id)
    talks.changed(db, conversation, "taken_over", before, now, by=by)
    return True


def to_people(db: Session, conversation: Conversation, now: datetime, *, cause: str) -> None:
    """From here on no bot speaks in the conversation; a session that waits for people goes on waiting."""
    assert conversation.id is not None
    lock(db, conversation)
    if conversation.owner == BY_PEOPLE:
        return
    conversation.owner = BY_PEOPLE
    db.add(conversation)
    ended = flow_sessions.leave_to_people(db, conversation.id, now, cause=f"{cause}:{now.timestamp():.6f}")
    silence(db, conversation, now)
    if ended is not None:
        payload = {"session": ended.id, "conversation": conversation.id, "outcome": ended.outcome}
        told = Event(org_id=conversation.org_id, kind="flow:ended", payload=payload, at=now)
        told.conversation_id = conversation.id
        db.add(told)


def lock(db: Session, conversation: Conversation) -> None:
    """Reads the conversation as it is now and keeps it from others until the transaction ends (on PostgreSQL)."""
    db.add(conversation)
    db.flush()
    db.refresh(conversation, with_for_update=True)


def close(db: Session, conversation: Conversation, now: datetime) -> None:
    """The conversation is being resolved: whatever session is open in it ends, and the bot says no more."""
    assert conversation.id is not None
    lock(db, conversation)
    row = flow_sessions.of_conversation(db, conversation.id)
    if row is not None:
        flow_sessions.end(db, row, "closed", now, cause=f"person:resolve:{now.timestamp():.6f}")
        silence(db, conversation, now)


def silence(db: Session, conversation: Conversation, now: datetime) -> list[int]:
    """Takes back what the bot has said in the conversation and Meta has not got."""
    assert conversation.id is not None
    taken = outbox.take_back(db, conversation.id)
    if taken:
        payload = {"statuses": [[id_, "cancelled"] for id_ in taken]}
        db.add(Event(org_id=conversation.org_id, kind="message:status", payload=payload, at=now))
    return taken


def changed(db: Session, conversation: Conversation, by: User | None, now: datetime) -> None:
    """Tells the inboxes whose the conversation is now."""
    talks.tell(db, conversation, "owner", now, by=by)
