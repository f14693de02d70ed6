"""/segments: the people that a text means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1.contacts import ContactRow
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import directory, segment_members, segments

router = new_router("segments")
PEOPLE = ("segments:read", "contacts:read")
READ = [Depends(needs("segments:read"))]
WRITE = [Depends(needs("segments:write"))]

Name = Annotated[str, Path(min_length=1, max_length=100)]
Query = Annotated[str, Field(min_length=1, max_length=4000, description="such as `tag = vip score >= 50`")]


class SegmentRow(BaseModel):
    """A saved segment; `members` where they are kept as a list."""

    name: str
    query: str
    description: str
    materialised: bool
    members: int | None = None
    refreshed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SegmentCard(SegmentRow):
    people: int
    named_by: list[str]


class NewSegment(Body):
    name: str = Field(min_length=1, max_length=100)
    query: Query
    description: str = Field("", max_length=1000)
    materialised: bool = False


class SegmentChange(Body):
    name: str | None = Field(None, min_length=1, max_length=100)
    query: Query | None = None
    description: str | None = Field(None, max_length=1000)
    materialised: bool | None = None


class Asked(Body):
    """A saved segment, or a text."""

    name: str | None = Field(None, max_length=100)
    where: str | None = Field(None, max_length=4000)
    limit: int = Field(20, ge=1, le=200)


class Counted(BaseModel):
    people: int


class Condition(BaseModel):
    condition: str
    depth: int
    people: int | None = None
    left: int | None = None
    note: str | None = None


class Explained(BaseModel):
    query: str
    people: int
    conditions: list[Condition]


@router.get("", response_model=Page[SegmentRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The saved segments, by name."""
    with here.read() as db:
        return paging.part(segments.listed(db, here.org_id), lambda row: (row["name"],))


@router.post("", status_code=201, response_model=SegmentCard, dependencies=WRITE)
def create(body: NewSegment, response: Response, here: Here = Depends(here)) -> object:
    """Keeps a segment under a name."""
    with here.write() as db:
        given = {"description": body.description, "materialised": body.materialised}
        row = segments.create(db, here.org_id, body.name, body.query, here.now, **given)  # type: ignore[arg-type]
        here.note(db, "segment.created", f"segment:{row.name}")
        found = _card(db, here, row.name)
    if body.materialised:
        segment_members.refresh(here.office.store, row, here.now)
    tag(response, _versioned(found))
    return found


@router.post("/count", response_model=Counted, dependencies=READ)
def count(body: Asked, here: Here = Depends(here)) -> object:
    """How many people a segment or a text means now."""
    with here.read() as db:
        text = segments.text_of(db, here.org_id, body.name, body.where)
        return {"people": segments.count(db, here.org_id, text, here.now)}


@router.post("/preview", response_model=Page[ContactRow], dependencies=[Depends(needs(*PEOPLE))])
def preview(body: Asked, here: Here = Depends(here)) -> object:
    """The newest of those whom a segment or a text means."""
    with here.read() as db:
        text = segments.text_of(db, here.org_id, body.name, body.where)
        found, total = segments.page(db, here.org_id, text, here.now, body.limit)
        rows = directory.rows(db, found)
    here.saw("contact.listed")
    return {"items": rows, "total": total}


@router.post("/explain", response_model=Explained, dependencies=READ)
def explain(body: Asked, here: Here = Depends(here)) -> object:
    """How many people each condition means by itself, and how many are left after it."""
    with here.read() as db:
        text = segments.text_of(db, here.org_id, body.name, body.where)
        return {"query": text, **segments.explain(db, here.org_id, text, here.now)}


@router.get("/{name}", response_model=SegmentCard, dependencies=READ)
def show(name: Name, response: Response, here: Here = Depends(here)) -> object:
    """One segment, how many people it means now, and what names it."""
    with here.read() as db:
        found = _card(db, here, name)
    tag(response, _versioned(found))
    return found


@router.patch("/{name}", response_model=SegmentCard, dependencies=WRITE)
def change(name: Name, body: SegmentChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes what is given; another query tells nobody as entering or leaving."""
    with here.write() as db:
        guard(here.request, _versioned(_card(db, here, name)))
        row = segments.find(db, here.org_id, name)
        changed = segments.change(db, row, here.now, **body.model_dump(exclude_unset=True))
        here.note(db, "segment.changed", f"segment:{row.name}", fields=changed)
        db.flush()
        found = _card(db, here, row.name)
    if row.materialised and row.refreshed_at is None:
        segment_members.refresh(here.office.store, row, here.now)
    tag(response, _versioned(found))
    return found


@router.delete("/{name}", status_code=204, dependencies=WRITE)
def delete(name: Name, here: Here = Depends(here)) -> None:
    """Forgets a segment, not its people; refused while something names it."""
    with here.write() as db:
        guard(here.request, _versioned(_card(db, here, name)))
        segments.delete(db, segments.find(db, here.org_id, name))
        here.note(db, "segment.deleted", f"segment:{name}")


def _card(db: Session, here: Here, name: str) -> dict[str, Any]:
    row = segments.find(db, here.org_id, name)
    [found] = [one for one in segments.listed(db, here.org_id) if one["name"] == row.name]
    people = segments.count(db, here.org_id, row.query, here.now)
    return {**found, "people": people, "named_by": segments.named_by(db, row)}


def _versioned(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("name", "query", "description", "materialised")}
