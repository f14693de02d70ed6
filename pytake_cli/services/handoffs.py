"""A flow gives a conversation to people: to somebody, to a team, with a note, and with how urgent it is."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.flow.effects import HandOff
from pytake_cli.policy.talks import PRIORITIES
from pytake_cli.services import notifications, talks
from pytake_cli.store.conversations import RESOLVED, Conversation, Note
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.notifications import ASSIGNED
from pytake_cli.store.users import User


def hand_off(db: Session, row: FlowSession, conversation: Conversation, effect: HandOff, now: datetime) -> None:
    """Queues the conversation for people; whatever was queued before stays queued, and nothing automatic follows."""
    if conversation.status == RESOLVED:
        return
    agent = _agent(db, row.org_id, effect.agent) if effect.agent else None
    before = talks.kept(conversation)
    talks.put(conversation, "hand_off", now, assignee_id=agent.id if agent is not None else None)
    conversation.team, conversation.skills = effect.team, list(effect.skills)
    conversation.team_id = conversation.team_since = conversation.routed_to_id = None  # routing finds the team
    if effect.priority in PRIORITIES:
        conversation.priority = effect.priority
    conversation.waiting_since = now
    conversation.unread_count = max(1, conversation.unread_count)
    note = effect.note
    if effect.agent and agent is None:
        note = f"{note}\n(there is no active user {effect.agent})".strip()
    if note:
        _note(db, conversation, note, now)
    talks.changed(db, conversation, "handed_off", before, now, cause="flow")
    whom = [agent.id or 0] if agent is not None else []
    notifications.tell(db, row.org_id, whom, ASSIGNED, now, conversation_id=conversation.id, by="", team=effect.team)


def _agent(db: Session, org_id: int, ref: str) -> User | None:
    """The active user with that e-mail, the part of it before the @, or that name."""
    wanted = ref.strip().lower()
    active = select(User).where(User.org_id == org_id, col(User.active))
    for user in db.exec(active.order_by(col(User.id))):
        if wanted in (user.email.lower(), user.email.lower().split("@")[0], user.name.lower()):
            return user
    return None


def _note(db: Session, conversation: Conversation, body: str, now: datetime) -> None:
    assert conversation.id is not None
    note = Note(org_id=conversation.org_id, conversation_id=conversation.id, body=body[:10_000], created_at=now)
    db.add(note)
    db.flush()
    payload = {"note": note.id, "conversation": conversation.id}
    told = Event(org_id=conversation.org_id, kind="note:new", payload=payload, at=now)
    told.conversation_id = conversation.id
    db.add(told)
