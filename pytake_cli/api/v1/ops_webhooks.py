"""/ops: how the daemon is, the webhooks that came, and applying one again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Depends
from pydantic import BaseModel
from sqlmodel import Session, col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, cursor, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import replays
from pytake_cli.store.journal import Journal

router = new_router("ops")
READ = [Depends(needs("ops:read"))]
ACTING = ("ops:read", "org:write")
LOOKED_AT = 500  # webhooks that one page looks through for those of the organisation


class Health(BaseModel):
    """`state` is ok or failing; `problems` are what keeps the daemon from working."""

    state: str
    problems: list[str]


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


@router.get("/health", response_model=Health, dependencies=READ)
def health(here: Here = Depends(here)) -> object:
    """Whether the daemon works, and what keeps it from that."""
    problems = here.office.problems()
    return {"state": "failing" if problems else "ok", "problems": problems}


@router.get("/webhooks", response_model=Page[Webhook], dependencies=READ)
def webhooks(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """The webhooks that came, the newest first; what they say is not shown."""
    before = paging.after(int)
    with here.read() as db:
        rows, last = _visible(db, here, before[0] if before else None, paging.limit)
    return {"items": rows, "next": cursor(last) if last is not None else None}


@router.post("/webhooks/{id}/replay", response_model=Replayed, dependencies=[Depends(needs(*ACTING))])
def replay(id: Id, here: Here = Depends(here)) -> object:
    """Applies a webhook again, and settles what of it was set aside before."""
    with here.office.store.write() as db:  # a webhook may speak of numbers of several organisations
        result = replays.replay(db, replays.find(db, here.org_id, str(id)), here.now)
        here.note(db, "webhook.replayed", f"webhook:{id}")
    return {name: getattr(result, name) for name in Replayed.model_fields}


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
