"""/ops: whether everything runs, what waits in the queues, what went wrong, which colleagues are here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, cursor, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import numbers, overview, queues, replays
from pytake_cli.services.incidents import said
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal
from pytake_cli.store.users import User

router = new_router("ops")
READ = [Depends(needs("ops:read"))]
LOOKED_AT = 500  # webhooks that one page looks through for those of the organisation
ACTING = ("ops:read", "numbers:write")
ACT = [Depends(needs(*ACTING))]

Reference = Annotated[str, Path(pattern=r"^(message|job|quarantine):[0-9]{1,18}$")]


class Health(BaseModel):
    """`state` is ok or failing; `problems` are what keeps the daemon from working."""

    state: str
    problems: list[str]


class NumberStanding(BaseModel):
    display: str
    status: str
    quality: str
    tier: str
    stopped: str


class Standing(BaseModel):
    """How the organisation's work stands at this moment."""

    state: str  # ok, or what needs somebody: daemon, number, queue
    problems: list[str]  # of the daemon
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


class Webhook(BaseModel):
    id: int
    received_at: datetime
    applied_at: datetime | None
    bytes: int


class Replayed(BaseModel):
    webhook: int
    received_at: datetime
    updates: int
    messages: int
    statuses: int
    quarantined: int


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


@router.get("/health", response_model=Health, dependencies=READ)
def health(here: Here = Depends(here)) -> object:
    """Whether the daemon works, and what keeps it from that."""
    problems = here.office.problems()
    return {"state": "failing" if problems else "ok", "problems": problems}


@router.get("/status", response_model=Standing, dependencies=READ)
def status(here: Here = Depends(here)) -> object:
    """One screen: numbers, queues, windows, conversations."""
    with here.read() as db:
        found = overview.of(db, here.org_id, here.now)
    problems = here.office.problems()
    connected = [number for number in found.numbers if number.status != numbers.REMOVED]
    stopped = any(number.stopped_at or number.status != "CONNECTED" for number in connected)
    stuck = found.outbox.get("unknown", 0) or found.jobs_failed or found.quarantined
    wrong = {"daemon": problems, "number": stopped, "queue": stuck}
    return {
        **{name: getattr(found, name) for name in Standing.model_fields if hasattr(found, name)},
        **{name: found.outbox.get(name, 0) for name in overview.OUTBOX},
        "state": ", ".join(name for name, is_so in wrong.items() if is_so) or "ok",
        "problems": problems,
        "numbers": [
            {
                **{name: getattr(number, name) or "" for name in ("display", "status", "quality", "tier")},
                "stopped": number.stopped_reason if number.stopped_at else "",
            }
            for number in connected
        ],
    }


@router.get("/queue", response_model=Page[Waiting], dependencies=READ)
def queue(
    kind: Annotated[list[Literal["message", "job", "quarantine"]] | None, Query()] = None,
    state: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    here: Here = Depends(here),
) -> object:
    """What waits, the oldest first; failed messages when asked for by `state=failed`."""
    with here.read() as db:
        kinds = tuple(kind or queues.KINDS)
        found = queues.listed(db, here.org_id, kinds=kinds, state=state, limit=limit)
        total = queues.count(db, here.org_id, kinds=kinds, state=state)
        return {"items": [_entry(each) for each in found], "total": total}


@router.post("/queue/{id}/retry", response_model=Waiting, dependencies=ACT)
def retry(id: Reference, here: Here = Depends(here)) -> object:
    """Tries again what failed."""
    return _move(here, id, queues.retry, "queue.retried")


@router.post("/queue/{id}/drop", response_model=Waiting, dependencies=ACT)
def drop(id: Reference, here: Here = Depends(here)) -> object:
    """Gives up on it."""
    return _move(here, id, queues.drop, "queue.dropped")


@router.get("/webhooks", response_model=Page[Webhook], dependencies=READ)
def webhooks(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """The webhooks that came, the newest first; what they say is not shown."""
    before = paging.after(int)
    with here.read() as db:
        rows, last = _visible(db, here, before[0] if before else None, paging.limit)
    return {"items": rows, "next": cursor(last) if last is not None else None}


@router.post("/webhooks/{id}/replay", response_model=Replayed, dependencies=ACT)
def replay(id: Id, here: Here = Depends(here)) -> object:
    """Applies a webhook again, and settles what of it was set aside before."""
    with here.office.store.write() as db:  # a webhook may speak of numbers of several organisations
        result = replays.replay(db, replays.find(db, here.org_id, str(id)), here.now)
        here.note(db, "webhook.replayed", f"webhook:{id}")
    return {name: getattr(result, name) for name in Replayed.model_fields}


@router.get("/incidents", response_model=Page[Incident], dependencies=READ)
def incidents(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """What went wrong and wants a person, the newest first."""
    before = paging.after(int)
    query = select(Event).where(Event.kind == "incident").order_by(col(Event.id).desc())
    if before is not None:
        query = query.where(col(Event.id) < before[0])
    with here.read() as db:
        rows = [_incident(row) for row in db.exec(query.limit(paging.limit + 1))]
    return paging.page(rows, lambda row: (row["id"],))


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


def _visible(db: Session, here: Here, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The webhooks that the organisation may see, and the id to look on below when there may be more."""
    query = select(Journal).order_by(col(Journal.id).desc())
    if before is not None:
        query = query.where(col(Journal.id) < before)
    rows: list[dict[str, Any]] = []
    looked = list(db.exec(query.limit(LOOKED_AT)))
    for row in looked:
        if replays.is_visible(db, here.org_id, row):
            rows.append({**row.model_dump(exclude={"body", "digest"}), "bytes": len(row.body)})
        if len(rows) == limit:
            return rows, row.id
    return rows, looked[-1].id if len(looked) == LOOKED_AT else None


def _entry(found: queues.Entry) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Waiting.model_fields}


def _move(here: Here, reference: str, act: Any, told: str) -> dict[str, Any]:
    with here.write() as db:
        row = queues.find(db, here.org_id, reference)
        act(db, row, here.now)
        here.note(db, told, reference)
        db.flush()
        return _entry(queues.entry_of(row))


def _incident(row: Event) -> dict[str, Any]:
    told = {"slug": str(row.payload.get("slug") or ""), "text": said(row.payload)}
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
