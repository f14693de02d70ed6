"""Templates that are written, submitted to Meta, edited and deleted there; Meta is asked outside of transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1 import at_meta
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.templates import (
    Language,
    Name,
    NumberId,
    TemplateRow,
    account,
    find,
    refuse_files,
    row_of,
    versioned,
)
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.services import template_admin, template_files, template_sync
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import LOCAL, Template
from pytake_cli.whatsapp import templates as wire
from pytake_cli.whatsapp.client import Graph

router = new_router("templates")
WRITE = [Depends(needs("templates:write"))]


class Draft(Body):
    text: str = Field(max_length=100_000, description="a template file, as YAML; files of its header as media handles")
    number: int | None = Field(None, ge=1, le=LARGEST_ID)


class Which(Body):
    language: str | None = Field(None, max_length=20)
    number: int | None = Field(None, ge=1, le=LARGEST_ID)


class FromMeta(BaseModel):
    """What was different at Meta."""

    seen: int
    added: int
    changed: int
    gone: int


class Account(Body):
    number: int | None = Field(None, ge=1, le=LARGEST_ID, description="of which number, if there are several accounts")


@router.post("", status_code=201, response_model=TemplateRow, dependencies=WRITE)
def create(body: Draft, response: Response, here: Here = Depends(here)) -> object:
    """Keeps a template without submitting it; a draft that was there of the same name is replaced."""
    draft = _draft(body.text)
    with here.write() as db:
        waba_id = account(db, here, body.number).waba_id
        row, _ = template_admin.create(db, here.org_id, waba_id, draft, here.now)
        here.note(db, "template.created", f"template:{row.id}", name=row.name, language=row.language)
        tag(response, versioned(row))
        return row_of(row)


@router.post("/pull", response_model=FromMeta, dependencies=WRITE)
def pull(body: Account, here: Here = Depends(here)) -> object:
    """Asks Meta for all templates of the account and keeps them; what Meta has no more is marked as gone."""
    with here.read() as db:
        number = account(db, here, body.number)
    found = at_meta.ask(number.phone_number_id, lambda graph: _every(graph, number))
    with here.write() as db:
        pulled = template_sync.take_in(db, here.org_id, number.waba_id, found, here.now)
        told = {"added": len(pulled.added), "changed": len(pulled.changed), "gone": len(pulled.gone)}
        here.note(db, "template.pulled", f"waba:{number.waba_id}", **told)
    return {"seen": len(found), **told}


@router.post("/{name}/submit", response_model=TemplateRow, dependencies=WRITE)
def submit(name: Name, body: Which, response: Response, here: Here = Depends(here)) -> object:
    """Submits a draft for Meta's review, in one language."""
    number, row = _both(here, name, body.language, body.number)
    if row.status != LOCAL:
        raise Conflict(
            "PT-TEMPLATE-EXISTS",
            "Meta has the template {name} ({language}) already: it is {status}",
            fix="pytake template edit {name} FILE",
            name=name,
            language=row.language,
            status=row.status,
        )
    _refuse_samples(row.components)
    draft = template_admin.to_submit(row, row.components)
    made = at_meta.ask(number.phone_number_id, lambda graph: wire.create(graph, number.waba_id, draft))
    with here.write() as db:
        row = db.get_one(Template, row.id)
        template_admin.submitted(db, row, made, here.now)
        here.note(db, "template.submitted", f"template:{row.id}", name=name, language=row.language)
        tag(response, versioned(row))
        return row_of(row)


@router.put("/{name}", response_model=TemplateRow, dependencies=WRITE)
def edit(name: Name, body: Draft, response: Response, here: Here = Depends(here)) -> object:
    """Makes a template as the text says, at Meta too, which reviews it again. An approved one: once a day."""
    draft = _draft(body.text)
    if draft["name"] != name:
        raise InvalidData(
            "PT-TEMPLATE-FIXED",
            "{file} is the template {other}: a name cannot be edited",
            fix="pytake template edit {other} {file}",
            file="text",
            other=draft["name"],
        )
    number, row = _both(here, name, draft["language"], body.number)
    guard(here.request, versioned(row))
    if row.status != LOCAL:
        changes = template_admin.changes(row, draft)
        if changes:
            template_admin.refuse_hasty(row, here.now)
            at_meta.ask(number.phone_number_id, lambda graph: _change(graph, row.meta_id, changes))
    with here.write() as db:
        found = db.get_one(Template, row.id)
        if row.status == LOCAL:
            guard(here.request, versioned(found))
            template_admin.create(db, here.org_id, number.waba_id, draft, here.now)
        elif changes:
            template_admin.edited(db, found, here.now)
        here.note(db, "template.edited", f"template:{found.id}", name=name, language=found.language)
    if row.status != LOCAL and changes:
        _refresh(here, number, name)
    with here.read() as db:
        found = db.get_one(Template, row.id)
        tag(response, versioned(found))
        return row_of(found)


@router.delete("/{name}", status_code=204, dependencies=WRITE)
def delete(
    name: Name,
    language: Language = None,
    number: NumberId = None,
    sure: Annotated[bool, Query(description="although campaigns under way use it")] = False,
    here: Here = Depends(here),
) -> None:
    """Deletes a template in one language, here and at Meta; there the name is not free again for 30 days."""
    at, row = _both(here, name, language, number)
    guard(here.request, versioned(row))
    with here.read() as db:
        campaigns = template_admin.using(db, here.org_id, name)
    if campaigns and not sure:
        raise Conflict(
            "PT-TEMPLATE-USED",
            "campaigns that use it: {names}",
            fix="pytake campaign show {first}",
            names=", ".join(campaigns),
            first=campaigns[0],
        )
    if row.meta_id:
        at_meta.ask(at.phone_number_id, lambda graph: wire.delete(graph, row.waba_id, row.name, row.meta_id))
    with here.write() as db:
        template_admin.deleted(db, db.get_one(Template, row.id), here.now)
        here.note(db, "template.deleted", f"template:{row.id}", name=name, language=row.language)


def _both(here: Here, name: str, language: str | None, number: int | None) -> tuple[Number, Template]:
    with here.read() as db:
        return account(db, here, number), find(db, here, name, language, number)


def _draft(text: str) -> dict[str, Any]:
    refuse_files(text)
    return template_files.usable(text.encode(), Path("template.yaml"), "template.yaml").draft


def _refuse_samples(value: Any) -> None:
    """A sample on the disk of the machine is submitted there, where it can be read."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _refuse_samples(each)
    elif isinstance(value, str) and value.startswith(template_files.SAMPLE):
        raise InvalidData(
            "PT-TEMPLATE-SAMPLE",
            "the sample {file}: {reason}",
            fix="pytake template submit NAME",
            file="",
            reason="files are only looked at on the machine where they are",
        )


async def _every(graph: Graph, number: Number, name: str | None = None) -> list[wire.Template]:
    return [one async for one in wire.every(graph, number.waba_id, name=name) if name in (None, one.name)]


async def _change(graph: Graph, meta_id: str, changes: dict[str, Any]) -> None:
    await wire.edit(graph, await wire.get(graph, meta_id), changes)


def _refresh(here: Here, number: Number, name: str) -> None:
    """Takes in what Meta made of an edit; its webhooks tell the rest."""
    found = at_meta.ask(number.phone_number_id, lambda graph: _every(graph, number, name))
    with here.write() as db:
        template_sync.take_in(db, here.org_id, number.waba_id, found, here.now, complete=False)
