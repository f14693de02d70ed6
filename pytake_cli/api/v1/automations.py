"""/automations: when something happens, if this holds, then that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.canned import me
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, everything, paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import acts, automation_events, automation_replay, automations
from pytake_cli.services.automation_files import AutomationErrors
from pytake_cli.services.automations import Draft
from pytake_cli.store import automations as rows
from pytake_cli.store.automations import Automation

router = new_router("automations")
_State = Literal["pending", "done", "skipped", "refused", "cancelled"]


class AutomationRow(BaseModel):
    """`when` are the events that set it off, `then` its steps, `waiting` its runs that are not due."""

    name: str
    title: str
    enabled: bool
    number: int
    when: list[str]
    then: list[str]
    waiting: int
    source: str
    published_at: datetime


class RunRow(BaseModel):
    """One time that an automation began: what became of it, and why."""

    id: int
    automation: str
    conversation: int
    contact: int
    event: str
    state: str
    reason: str
    did: list[str]
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None


class WouldRow(BaseModel):
    """What it would have done with something that happened."""

    at: datetime
    conversation: int
    contact: int
    event: str
    outcome: str
    reason: str
    steps: list[str]


class SourceGiven(Body):
    """The text of an automation file."""

    source: Annotated[str, Field(max_length=100_000)]


class DryRunGiven(SourceGiven):
    since: datetime


def _row(db: Session, row: Automation) -> dict[str, Any]:
    try:
        rule = automations.parsed(row.source)
        when, then = [each.event for each in rule.when], [acts.gist(act) for act in rule.then]
    except AutomationErrors as error:
        when, then = [], [str(error)]
    shown = {name: getattr(row, name) for name in ("name", "title", "enabled", "number", "source", "published_at")}
    return {**shown, "when": when, "then": then, "waiting": automation_events.pending(db, row.id or 0)}


def _saved(row: Automation) -> dict[str, Any]:
    """What a change of the automation replaces."""
    return {"ref": row.ref, "enabled": row.enabled}


@router.get("", response_model=Page[AutomationRow], dependencies=[Depends(needs("automations:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The automations that were published."""
    with here.read() as db:
        return paging.part(rows.everyone(db, here.org_id), lambda row: (row.name,), lambda row: _row(db, row))


@router.get("/runs", response_model=Page[RunRow], dependencies=[Depends(needs("automations:read"))])
def list_runs(
    automation: Annotated[str | None, Query(max_length=100)] = None,
    conversation: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    state: Annotated[list[_State], Query(max_length=5)] = [],  # noqa: B006
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """What automations did and why they did not, the latest first."""
    before = paging.after(int)
    with here.read() as db:
        row = automations.find(db, here.org_id, automation) if automation is not None else None
        found = rows.runs(
            db,
            here.org_id,
            automation_id=row.id if row is not None else None,
            conversation_id=conversation,
            states=state,
            before=before[0] if before else None,
            limit=paging.limit + 1,
        )
        names = {each.id: each.name for each in rows.everyone(db, here.org_id)}
    items = [
        {
            **run.model_dump(),
            "automation": names.get(run.automation_id, ""),
            "conversation": run.conversation_id,
            "contact": run.contact_id,
        }
        for run in found
    ]
    return paging.page(items, lambda item: (item["id"],))


@router.get("/{name}", response_model=AutomationRow, dependencies=[Depends(needs("automations:read"))])
def show(name: str, response: Response, here: Here = Depends(here)) -> object:
    """One automation."""
    with here.read() as db:
        row = automations.find(db, here.org_id, name)
        shown = _row(db, row)
    versions.tag(response, _saved(row))
    return shown


@router.post("", response_model=AutomationRow, dependencies=[Depends(needs("automations:write"))], status_code=201)
def publish(given: SourceGiven, here: Here = Depends(here)) -> object:
    """Publishes a file: a new automation is on at once, one of that name is replaced."""
    with here.write() as db:
        drafts = [Draft("automation.yaml", given.source)]
        [made] = automations.publish(db, here.org_id, drafts, by=me(here, db), now=here.now)
        return _row(db, made.row)


@router.put("/{name}", response_model=AutomationRow, dependencies=[Depends(needs("automations:write"))])
def change(name: str, given: SourceGiven, request: Request, response: Response, here: Here = Depends(here)) -> object:
    """Replaces an automation; the file has to be of the same name."""
    with here.write() as db:
        row = automations.find(db, here.org_id, name)
        versions.guard(request, _saved(row))
        drafts = [Draft(f"{name}.yaml", given.source)]
        [made] = automations.publish(db, here.org_id, drafts, by=me(here, db), now=here.now)
        if made.row.name != name:
            raise InvalidData(
                "PT-AUTO-FILE", "the file is of {other}", fix="name: {name}", other=made.row.name, name=name
            )
        versions.tag(response, _saved(made.row))
        return _row(db, made.row)


@router.post("/{name}/enable", response_model=AutomationRow, dependencies=[Depends(needs("automations:write"))])
def enable(name: str, here: Here = Depends(here)) -> object:
    """Switches it on, for what happens from now on."""
    return _switch(name, True, here)


@router.post("/{name}/disable", response_model=AutomationRow, dependencies=[Depends(needs("automations:write"))])
def disable(name: str, here: Here = Depends(here)) -> object:
    """Switches it off, and calls off what it waits for."""
    return _switch(name, False, here)


def _switch(name: str, on: bool, here: Here) -> object:
    with here.write() as db:
        row = automations.find(db, here.org_id, name)
        automations.enable(db, row, on, here.now)
        return _row(db, row)


@router.delete("/{name}", status_code=204, dependencies=[Depends(needs("automations:write"))])
def delete(name: str, request: Request, here: Here = Depends(here)) -> None:
    """Deletes an automation with its history."""
    with here.write() as db:
        row = automations.find(db, here.org_id, name)
        versions.guard(request, _saved(row))
        automations.delete(db, row)


@router.post("/dry-run", response_model=Page[WouldRow], dependencies=[Depends(needs("automations:read"))])
def dry_run(given: DryRunGiven, here: Here = Depends(here)) -> object:
    """What a file would have done with what happened since; does nothing."""
    try:
        since = (given.since if given.since.tzinfo else given.since.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise InvalidData("PT-AUTO-FILE", "since is no time that there was", fix="2026-11-01T00:00:00Z") from None
    with here.read() as db:
        draft = Draft("automation.yaml", given.source)
        if problems := automations.check(db, here.org_id, [draft]):
            raise AutomationErrors(problems)
        found = automation_replay.replay(db, here.org_id, automations.parsed(draft.text), since, here.now)
    return everything([{name: getattr(one, name) for name in WouldRow.model_fields} for one in found])
