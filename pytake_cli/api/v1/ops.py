"""/ops: whether everything runs, what waits in the queues, what went wrong, which colleagues are here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import overview, queues
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.users import User

router = new_router("ops")
READ = [Depends(needs("ops:read"))]
MOVE = [Depends(needs("ops:read", "org:write"))]

Reference = Annotated[str, Path(min_length=1, max_length=60, description="message:12, job:5 or quarantine:3")]
Limit = Annotated[int, Query(ge=1, le=500)]


class NumberStanding(BaseModel):
    display: str
    status: str
    quality: str
    tier: str
    stopped: str


class Standing(BaseModel):
    """How the organisation's work stands at this moment."""

    state: str
    numbers: list[NumberStanding]
    queued: int
    sending: int
    unknown: int
    oldest_queued_at: datetime | None
    failed_24h: int
    jobs_waiting: int
    jobs_failed: int
    quarantined: int
    journal_backlog: int
    last_webhook_at: datetime | None
    last_inbound_at: datetime | None
    windows_open: int
    windows_closing: int
    conversations: dict[str, int]
    oldest_waiting_at: datetime | None


class Waiting(BaseModel):
    """One thing in a queue."""

    id: str
    state: str
    about: str
    since: datetime
    due_at: datetime | None
    attempts: int
    error: str


class Incident(BaseModel):
    """Something that needed a person."""

    id: int
    at: datetime
    slug: str
    text: str
    conversation: int | None


class Colleague(BaseModel):
    id: int
    name: str
    role: str
    availability: str
    open: int


@router.get("/status", response_model=Standing, dependencies=READ)
def status(here: Here = Depends(here)) -> object:
    """One screen: numbers, queues, windows, conversations."""
    with here.read() as db:
        found = overview.of(db, here.org_id, here.now)
    stopped = any(number.stopped_at for number in found.numbers)
    stuck = found.outbox.get("unknown", 0) or found.jobs_failed or found.quarantined
    return {
        **{name: getattr(found, name) for name in Standing.model_fields if hasattr(found, name)},
        **{name: found.outbox.get(name, 0) for name in overview.OUTBOX},
        "state": ", ".join(name for name, wrong in (("number", stopped), ("queue", stuck)) if wrong) or "ok",
        "numbers": [
            {
                **{name: getattr(number, name) or "" for name in ("display", "status", "quality", "tier")},
                "stopped": number.stopped_reason if number.stopped_at else "",
            }
            for number in found.numbers
        ],
    }


@router.get("/queue", response_model=Page[Waiting], dependencies=READ)
def queue(limit: Limit = 100, here: Here = Depends(here)) -> object:
    """What waits or is stuck, the oldest first."""
    with here.read() as db:
        found = queues.listed(db, here.org_id, limit=limit)
        total = queues.count(db, here.org_id)
    return {"items": [_entry(each) for each in found], "total": total}


@router.post("/queue/{id}/retry", response_model=Waiting, dependencies=MOVE)
def retry(id: Reference, here: Here = Depends(here)) -> object:  # noqa: A002 - the path's name
    """Tries again what failed."""
    return _move(here, id, queues.retry)


@router.post("/queue/{id}/drop", response_model=Waiting, dependencies=MOVE)
def drop(id: Reference, here: Here = Depends(here)) -> object:  # noqa: A002
    """Gives up on it."""
    return _move(here, id, queues.drop)


@router.get("/incidents", response_model=Page[Incident], dependencies=READ)
def incidents(limit: Limit = 50, here: Here = Depends(here)) -> object:
    """What went wrong lately, the newest first."""
    mine = select(Event).where(Event.org_id == here.org_id, Event.kind == "incident")
    with here.read() as db:
        rows = db.exec(mine.order_by(col(Event.id).desc()).limit(limit)).all()
    return {"items": [_incident(row) for row in rows]}


@router.get("/people", response_model=Page[Colleague], dependencies=READ)
def people(here: Here = Depends(here)) -> object:
    """The active users, whether they are available, and how much each has to do."""
    theirs = select(Conversation.assignee_id, func.count()).where(
        Conversation.org_id == here.org_id, Conversation.status != RESOLVED, col(Conversation.assignee_id).is_not(None)
    )
    active = select(User).where(User.org_id == here.org_id, col(User.active)).order_by(User.email)
    with here.read() as db:
        counts = dict(db.exec(theirs.group_by(col(Conversation.assignee_id))).all())
        users = db.exec(active).all()
    return {"items": [_colleague(user, counts.get(user.id, 0)) for user in users]}


def _entry(found: queues.Entry) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Waiting.model_fields}


def _move(here: Here, reference: str, act: Any) -> dict[str, Any]:
    with here.write() as db:
        row = queues.find(db, here.org_id, reference)
        act(db, row, here.now)
        return _entry(queues.entry_of(row))


def _incident(row: Event) -> dict[str, Any]:
    told = {name: str(row.payload.get(name) or "") for name in ("slug", "text")}
    return {"id": row.id, "at": row.at, "conversation": row.payload.get("conversation"), **told}


def _colleague(user: User, open_: int) -> dict[str, Any]:
    availability = str(getattr(user, "availability", "") or "online")
    return {
        "id": user.id,
        "name": user.name or user.email,
        "role": user.role,
        "availability": availability,
        "open": open_,
    }
