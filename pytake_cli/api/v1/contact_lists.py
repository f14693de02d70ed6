"""Contacts by the thousand, taken out as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData
from pytake_cli.services import contact_export, segments

router = new_router("contacts")

PART = 64 * 1024
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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
