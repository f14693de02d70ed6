"""Sessions as people look at them: which there are, one with its log, and ending one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.errors import NotFound
from pytake_cli.services import contacts, flow_sessions, ownership
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BY_PEOPLE
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import ENDED, FlowEvent, FlowRecord, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions; None: whatever."""

    flow_id: int | None = None
    status: str | None = None  # open | active | waiting | ended
    step: str | None = None
    version: int | None = None
    outcome: str | None = None
    contact_id: int | None = None
    limit: int | None = None
    before: int | None = None  # only those older than this session


@dataclass(frozen=True, slots=True)
class Walk:
    """A session with what it belongs to."""

    session: FlowSession
    flow: Flow
    version: FlowVersion
    contact: str

    def row(self) -> dict[str, Any]:
        session = self.session
        return {
            "id": session.id,
            "flow": self.flow.name,
            "version": self.version.number,
            "contact": self.contact,
            "status": session.status,
            "step": session.step,
            "waits_for": session.wait_kind,
            "outcome": session.outcome,
            "started_at": session.started_at,
            "updated_at": session.updated_at,
            "ended_at": session.ended_at,
            "contact_id": session.contact_id,
            "conversation_id": session.conversation_id,
            "events": session.serial,
        }


def listed(db: Session, org_id: int, wanted: Wanted) -> list[Walk]:
    """The sessions that are wanted, the newest first."""
    query = _chosen(
        select(FlowSession, Flow, FlowVersion)
        .join(Flow, Flow.id == FlowSession.flow_id)  # type: ignore[arg-type]
        .join(FlowVersion, FlowVersion.id == FlowSession.version_id),  # type: ignore[arg-type]
        org_id,
        wanted,
    ).order_by(col(FlowSession.id).desc())
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    found = list(db.exec(query))
    names = contacts.display_names(db, [session.contact_id for session, _flow, _version in found])
    return [Walk(session, flow, version, names.get(session.contact_id, "")) for session, flow, version in found]


def count(db: Session, org_id: int, wanted: Wanted) -> int:
    """How many there are, whatever the limit."""
    query = select(func.count()).select_from(FlowSession).join(FlowVersion, FlowVersion.id == FlowSession.version_id)  # type: ignore[arg-type]
    return int(db.exec(_chosen(query, org_id, wanted)).one())


def _chosen(query: Any, org_id: int, wanted: Wanted) -> Any:
    query = query.where(FlowSession.org_id == org_id)
    if wanted.status == "open":
        query = query.where(FlowSession.status != ENDED)
    elif wanted.status:
        query = query.where(FlowSession.status == wanted.status)
    if wanted.before is not None:
        query = query.where(col(FlowSession.id) < wanted.before)
    if wanted.version is not None:
        query = query.where(FlowVersion.number == wanted.version)
    for name in ("flow_id", "step", "outcome", "contact_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(FlowSession, name) == value)
    return query


def get(db: Session, org_id: int, ref: str) -> Walk:
    """The session of that number."""
    number = ref.removeprefix("#").removeprefix("session:")
    row = db.get(FlowSession, int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
    if row is None or row.org_id != org_id:
        raise NotFound("PT-FLOW-SESSION", "there is no session {ref}", fix="pytake flow sessions", ref=ref)
    assert row.contact_id is not None
    names = contacts.display_names(db, [row.contact_id])
    flow, version = db.get_one(Flow, row.flow_id), db.get_one(FlowVersion, row.version_id)
    return Walk(row, flow, version, names.get(row.contact_id, ""))


def log(db: Session, session_id: int) -> list[FlowEvent]:
    """What happened to it, in order."""
    mine = select(FlowEvent).where(FlowEvent.session_id == session_id)
    return list(db.exec(mine.order_by(col(FlowEvent.serial))))


def records(db: Session, session_id: int) -> list[FlowRecord]:
    """What it recorded, in order."""
    mine = select(FlowRecord).where(FlowRecord.session_id == session_id)
    return list(db.exec(mine.order_by(col(FlowRecord.id))))


def reset(db: Session, org_id: int, contact: Contact, now: datetime) -> list[FlowSession]:
    """Drops the contact out of every flow: open sessions end as `reset`, what was not sent yet is taken back."""
    mine = select(FlowSession.id).where(FlowSession.org_id == org_id, FlowSession.contact_id == contact.id)
    ended = []
    for id_ in db.exec(mine.where(FlowSession.status != ENDED).order_by(col(FlowSession.id))).all():
        found = flow_sessions.lock_session(db, id_ or 0)
        if found is None or found[0].status == ENDED:
            continue
        row, conversation = found
        sessions.end(db, row, "reset", now, cause=f"person:reset:{now.timestamp():.6f}")
        ownership.silence(db, conversation, now)
        payload = {"session": row.id, "conversation": conversation.id, "outcome": "reset"}
        told = Event(org_id=org_id, kind="flow:ended", payload=payload, at=now)
        told.conversation_id = conversation.id
        db.add(told)
        if conversation.owner != BY_PEOPLE:
            ownership.changed(db, conversation, None, now)
        ended.append(row)
    db.flush()
    return ended
