"""/schedules: when commands run, and what became of them. What they run is said on the machine itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Path
from pydantic import BaseModel
from sqlmodel import col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, everything, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import schedules
from pytake_cli.store import schedules as rows
from pytake_cli.store.schedules import Schedule, ScheduleRun

router = new_router("schedules")
READ = [Depends(needs("schedules:read"))]
WRITE = [Depends(needs("schedules:write"))]
COMING = 5

Name = Annotated[str, Path(min_length=1, max_length=100)]


class ScheduleRow(BaseModel):
    id: int
    name: str
    state: str
    next_at: datetime | None
    next_local: str
    rule: dict[str, Any]
    tz: str
    command: list[str]
    missed: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    paused_at: datetime | None


class Run(BaseModel):
    id: int
    local: str
    state: str
    reason: str
    due_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    output: str


class ScheduleCard(ScheduleRow):
    coming: list[datetime]
    runs: list[Run]


@router.get("", response_model=Page[ScheduleRow], dependencies=READ)
def list_(here: Here = Depends(here)) -> object:
    with here.read() as db:
        return everything([_row(each) for each in schedules.everyone(db, here.org_id)])


@router.get("/{name}", response_model=ScheduleCard, dependencies=READ)
def show(name: Name, here: Here = Depends(here)) -> object:
    """When it runs, the next times, and what became of the last ones."""
    return _card(here, name)


@router.get("/{name}/runs", response_model=Page[Run], dependencies=READ)
def runs(name: Name, paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """What became of each time, the newest first."""
    before = paging.after(int)
    with here.read() as db:
        mine = select(ScheduleRun).where(ScheduleRun.schedule_id == schedules.find(db, here.org_id, name).id)
        if before is not None:
            mine = mine.where(col(ScheduleRun.id) < before[0])
        made = db.exec(mine.order_by(col(ScheduleRun.id).desc()).limit(paging.limit + 1)).all()
    return paging.page([_run(each) for each in made], lambda row: (row["id"],))


@router.post("/{name}/pause", response_model=ScheduleCard, dependencies=WRITE)
def pause(name: Name, here: Here = Depends(here)) -> object:
    """Runs no more until it is resumed."""
    return _change(here, name, schedules.pause, "schedule.paused")


@router.post("/{name}/resume", response_model=ScheduleCard, dependencies=WRITE)
def resume(name: Name, here: Here = Depends(here)) -> object:
    """Runs again from its next time on."""
    return _change(here, name, schedules.resume, "schedule.resumed")


@router.post("/{name}/run", status_code=202, response_model=Run, dependencies=WRITE)
def run(name: Name, here: Here = Depends(here)) -> object:
    """Runs once more, now, whatever the time."""
    with here.write() as db:
        found = schedules.find(db, here.org_id, name)
        asked = schedules.ask(db, found, here.now)
        here.note(db, "schedule.run", f"schedule:{found.id}")
        return _run(asked)


def _change(here: Here, name: str, act: Callable[..., None], action: str) -> dict[str, Any]:
    with here.write() as db:
        found = schedules.find(db, here.org_id, name)
        act(db, found, here.now)
        here.note(db, action, f"schedule:{found.id}")
    return _card(here, name)


def _card(here: Here, name: str) -> dict[str, Any]:
    with here.read() as db:
        found = schedules.find(db, here.org_id, name)
        last = rows.runs(db, here.org_id, found.id, COMING)
    coming = [each.at for each in islice(schedules.coming(found, here.now), COMING)]
    return {**_row(found), "coming": coming, "runs": [_run(each) for each in last]}


def _row(found: Schedule) -> dict[str, Any]:
    state = "paused" if found.paused_at else "active" if found.next_at else "over"
    return {**found.model_dump(), "state": state}


def _run(found: ScheduleRun) -> dict[str, Any]:
    return found.model_dump()
