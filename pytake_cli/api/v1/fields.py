"""/fields: what an organisation keeps of its contacts besides what WhatsApp knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import Body, Text
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import fields as services
from pytake_cli.store import fields

router = new_router("fields")
WRITE = [Depends(needs("segments:write"))]

Name = Annotated[str, Path(min_length=1, max_length=80)]


class FieldRow(BaseModel):
    name: str
    type: str
    label: str
    choices: list[str]
    created_at: datetime


class NewField(Body):
    name: str = Field(min_length=1, max_length=80)
    type: Literal["text", "number", "date", "bool", "choice"]
    label: Text = ""
    choices: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=200)


class NewName(Body):
    name: str = Field(min_length=1, max_length=80)


class Gone(BaseModel):
    contacts: int = Field(description="how many contacts held something in it")


@router.get("", response_model=Page[FieldRow], dependencies=[Depends(needs("contacts:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Your fields, by name."""
    with here.read() as db:
        return paging.part(fields.everyone(db, here.org_id), lambda row: (row.name,), lambda row: row.model_dump())


@router.post("", status_code=201, response_model=FieldRow, dependencies=WRITE)
def add(body: NewField, here: Here = Depends(here)) -> object:
    """Declares a field; what contacts hold under its name already becomes its type."""
    with here.write() as db:
        more = {"label": body.label, "choices": body.choices}
        row = services.add(db, here.org_id, body.name, body.type, here.now, **more)  # type: ignore[arg-type]
        here.note(db, "field.created", f"field:{row.name}")
        return row.model_dump()


@router.get("/{name}", response_model=FieldRow, dependencies=[Depends(needs("contacts:read"))])
def show(name: Name, response: Response, here: Here = Depends(here)) -> object:
    with here.read() as db:
        row = services.find(services.known(db, here.org_id), name).model_dump()
    tag(response, row)
    return row


@router.patch("/{name}", response_model=FieldRow, dependencies=WRITE)
def rename(name: Name, body: NewName, response: Response, here: Here = Depends(here)) -> object:
    """Calls a field otherwise; the contacts' values go along."""
    with here.write() as db:
        guard(here.request, services.find(services.known(db, here.org_id), name).model_dump())
        row = services.rename(db, here.org_id, name, body.name)
        here.note(db, "field.renamed", f"field:{row.name}", before=name)
        found = row.model_dump()
    tag(response, found)
    return found


@router.delete("/{name}", response_model=Gone, dependencies=WRITE)
def delete(name: Name, here: Here = Depends(here)) -> object:
    """Deletes a field and what contacts hold in it."""
    with here.write() as db:
        guard(here.request, services.find(services.known(db, here.org_id), name).model_dump())
        count = services.delete(db, here.org_id, name)
        here.note(db, "field.deleted", f"field:{name}", contacts=count)
        return {"contacts": count}
