"""Events: what the inboxes and `pytake listen` follow, resumed by cursor (the id). Each wakes who follows them here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import object_session
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Batch, Owned, json, primary_key, reference, time
from pytake_cli.store.types import BigId
from pytake_cli.store.work import poke

KINDS = {
    "message:new": "a message came in or was queued: {message, conversation, contact, direction, kind}",
    "message:status": "statuses rose: {statuses: [[message, status], …]}",
    "conversation:updated": "status, assignee or counters changed: {conversation, status, assignee, by}",
    "agent:updated": "a person is available, paused or offline, or takes more or fewer: {user, availability, capacity}",
    "sla:warned": "a promised time is nearly over: {conversation, clock, due, team, assignee}",
    "sla:breached": "a promised time is over: {conversation, clock, due, team, assignee}",
    "contact:updated": "a contact was created, changed or merged: {contact, …}; of many only {contacts: 812}",
    "contact:imported": "rows of a list became contacts: {import, source, new, updated}",
    "number:updated": "quality, limits or the right to send changed: {number, …}",
    "account:event": "Meta told something about the account: {field, value}",
    "template:updated": "a template is new, or its status, category, quality or content changed: {template, name, …}",
    "note:new": "a note was written: {note, conversation}",
    "flow:notice": "a flow tells people something: {text, team, flow, session, conversation, contact}",
    "flow:ended": "a person ended a session by taking its conversation: {session, conversation, outcome}",
    "flow:published": "another version starts new sessions: {flow, number, before, by}",
    "flow:changed": "a flow file differs from what is published, or cannot be: {flow, path, why}",
    "flow:paused": "a flow starts no sessions any more, or does again: {flow, paused, by}",
    "automation:notice": "an automation tells people something: {text, team, automation, conversation, contact}",
    "segment:entered": "contacts came into a materialised segment: {segment, contacts: [ids]}",
    "segment:left": "contacts are in a materialised segment no longer: {segment, contacts: [ids]}",
    "schedule:run": "a schedule ran, failed or was skipped: {schedule, run, local, state, reason, exit_code}",
    "campaign:updated": "the status of a campaign changed: {campaign, name, status, reason}",
    "notification": "a user is told something, only that one: {notification, user, kind, conversation, parts}",
    "incident": "something needs a person: {slug, …}",
}


class Event(Owned, table=True):
    __tablename__ = "event"
    __table_args__ = (Index("ix_event_org", "org_id", "id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    kind: str  # one of KINDS
    conversation_id: int | None = Field(default=None, sa_type=BigId)
    payload: dict[str, Any] = json(dict)
    at: datetime = time()


event = Event.__table__  # type: ignore[attr-defined]
_INSERT = Batch(lambda _: sa.insert(event))


def tell(
    db: Session, org_id: int, kind: str, payload: dict[str, Any], at: datetime, conversation_id: int | None = None
) -> None:
    """Writes an event at once, without the unit of work."""
    tell_all(db, [{"org_id": org_id, "kind": kind, "conversation_id": conversation_id, "payload": payload, "at": at}])


def tell_all(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Writes many events at once, each with all its columns but the id."""
    if rows:
        _INSERT.run(db, rows)
        poke(db, "live", "")


@sa.event.listens_for(Event, "after_insert")
def _wake(_: Any, __: Any, row: Event) -> None:
    db = object_session(row)
    assert isinstance(db, Session)
    poke(db, "live", "")


def after(db: Session, cursor: int, limit: int = 500) -> list[Event]:
    return list(db.exec(select(Event).where(Event.id > cursor).order_by(Event.id).limit(limit)))  # type: ignore[operator,arg-type]
