"""Sessions of flows, the events that made them what they are, and what they recorded on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Session, col

from pytake_cli.store.rows import Batch, Owned, insert, json, primary_key, reference, time
from pytake_cli.store.timers import cancel_all

ACTIVE, WAITING, ENDED = "active", "waiting", "ended"
PERSON = "person"  # the wait of a session that goes on when people give its conversation back


class FlowSession(Owned, table=True):
    """One contact's walk through one version; the columns repeat what is searched, `state` is the session itself."""

    __tablename__ = "flow_session"
    __table_args__ = (
        Index(
            "uq_flow_session_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("status <> 'ended'"),
            postgresql_where=text("status <> 'ended'"),
        ),
        Index("ix_flow_session_flow", "flow_id", "status"),
        Index("ix_flow_session_contact", "contact_id", "id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    flow_id: int = reference("flow.id")
    version_id: int = reference("flow_version.id")
    conversation_id: int = reference("conversation.id")
    contact_id: int = reference("contact.id")
    number_id: int = reference("number.id")
    status: str = ACTIVE  # active | waiting | ended
    state: dict[str, Any] = json(dict)  # flow.session.Session as JSON; {} until the burst that starts it is over
    step: str = ""
    wait_kind: str = ""  # reply | time | answer | signal | person
    outcome: str = ""
    closes: bool = False  # the conversation is resolved when it ends: a person had closed it already
    serial: int = 0  # events applied
    started_at: datetime = time()
    updated_at: datetime = time()
    ended_at: datetime | None = time(nullable=True)


class FlowEvent(Owned, table=True):
    """The log that a session can be replayed from. `cause` is unique: what was applied once is never applied again."""

    __tablename__ = "flow_event"
    __table_args__ = (UniqueConstraint("session_id", "serial"), UniqueConstraint("session_id", "cause"))

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    session_id: int = reference("flow_session.id")
    serial: int
    cause: str  # message:812 | timer:9 | job:5 | signal:… | person:…
    event: dict[str, Any] = json(dict)  # {"kind": "replied", "at": …, "reply": {…}}
    given: dict[str, Any] = json(dict)  # the context as it was: {"contact": {…}, "conversation": {…}, …}
    at: datetime = time()


class FlowRecord(Owned, table=True):
    """A line for statistics: `kind` is one of flow.effects.Record's."""

    __tablename__ = "flow_record"
    __table_args__ = (
        Index("ix_flow_record_flow", "flow_id", "kind", "at"),
        Index("ix_flow_record_session", "session_id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    flow_id: int = reference("flow.id")
    version_id: int = reference("flow_version.id")
    session_id: int = reference("flow_session.id")
    kind: str
    step: str = ""
    way: str = ""
    value: Any = json()
    at: datetime = time()


flow_session = FlowSession.__table__  # type: ignore[attr-defined]
flow_event = FlowEvent.__table__  # type: ignore[attr-defined]
flow_record = FlowRecord.__table__  # type: ignore[attr-defined]

_OPEN = sa.select(flow_session.c.id).where(
    flow_session.c.conversation_id == sa.bindparam("conversation"), sa.text("flow_session.status <> 'ended'")
)
_LAST = (
    sa.select(flow_session.c.state)
    .where(flow_session.c.contact_id == sa.bindparam("contact"), flow_session.c.status == ENDED)
    .order_by(flow_session.c.id.desc())
    .limit(1)
)
_KNOWN = sa.select(flow_event.c.id).where(
    flow_event.c.session_id == sa.bindparam("session"), flow_event.c.cause == sa.bindparam("of_cause")
)


def of_conversation(db: Session, conversation_id: int) -> FlowSession | None:
    """The conversation's open session; the caller holds the conversation's row."""
    db.flush()
    id_ = db.connection().execute(_OPEN, {"conversation": conversation_id}).scalar()
    return db.get_one(FlowSession, id_, populate_existing=True) if id_ is not None else None


def last_state(db: Session, contact_id: int) -> dict[str, Any]:
    """How the contact's newest session that has ended ended; {} without one."""
    state: dict[str, Any] | None = db.connection().execute(_LAST, {"contact": contact_id}).scalar()
    return state or {}


def happened(db: Session, row: FlowSession, cause: str) -> bool:
    """Whether the cause has been applied to the session already."""
    return db.connection().execute(_KNOWN, {"session": row.id, "of_cause": cause}).first() is not None


def log_event(db: Session, row: FlowSession, cause: str, event: dict[str, Any], given: dict[str, Any]) -> bool:
    """Writes the next line of the session's log; False when the cause is in it already."""
    values = {"org_id": row.org_id, "session_id": row.id, "serial": row.serial, "cause": cause}
    return _LOG.run(db, [{**values, "event": event, "given": given, "at": row.updated_at}]) > 0


_LOG = Batch(lambda db: insert(db, flow_event).on_conflict_do_nothing(index_elements=["session_id", "cause"]))
_RECORD = Batch(lambda _: sa.insert(flow_record))


def record(db: Session, row: FlowSession, lines: Sequence[tuple[str, str, str, Any]], now: datetime) -> None:
    """Writes lines for statistics: (kind, step, way, value) each."""
    stands = {"org_id": row.org_id, "flow_id": row.flow_id, "version_id": row.version_id, "session_id": row.id}
    names = ("kind", "step", "way", "value")
    _RECORD.run(db, [{**stands, **dict(zip(names, line, strict=True)), "at": now} for line in lines])


def end(db: Session, row: FlowSession, outcome: str, now: datetime, *, cause: str) -> None:
    """Ends a session from outside, whatever its flow says: it waits for nothing more, and its timers are off.

    The state is what the engine makes of `Cancelled`; it is not asked, so that nothing can keep a session going.
    """
    assert row.id is not None
    row.status, row.outcome, row.ended_at, row.updated_at = ENDED, outcome, now, now
    row.step = row.wait_kind = ""
    row.serial += 1
    if row.state:
        kept = {name: value for name, value in row.state.items() if name not in _OF_WAITING}
        row.state = {**kept, "status": ENDED, "outcome": outcome, "serial": row.serial}
    log_event(db, row, cause, {"is": "cancelled", "at": now.isoformat(), "outcome": outcome}, {})
    cancel_all(db, row.id, now)
    db.add(row)
    db.flush()


_OF_WAITING = frozenset({"wait", "interrupted", "paused", "paused_step", "early", "expires_at"})


def move(db: Session, from_conversation: int, to_conversation: int, now: datetime) -> None:
    """Two conversations become one: an open session of the first goes along, unless the second has one."""
    kept = of_conversation(db, to_conversation)
    moved = of_conversation(db, from_conversation)
    if kept is not None and moved is not None:
        end(db, moved, "replaced", now, cause=f"merge:{from_conversation}")
    theirs = col(FlowSession.conversation_id) == from_conversation
    db.execute(sa.update(FlowSession).where(theirs).values(conversation_id=to_conversation))


def leave_to_people(db: Session, conversation_id: int, now: datetime, *, cause: str) -> FlowSession | None:
    """People have the conversation now: its session ends and is returned, unless it waits for them to give it back."""
    row = of_conversation(db, conversation_id)
    if row is None or row.wait_kind == PERSON:
        return None
    end(db, row, "taken_over", now, cause=cause)
    return row
