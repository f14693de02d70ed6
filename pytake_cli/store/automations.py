"""Automations: rules as they are published, each time that one began, and how far the events have been read.

pending --due, and what it asks still holds--> done | pending again (its next stage)
   |                 '--it holds no more--> skipped      '--what it wanted is refused--> refused
   '--something came that calls it off--> cancelled
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, Session, col, select

from pytake_cli.store.events import Event, event
from pytake_cli.store.rows import Owned, Row, insert, json, long_text, primary_key, reference, time
from pytake_cli.store.types import BigId

PENDING, DONE, SKIPPED, REFUSED, CANCELLED = "pending", "done", "skipped", "refused", "cancelled"
_PENDING = "state = 'pending'"


class Automation(Owned, table=True):
    __tablename__ = "automation"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    title: str = ""
    source: str = long_text()  # the file as it was published
    ref: str = ""  # hash of the source
    number: int = 1  # how often it was published
    enabled: bool = True
    since_event: int = Field(default=0, sa_type=BigId)  # what happened before it was enabled is history
    published_at: datetime = time()
    published_by_id: int | None = reference("user_account.id", nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


class AutomationRun(Owned, table=True):
    """One time that an automation began in a conversation; `cause` is unique: what set it off once never does again."""

    __tablename__ = "automation_run"
    __table_args__ = (
        UniqueConstraint("automation_id", "conversation_id", "cause"),
        Index("ix_automation_run_due", "due_at", sqlite_where=text(_PENDING), postgresql_where=text(_PENDING)),
        Index("ix_automation_run_conversation", "conversation_id", "id"),
        Index("ix_automation_run_contact", "contact_id", "id"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    automation_id: int = reference("automation.id")
    conversation_id: int = reference("conversation.id")
    contact_id: int = reference("contact.id")
    event: str  # one of policy.automations.EVENTS
    cause: str  # event:812; of those that wait for silence, the event that it is counted from
    said: str = long_text()  # the text of the message that set it off
    depth: int = 0  # automations that led to it
    stage: int = 0
    state: str = PENDING
    reason: str = ""  # why it was skipped, refused or cancelled
    did: list[str] = json(list)  # what it has done so far
    due_at: datetime = time()
    first_event: int | None = Field(default=None, sa_type=BigId)  # its own events: after this one
    last_event: int | None = Field(default=None, sa_type=BigId)  # and up to this one
    created_at: datetime = time()
    ended_at: datetime | None = time(nullable=True)


class AutomationSeen(Owned, table=True):
    """What the reader of events last knew of a conversation, so that it sees what changed."""

    __tablename__ = "automation_seen"

    conversation_id: int = reference("conversation.id", primary_key=True)
    org_id: int = reference("organisation.id")
    status: str = ""
    assignee_id: int | None = Field(default=None, sa_type=BigId)


class AutomationCursor(Row, table=True):
    """One row: the last event that the automations of this store have read."""

    __tablename__ = "automation_cursor"

    id: int = Field(default=1, sa_column=Column(BigId, primary_key=True, autoincrement=False))
    event_id: int = Field(default=0, sa_type=BigId)


automation = Automation.__table__  # type: ignore[attr-defined]
run = AutomationRun.__table__  # type: ignore[attr-defined]
seen = AutomationSeen.__table__  # type: ignore[attr-defined]
cursor = AutomationCursor.__table__  # type: ignore[attr-defined]
_pending = sa.text(f"automation_run.{_PENDING}")  # literally the index's condition


def by_name(db: Session, org_id: int, name: str) -> Automation | None:
    return db.exec(select(Automation).where(Automation.org_id == org_id, Automation.name == name)).first()


def everyone(db: Session, org_id: int) -> list[Automation]:
    return list(db.exec(select(Automation).where(Automation.org_id == org_id).order_by(Automation.name)))


def enabled(db: Session) -> list[Automation]:
    """Those of all organisations that are on."""
    return list(db.exec(select(Automation).where(col(Automation.enabled)).order_by(col(Automation.id))))


def any_enabled(db: Session) -> bool:
    return db.connection().execute(sa.select(automation.c.id).where(automation.c.enabled).limit(1)).first() is not None


def last_event(db: Session) -> int:
    return int(db.connection().execute(sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0))).scalar_one())


def read_up_to(db: Session) -> int:
    found: int | None = db.connection().execute(sa.select(cursor.c.event_id)).scalar()
    return found or 0


def move_cursor(db: Session, before: int, after: int) -> bool:
    """Says how far the events are read; False if somebody else has read on meanwhile."""
    db.connection().execute(insert(db, cursor).values(id=1, event_id=0).on_conflict_do_nothing(index_elements=["id"]))
    mine = sa.update(cursor).where(cursor.c.id == 1, cursor.c.event_id == before)
    return db.connection().execute(mine.values(event_id=after)).rowcount > 0


def unread(db: Session, after: int, through: int, kinds: Collection[str], limit: int) -> list[Event]:
    """The next events of these kinds up to `through`."""
    wanted = select(Event).where(event.c.id > after, event.c.id <= through, event.c.kind.in_(sorted(kinds)))
    return list(db.exec(wanted.order_by(event.c.id).limit(limit)))


def has_unread(db: Session, conversation_id: int, after: int, kinds: Collection[str]) -> bool:
    """Whether something happened in the conversation that has not been read."""
    later = sa.select(event.c.id).where(
        event.c.id > after, event.c.conversation_id == conversation_id, event.c.kind.in_(sorted(kinds))
    )
    return db.connection().execute(later.limit(1)).first() is not None


def begin(db: Session, found: Sequence[dict[str, Any]]) -> None:
    """Notes runs; one whose cause has had its own is left out."""
    if not found:
        return
    known = {"stage": 0, "state": PENDING, "reason": "", "did": [], "ended_at": None}
    new = insert(db, run).on_conflict_do_nothing(index_elements=["automation_id", "conversation_id", "cause"])
    db.connection().execute(new, [{**known, **values} for values in found])


def waiting(db: Session, conversation_ids: Collection[int]) -> list[AutomationRun]:
    """The runs in these conversations that are not over."""
    query = select(AutomationRun).where(_pending, run.c.conversation_id.in_(sorted(conversation_ids)))
    return list(db.exec(query.execution_options(populate_existing=True)))


def change(db: Session, id_: int, **values: Any) -> bool:
    """Changes a run that still waits; False if it was carried out meanwhile."""
    mine = sa.update(run).where(run.c.id == id_, run.c.state == PENDING)
    return db.connection().execute(mine.values(**values)).rowcount > 0


def due(db: Session, now: datetime, limit: int) -> list[int]:
    """Runs to carry out now, the longest waiting first."""
    query = sa.select(run.c.id).where(_pending, run.c.due_at <= now).order_by(run.c.due_at, run.c.id).limit(limit)
    return list(db.connection().execute(query).scalars())


def take(db: Session, id_: int, now: datetime) -> AutomationRun | None:
    """A due run, kept from others until the transaction ends; None if it is not due any more."""
    query = select(AutomationRun).where(AutomationRun.id == id_, _pending, run.c.due_at <= now)
    return db.exec(query.with_for_update(skip_locked=True).execution_options(populate_existing=True)).first()


def cancel_of(db: Session, automation_id: int, reason: str, now: datetime) -> int:
    """Calls off what waits of an automation."""
    theirs = sa.update(run).where(_pending, run.c.automation_id == automation_id)
    return db.connection().execute(theirs.values(state=CANCELLED, reason=reason, ended_at=now)).rowcount


def count_since(db: Session, conversation_id: int, since: datetime) -> int:
    """How many runs began in a conversation since then."""
    query = sa.select(sa.func.count()).where(run.c.conversation_id == conversation_id, run.c.created_at > since)
    return int(db.connection().execute(query).scalar_one())


def began_since(db: Session, automation_id: int, contact_id: int, since: datetime) -> bool:
    """Whether the automation has begun for the contact since then, and was not called off."""
    query = sa.select(run.c.id).where(
        run.c.contact_id == contact_id,
        run.c.automation_id == automation_id,
        run.c.created_at > since,
        run.c.state.in_((PENDING, DONE)),
    )
    return db.connection().execute(query.limit(1)).first() is not None


def with_events(db: Session, conversation_ids: Collection[int]) -> list[AutomationRun]:
    """The runs of these conversations that wrote events which nobody has read when this is asked."""
    query = select(AutomationRun).where(
        run.c.conversation_id.in_(sorted(conversation_ids)), run.c.last_event > read_up_to(db)
    )
    return list(db.exec(query))


def remember(db: Session, known: Sequence[dict[str, Any]]) -> None:
    """Keeps what is known of conversations now."""
    if known:
        new = insert(db, seen)
        values = {name: new.excluded[name] for name in ("status", "assignee_id")}
        db.connection().execute(new.on_conflict_do_update(index_elements=["conversation_id"], set_=values), list(known))


def runs(
    db: Session,
    org_id: int,
    *,
    automation_id: int | None = None,
    conversation_id: int | None = None,
    states: Sequence[str] = (),
    before: int | None = None,
    limit: int | None = None,
) -> list[AutomationRun]:
    """The newest first."""
    query = select(AutomationRun).where(AutomationRun.org_id == org_id).order_by(run.c.id.desc())
    if automation_id is not None:
        query = query.where(run.c.automation_id == automation_id)
    if conversation_id is not None:
        query = query.where(run.c.conversation_id == conversation_id)
    if before is not None:
        query = query.where(run.c.id < before)
    if states:
        query = query.where(run.c.state.in_(states))
    return list(db.exec(query.limit(limit)))


def delete(db: Session, row: Automation) -> None:
    """Deletes an automation and its history."""
    db.connection().execute(sa.delete(run).where(run.c.automation_id == row.id))
    db.delete(row)


def move(db: Session, from_conversation: int, to_conversation: int, now: datetime) -> None:
    """Two conversations become one: what waited in the first is off, its history goes along."""
    theirs = sa.update(run).where(run.c.conversation_id == from_conversation)
    off = theirs.where(run.c.state == PENDING)
    db.connection().execute(off.values(state=CANCELLED, reason="merged", ended_at=now))
    db.connection().execute(theirs.values(conversation_id=to_conversation))
