"""/schedules: when commands run, and what became of them; of commands, those that are harmless from afar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.policy import recurrence_files
from pytake_cli.policy.recurrence import Rule
from pytake_cli.services import accounts, business_hours, schedule_orders, schedules
from pytake_cli.store import schedules as rows
from pytake_cli.store.organisations import Organisation
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


Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=2, max_length=10)]
RULE = 'such as {"weekly": "mon-fri", "at": "09:00"}, {"cron": "0 9 * * 1-5"}, {"at": "2026-12-01T09:00"}'


class NewSchedule(Body):
    """Commands: campaign launch|pause|resume|cancel NAME, segment refresh NAME, template pull."""

    name: str = Field(min_length=1, max_length=63)
    rule: dict[str, Any] = Field(description=RULE)
    command: Words = Field(description='such as ["campaign", "launch", "remind"]')
    tz: str | None = Field(None, max_length=100, description="of the rule; the organisation's unless said")
    missed: Literal["skip", "run-once"] = "skip"


class ScheduleChange(Body):
    rule: dict[str, Any] | None = Field(None, description=RULE)
    command: Words | None = None
    tz: str | None = Field(None, max_length=100)
    missed: Literal["skip", "run-once"] | None = None


@router.get("", response_model=Page[ScheduleRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    with here.read() as db:
        return paging.part(schedules.everyone(db, here.org_id), lambda row: (row.name,), _row)


@router.post("", status_code=201, response_model=ScheduleCard, dependencies=WRITE)
def create(body: NewSchedule, response: Response, here: Here = Depends(here)) -> object:
    """Makes a schedule: the daemon runs the command whenever its time has come, once for each local time."""
    words = schedule_orders.words_of(here.principal, body.command)
    with here.write() as db:
        made = schedules.create(
            db,
            here.org_id,
            name=body.name,
            rule=_rule(body.rule),
            tz=accounts.check_zone(body.tz or db.get_one(Organisation, here.org_id).tz),
            command=words,
            missed=body.missed,
            by=here.principal.name,
            now=here.now,
        )
        here.note(db, "schedule.created", f"schedule:{made.id}", command=words)
        found = _card(db, here, made)
        tag(response, _versioned(made))
    return found


@router.get("/{name}", response_model=ScheduleCard, dependencies=READ)
def show(name: Name, response: Response, here: Here = Depends(here)) -> object:
    """When it runs, the next times, and what became of the last ones."""
    with here.read() as db:
        found = schedules.find(db, here.org_id, name)
        tag(response, _versioned(found))
        return _card(db, here, found)


@router.patch("/{name}", response_model=ScheduleCard, dependencies=WRITE)
def change(name: Name, body: ScheduleChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes what is given; the next time is worked out again."""
    words = None if body.command is None else schedule_orders.words_of(here.principal, body.command)
    with here.write() as db:
        row = schedules.find(db, here.org_id, name)
        guard(here.request, _versioned(row))
        rule = None if body.rule is None else _rule(body.rule)
        tz = None if body.tz is None else accounts.check_zone(body.tz)
        schedules.change(db, row, now=here.now, rule=rule, tz=tz, command=words, missed=body.missed)
        here.note(db, "schedule.changed", f"schedule:{row.id}", fields=sorted(body.model_fields_set))
        db.flush()
        tag(response, _versioned(row))
        return _card(db, here, row)


@router.delete("/{name}", status_code=204, dependencies=WRITE)
def delete(name: Name, here: Here = Depends(here)) -> None:
    """Deletes a schedule and the history of its runs."""
    with here.write() as db:
        row = schedules.find(db, here.org_id, name)
        guard(here.request, _versioned(row))
        here.note(db, "schedule.deleted", f"schedule:{row.id}", name=row.name)
        rows.delete(db, row)


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
        return _card(db, here, found)


def _rule(given: dict[str, Any]) -> Rule:
    return recurrence_files.read(given, business_hours.holidays())


def _card(db: Session, here: Here, found: Schedule) -> dict[str, Any]:
    assert found.id is not None
    last = rows.runs(db, here.org_id, found.id, COMING)
    coming = [each.at for each in islice(schedules.coming(found, here.now), COMING)]
    return {**_row(found), "coming": coming, "runs": [_run(each) for each in last]}


def _row(found: Schedule) -> dict[str, Any]:
    state = "paused" if found.paused_at else "active" if found.next_at else "over"
    return {**found.model_dump(), "state": state}


def _versioned(found: Schedule) -> dict[str, Any]:
    return found.model_dump(include={"id", "name", "rule", "tz", "command", "missed", "paused_at"})


def _run(found: ScheduleRun) -> dict[str, Any]:
    return found.model_dump()
