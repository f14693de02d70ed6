"""/macros: several steps under one name; they are run by the action `macro` of a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.canned import me
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import conversations, macros
from pytake_cli.store import macros as rows
from pytake_cli.store.macros import Macro

router = new_router("macros")


class MacroRow(BaseModel):
    """`steps` are a line each; `source` is what was written."""

    name: str
    title: str
    steps: list[str]
    source: str
    uses: int
    used_at: datetime | None


class MacroChange(Body):
    """`steps` as a list, such as [{"reply": "…"}, {"label": "vip"}], or as the text of a file."""

    title: Annotated[str, Field(max_length=120)] = ""
    steps: Annotated[list[dict[str, Any]], Field(max_length=30)] | Annotated[str, Field(max_length=100_000)]


class MacroGiven(MacroChange):
    name: Annotated[str, Field(max_length=63)]


class PreviewGiven(Body):
    conversation: Annotated[int, Field(ge=1, le=LARGEST_ID)]


class StepSeen(BaseModel):
    """A step as it would be: what is done, with which words, whether the customer hears it."""

    step: str
    what: str
    talks: bool


def _row(row: Macro) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("name", "title", "source", "uses", "used_at")}
    return {**shown, "steps": macros.steps(row)}


def _saved(row: Macro) -> dict[str, Any]:
    """What a change of the macro replaces."""
    return {"title": row.title, "source": row.source}


def _source(given: MacroChange) -> str:
    if isinstance(given.steps, str):
        return given.steps
    try:
        return orjson.dumps(given.steps).decode()
    except TypeError:  # nested deeper than JSON is written
        raise InvalidData("PT-MACRO-STEPS", "the steps are nested too deep", fix="pytake macro create -h") from None


@router.get("", response_model=Page[MacroRow], dependencies=[Depends(needs("canned:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The macros, the most used first."""
    with here.read() as db:
        return paging.part(rows.everyone(db, here.org_id), lambda row: (LARGEST_ID - row.uses, row.name), _row)


@router.get("/{name}", response_model=MacroRow, dependencies=[Depends(needs("canned:read"))])
def show(name: str, response: Response, here: Here = Depends(here)) -> object:
    """One macro."""
    with here.read() as db:
        row = macros.find(db, here.org_id, name)
    versions.tag(response, _saved(row))
    return _row(row)


@router.post("", response_model=MacroRow, dependencies=[Depends(needs("canned:write"))], status_code=201)
def create(given: MacroGiven, here: Here = Depends(here)) -> object:
    """Keeps steps under a name."""
    with here.write() as db:
        return _row(macros.create(db, here.org_id, given.name, _source(given), here.now, title=given.title))


@router.put("/{name}", response_model=MacroRow, dependencies=[Depends(needs("canned:write"))])
def change(name: str, given: MacroChange, request: Request, response: Response, here: Here = Depends(here)) -> object:
    """Replaces a macro."""
    with here.write() as db:
        row = macros.find(db, here.org_id, name)
        versions.guard(request, _saved(row))
        macros.change(db, row, here.now, source=_source(given), title=given.title)
        versions.tag(response, _saved(row))
        return _row(row)


@router.delete("/{name}", status_code=204, dependencies=[Depends(needs("canned:write"))])
def delete(name: str, request: Request, here: Here = Depends(here)) -> None:
    """Deletes a macro."""
    with here.write() as db:
        row = macros.find(db, here.org_id, name)
        versions.guard(request, _saved(row))
        macros.delete(db, row)


@router.post(
    "/{name}/preview",
    response_model=list[StepSeen],
    dependencies=[Depends(needs("canned:read", "conversations:read"))],
)
def preview(name: str, given: PreviewGiven, here: Here = Depends(here)) -> object:
    """Every step as it would be in a conversation, texts filled; does nothing."""
    with here.read() as db:
        row, talk = macros.find(db, here.org_id, name), conversations.get(db, given.conversation)
        return macros.preview(db, row, talk, me(here, db), here.now)
