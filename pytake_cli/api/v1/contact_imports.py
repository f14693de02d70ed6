"""Contacts that are sent in as a list: planned, or taken in while the client asks how far it is."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import IO, Annotated, Any, BinaryIO, Literal, cast

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.once import HEADER
from pytake_cli.api.v1.paging import Id, Page, Paging, paging
from pytake_cli.api.v1.routes import Body, Moment, Text
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.policy import phones
from pytake_cli.services import contact_import, contact_import_files, contact_import_plan
from pytake_cli.services.contact_import import Wanted
from pytake_cli.services.contact_import_chunk import Rules
from pytake_cli.services.contact_import_files import Source
from pytake_cli.services.contact_import_work import Work
from pytake_cli.store import imports as rows
from pytake_cli.store.imports import ContactImport, ImportReject
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.tags import name_of
from pytake_cli.text import clean

router = new_router("contacts")
READ = [Depends(needs("contacts:read"))]
STILL = timedelta(seconds=60)  # without a further chunk: whoever did the import is dead
STOPPED = "stopped"


class Import(BaseModel):
    """One list. `stopped`: sent in once more, with the same words, it goes on where it was."""

    id: int
    source: str
    state: Literal["running", "stopped", "done", "failed"]
    rows_done: int
    counts: dict[str, int]
    started_at: datetime
    updated_at: datetime
    done_at: datetime | None


class Became(BaseModel):
    """A column of the list, and what becomes of it: a field of the contact, `-` for nothing."""

    column: str
    becomes: str
    example: str
    new: bool


class Reject(BaseModel):
    line: int
    reason: str


class Planned(BaseModel):
    """What an import would come to; nothing was written."""

    source: str
    columns: list[Became]
    counts: dict[str, int]
    rejects: list[Reject]


class Options(Body):
    """How the list is to be read."""

    name: str = Field("list.csv", min_length=1, max_length=200, description="of the file")
    format: Literal["csv", "xlsx", "jsonl"] | None = Field(None, description="where the file does not tell")
    map: list[Text] = Field([], max_length=200, description="COLUMN=FIELD; `-` as the field leaves it out")
    tag: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field([], max_length=50)
    on_conflict: Literal["skip", "update", "fail"] = "update"
    country: str | None = Field(None, max_length=2, description="of numbers without country code")
    consent: Literal["marketing"] | None = Field(None, description="all of them agreed to it")
    consent_source: Text = Field("", description="where they agreed")
    consent_at: Moment | None = Field(None, description="when they agreed")


@router.get("/imports", response_model=Page[Import], dependencies=READ)
def imports(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """Imports, the newest first."""
    before = paging.after(int)
    query = select(ContactImport).where(ContactImport.org_id == here.org_id).order_by(col(ContactImport.id).desc())
    if before is not None:
        query = query.where(col(ContactImport.id) < before[0])
    with here.read() as db:
        found = [_row(here, row) for row in db.exec(query.limit(paging.limit + 1))]
    return paging.page(found, lambda row: (row["id"],))


@router.get("/imports/{id}", response_model=Import, dependencies=READ)
def import_(id: Id, here: Here = Depends(here)) -> object:
    """How far an import is."""
    return _row(here, _find(here, id))


@router.get("/imports/{id}/rejects", response_model=Page[Reject], dependencies=[Depends(needs("contacts:write"))])
def rejects(id: Id, paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """The lines that were not taken, each with its reason."""
    after = paging.after(int)
    query = select(ImportReject).where(ImportReject.import_id == _find(here, id).id).order_by(col(ImportReject.line))
    if after is not None:
        query = query.where(col(ImportReject.line) > after[0])
    with here.read() as db:
        found = [{"line": row.line, "reason": row.reason} for row in db.exec(query.limit(paging.limit + 1))]
    here.saw("import.rejects", f"import:{id}")
    return paging.page(found, lambda row: (row["line"],))


_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _FILE}}}


@router.post(
    "/imports",
    status_code=202,
    response_model=Import,
    dependencies=[Depends(needs("contacts:write"))],
    openapi_extra=_BODY,
)
async def take_in(
    request: Request, response: Response, options: Annotated[Options, Query()], here: Here = Depends(here)
) -> object:
    """Takes a list in, as the body itself: CSV, XLSX or JSON lines. Ask GET /contacts/imports/{id} how far it is."""
    with ExitStack() as open_:
        file = await _received(request, open_)
        return await run_in_threadpool(_begin, here, file, options, response)


@router.post(
    "/imports/plan", response_model=Planned, dependencies=[Depends(needs("contacts:write"))], openapi_extra=_BODY
)
async def plan(request: Request, options: Annotated[Options, Query()], here: Here = Depends(here)) -> object:
    """What an import of the list would come to; writes nothing."""
    with ExitStack() as open_:
        file = await _received(request, open_)
        return await run_in_threadpool(_plan, here, file, options)


async def _received(request: Request, open_: ExitStack) -> IO[bytes]:
    file = open_.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    async for part in cast("AsyncIterator[bytes]", request.stream()):
        await run_in_threadpool(file.write, part)
    file.seek(0)
    return file


def _begin(here: Here, file: IO[bytes], options: Options, response: Response) -> dict[str, Any]:
    key = here.request.headers.get(HEADER) or None
    with ExitStack() as open_:
        source = _source(file, options, open_)
        wanted = _wanted(here, source, options)
        digest = contact_import.digest_of(source, options.model_dump(mode="json"))
        job = contact_import.begin(here.office.store, here.org_id, source, key, digest, here.now)
        if job.started_at != here.now:
            response.headers["idempotent-replayed"] = "true"
        if job.state == rows.RUNNING:
            here.noted("contact.imported", f"import:{job.id}", source=source.name)
            here.office.imports.start(Work(here.office.store, source, wanted, job, here.now), open_)
    return _row(here, job)


def _plan(here: Here, file: IO[bytes], options: Options) -> dict[str, Any]:
    with ExitStack() as open_:
        source = _source(file, options, open_)
        wanted = _wanted(here, source, options)
        found = contact_import.try_out(here.office.store, source, wanted, here.now, lambda _counts: None)
        return {
            "source": source.name,
            "columns": [
                {"column": column.header, "becomes": column.target, "example": example, "new": column.new}
                for column, example in zip(wanted.columns, contact_import_plan.examples(source), strict=True)
            ],
            "counts": dict(found.counts),
            "rejects": [{"line": each.line, "reason": each.reason} for each in found.rejects],
        }


def _source(file: IO[bytes], options: Options, open_: ExitStack) -> Source:
    found = open_.enter_context(contact_import_files.source(cast("BinaryIO", file), options.format))
    return replace(found, name=clean(options.name))


def _wanted(here: Here, source: Source, options: Options) -> Wanted:
    with here.read() as db:
        country = (options.country or db.get_one(Organisation, here.org_id).country).upper()
        if not phones.is_country(country):
            raise InvalidData("PT-ORG-COUNTRY", "there is no country {code}", fix="country=BR", code=country)
        mapping = dict(_mapped(each) for each in options.map)
        columns = contact_import_plan.plan(db, here.org_id, source, mapping, country)
    everybody = options.consent is not None
    rules = Rules(
        here.org_id,
        source.name,
        options.on_conflict,
        tuple(name_of(tag) for tag in options.tag),
        everybody,
        options.consent_source,
        contact_import_plan.agreed_at(columns, everybody, options.consent_source, options.consent_at, here.now),
    )
    return Wanted(rules, tuple(columns), country, source.form == "csv")


def _mapped(given: str) -> tuple[str, str]:
    column, equals, target = given.rpartition("=")
    if not equals:
        raise InvalidData("PT-USAGE-CHANGE", "{given} is not FIELD=VALUE", fix="map=Fone 2=phone", given=given)
    return column.strip(), target.strip()


def _find(here: Here, id_: int) -> ContactImport:
    with here.read() as db:
        row = db.exec(select(ContactImport).where(ContactImport.id == id_)).first()
    if row is None:
        raise NotFound("PT-IMPORT-NONE", "there is no import {id}", fix="GET /api/v1/contacts/imports", id=id_)
    return row


def _row(here: Here, row: ContactImport) -> dict[str, Any]:
    still = row.state == rows.RUNNING and row.updated_at < here.now - STILL
    return {**row.model_dump(), "state": STOPPED if still else row.state}
