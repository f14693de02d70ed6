"""/ops: what waits, what is stuck, and how the daemon is; for whoever looks after it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query
from pydantic import BaseModel
from sqlmodel import Session, col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, cursor, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import numbers, overview, queues, replays
from pytake_cli.store.events import Event
from pytake_cli.store.journal import Journal

router = new_router("ops")
READ = [Depends(needs("ops:read"))]
LOOKED_AT = 500  # webhooks that one page looks through for those of the organisation
ACTING = ("ops:read", "numbers:write")
ACT = [Depends(needs(*ACTING))]

Reference = Annotated[str, Path(pattern=r"^(message|job|quarantine):[0-9]{1,18}$")]


class NumberState(BaseModel):
    id: int
    display: str
    status: str
    quality: str
    tier: str
    stopped: str | None


class State(BaseModel):
    """`state` is ok, or what needs somebody: daemon, number, queue."""

    state: str
    problems: list[str]
    numbers: list[NumberState]
    outbox: dict[str, int]
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


class Entry(BaseModel):
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
    id: int
    at: datetime
    conversation_id: int | None
    payload: dict[str, Any]


@router.get("/health", response_model=State, dependencies=READ)
def health(here: Here = Depends(here)) -> object:
    """One look at everything: the daemon, the numbers, what waits, the windows."""
    with here.read() as db:
        view = overview.of(db, here.org_id, here.now)
    problems = here.office.problems()
    connected = [number for number in view.numbers if number.status != numbers.REMOVED]
    wrong = ["daemon"] if problems else []
    if any(number.stopped_reason or number.status != "CONNECTED" for number in connected):
        wrong.append("number")
    if view.outbox.get("unknown") or view.quarantined or view.jobs_failed:
        wrong.append("queue")
    return {
        **{name: getattr(view, name) for name in State.model_fields if hasattr(view, name)},
        "state": ", ".join(wrong) or "ok",
        "problems": problems,
        "numbers": [{**number.model_dump(), "stopped": number.stopped_reason or None} for number in connected],
        "outbox": {name: view.outbox.get(name, 0) for name in overview.OUTBOX},
    }


@router.get("/queue", response_model=Page[Entry], dependencies=READ)
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


@router.post("/queue/{id}/retry", response_model=Entry, dependencies=ACT)
def retry(id: Reference, here: Here = Depends(here)) -> object:
    """Tries again what failed."""
    with here.write() as db:
        row = queues.find(db, here.org_id, id)
        queues.retry(db, row, here.now)
        here.note(db, "queue.retried", id)
        db.flush()
        return _entry(queues.entry_of(row))


@router.post("/queue/{id}/drop", response_model=Entry, dependencies=ACT)
def drop(id: Reference, here: Here = Depends(here)) -> object:
    """Gives up on it."""
    with here.write() as db:
        row = queues.find(db, here.org_id, id)
        queues.drop(db, row, here.now)
        here.note(db, "queue.dropped", id)
        db.flush()
        return _entry(queues.entry_of(row))


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


@router.get("/errors", response_model=Page[Incident], dependencies=READ)
def errors(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """What went wrong and wants a person, the newest first."""
    before = paging.after(int)
    query = select(Event).where(Event.kind == "incident").order_by(col(Event.id).desc())
    if before is not None:
        query = query.where(col(Event.id) < before[0])
    with here.read() as db:
        rows = [row.model_dump() for row in db.exec(query.limit(paging.limit + 1))]
    return paging.page(rows, lambda row: (row["id"],))


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
    return {name: getattr(found, name) for name in Entry.model_fields}
