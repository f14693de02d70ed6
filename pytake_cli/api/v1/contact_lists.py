"""Contacts by the thousand: taken out as a file, and what became of lists that were imported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlmodel import col, select

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.services import contact_export, segments
from pytake_cli.store.imports import ContactImport

router = new_router("contacts")

PART = 64 * 1024
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Import(BaseModel):
    """One list that was imported, or is being."""

    id: int
    source: str
    state: str
    rows_done: int
    counts: dict[str, int]
    started_at: datetime
    updated_at: datetime
    done_at: datetime | None


@router.get("/imports", response_model=Page[Import], dependencies=[Depends(needs("contacts:read"))])
def imports(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """Imports, the newest first."""
    before = paging.after(int)
    query = select(ContactImport).where(ContactImport.org_id == here.org_id).order_by(col(ContactImport.id).desc())
    if before is not None:
        query = query.where(col(ContactImport.id) < before[0])
    with here.read() as db:
        rows = [row.model_dump() for row in db.exec(query.limit(paging.limit + 1))]
    return paging.page(rows, lambda row: (row["id"],))


@router.get("/imports/{id}", response_model=Import, dependencies=[Depends(needs("contacts:read"))])
def import_(id: Id, here: Here = Depends(here)) -> object:
    """How far an import is."""
    with here.read() as db:
        row = db.exec(select(ContactImport).where(ContactImport.id == id)).first()
    if row is None:
        raise NotFound("PT-IMPORT-NONE", "there is no import {id}", fix="GET /api/v1/contacts/imports", id=id)
    return row.model_dump()


@router.get(
    "/export",
    dependencies=[Depends(needs("contacts:export"))],
    response_class=StreamingResponse,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in KINDS.values()}, "description": "The file"}},
)
def export(
    format: Literal["csv", "jsonl", "xlsx"] = "csv",
    where: Annotated[str | None, Query(max_length=4000)] = None,
    tag: Annotated[str | None, Query(max_length=80)] = None,
    fields: Annotated[str | None, Query(max_length=4000, description="columns, with commas between")] = None,
    here: Here = Depends(here),
) -> StreamingResponse:
    """Contacts as a file; cells that a spreadsheet might run are defused."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    with here.read() as db:
        known = contact_export.columns(db, here.org_id)
        names = _chosen(known, fields)
        ids = segments.ids(db, here.org_id, where, here.now) if where else None
        found = contact_export.rows(db, contact_export.Wanted(here.org_id, tag, ids))
        count = contact_export.write(file, format, names, found)  # type: ignore[arg-type]
    with here.write() as db:
        here.note(db, "contact.exported", format, count=count, fields=names)
    file.seek(0)
    head = {"content-disposition": f'attachment; filename="contacts.{format}"'}
    return StreamingResponse(_parts(file), media_type=KINDS[format], headers=head)


def _chosen(known: dict[str, Any], wanted: str | None) -> list[str]:
    if wanted is None:
        return [*contact_export.DEFAULT, *(name for name in known if name.startswith("f."))]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names or [""]:
        if name not in known:
            raise InvalidData(
                "PT-USAGE-FIELD", "there is no field {field}", fix="fields=id,phone,name", field=name or "(empty)"
            )
    return names


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part
