"""/flow-sessions: who walks through flows, and how it went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Id, Page, Paging, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import flow_walks, flows

router = new_router("flow-sessions")
PEOPLE = ("flows:read", "contacts:read")
READ = [Depends(needs(*PEOPLE))]


class SessionRow(BaseModel):
    id: int
    flow: str
    version: int
    contact: str
    contact_id: int
    conversation_id: int
    status: str
    step: str
    waits_for: str
    outcome: str
    events: int
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class LogLine(BaseModel):
    serial: int
    at: datetime
    event: str
    cause: str
    given: dict[str, Any]


class RecordLine(BaseModel):
    at: datetime
    kind: str
    step: str
    way: str


class SessionCard(SessionRow):
    """A session with its variables and everything that happened to it."""

    vars: dict[str, Any]
    results: dict[str, Any]
    log: list[LogLine]
    records: list[RecordLine]


@router.get("", response_model=Page[SessionRow], dependencies=READ)
def list_(
    flow: Annotated[str | None, Query(max_length=100)] = None,
    status: Literal["open", "active", "waiting", "ended", "all"] = "open",
    step: Annotated[str | None, Query(max_length=200)] = None,
    outcome: Annotated[str | None, Query(max_length=80)] = None,
    contact: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """Sessions of flows, the newest first."""
    before = paging.after(int)
    with here.read() as db:
        wanted = flow_walks.Wanted(
            flow_id=flows.get(db, here.org_id, flow).id if flow else None,
            status=None if status == "all" else status,
            step=step,
            outcome=outcome,
            contact_id=contact,
            limit=paging.limit + 1,
            before=before[0] if before else None,
        )
        rows = [each.row() for each in flow_walks.listed(db, here.org_id, wanted)]
    here.saw("flow_session.listed")
    return paging.page(rows, lambda row: (row["id"],))


@router.get("/{id}", response_model=SessionCard, dependencies=READ)
def show(id: Id, here: Here = Depends(here)) -> object:
    """One session with its log."""
    with here.read() as db:
        walk = flow_walks.get(db, here.org_id, str(id))
        log = flow_walks.log(db, id)
        records = flow_walks.records(db, id)
    here.saw("flow_session.read", f"flow_session:{id}")
    frames = walk.session.state.get("frames") or [{}]
    return {
        **walk.row(),
        "vars": frames[0].get("vars", {}),
        "results": walk.session.state.get("results", {}),
        "log": [{**each.model_dump(), "event": str(each.event.get("is", "")), "given": each.event} for each in log],
        "records": [each.model_dump() for each in records],
    }
