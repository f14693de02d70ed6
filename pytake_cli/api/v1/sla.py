"""/sla: promised times, and how they were kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, everything, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import periods, sla, sla_policies
from pytake_cli.store import sla as rows
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.sla import SlaPolicy

router = new_router("sla")
READ, WRITE = [Depends(needs("teams:read"))], [Depends(needs("teams:write"))]
Slug = Annotated[str, Path(min_length=1, max_length=63)]
Seconds = Annotated[int | None, Field(ge=0, le=31_622_400, description="0: nothing is promised")]


class PolicyRow(BaseModel):
    id: int
    slug: str
    team: str
    priority: str
    label: str
    first_reply: int | None
    next_reply: int | None
    resolution: int | None
    business_hours: bool
    warn_percent: int
    version: int


class PolicyChange(Body):
    """What is left out stays as it is."""

    team: Annotated[str | None, Field(max_length=120)] = None
    priority: Literal["", "urgent", "high", "normal", "low"] | None = None
    label: Annotated[str | None, Field(max_length=80)] = None
    first_reply: Seconds = None
    next_reply: Seconds = None
    resolution: Seconds = None
    business_hours: bool | None = None
    warn_percent: Annotated[int | None, Field(ge=1, le=99)] = None


class NewPolicy(PolicyChange):
    slug: Annotated[str, Field(min_length=1, max_length=63)]


class Kept(BaseModel):
    """How many of the promises that were due in a period were kept."""

    clock: str | None = None
    team: str | None = None
    agent: str | None = None
    total: int
    met: int
    broken: int
    running: int
    percent: int | None


@router.get("", response_model=Page[PolicyRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The policies."""
    with here.read() as db:
        return paging.part(
            rows.everyone(db, here.org_id), lambda row: (row.slug,), lambda row: sla_policies.card(db, row)
        )


@router.get("/report", response_model=Page[Kept], dependencies=[Depends(needs("analytics:read"))])
def report(
    period: Annotated[str, Query(max_length=30)] = "7d",
    by: Literal["clock", "team", "agent"] = "clock",
    here: Here = Depends(here),
) -> object:
    """How promises due in a period were kept."""
    with here.read() as db:
        span = periods.read(period, here.now, ZoneInfo(db.get_one(Organisation, here.org_id).tz))
        return everything(sla.report(db, here.org_id, span.since, span.until, here.now, by=by))


@router.post("", status_code=201, response_model=PolicyRow, dependencies=WRITE)
def create(body: NewPolicy, here: Here = Depends(here)) -> object:
    """Promises times."""
    with here.write() as db:
        row = sla_policies.create(db, here.org_id, body.slug, here.now, **body.model_dump(exclude={"slug"}))
        here.note(db, "sla.created", f"sla:{row.slug}")
        return sla_policies.card(db, row)


@router.get("/{slug}", response_model=PolicyRow, dependencies=READ)
def show(slug: Slug, response: Response, here: Here = Depends(here)) -> object:
    """One policy."""
    with here.read() as db:
        card = sla_policies.card(db, sla_policies.find(db, here.org_id, slug))
    tag(response, card, card["version"])
    return card


def _guarded(here: Here, db: Any, slug: str) -> SlaPolicy:
    row = sla_policies.find(db, here.org_id, slug)
    guard(here.request, sla_policies.card(db, row), row.version)
    return row


@router.patch("/{slug}", response_model=PolicyRow, dependencies=WRITE)
def change(slug: Slug, body: PolicyChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes a policy; running clocks are set anew."""
    with here.write() as db:
        row = _guarded(here, db, slug)
        changed = sla_policies.change(db, row, here.now, **body.model_dump(exclude_unset=True))
        here.note(db, "sla.changed", f"sla:{row.slug}", fields=changed)
        card = sla_policies.card(db, row)
    tag(response, card, card["version"])
    return card


@router.delete("/{slug}", status_code=204, dependencies=WRITE)
def delete(slug: Slug, here: Here = Depends(here)) -> None:
    """Deletes a policy."""
    with here.write() as db:
        row = _guarded(here, db, slug)
        here.note(db, "sla.deleted", f"sla:{row.slug}")
        sla_policies.delete(db, row)
