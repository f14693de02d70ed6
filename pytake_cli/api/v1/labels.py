"""/labels: the words that the organisation gives its conversations."""

from __future__ import annotations

from fastapi import Depends, Request, Response

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.conversations import principal
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.inbox_models import LabelGiven, LabelRow
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import labels
from pytake_cli.store import labels as rows

router = new_router("labels")


@router.get("", response_model=Page[LabelRow], dependencies=[Depends(needs("conversations:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """All labels, each with how many conversations that go on have it."""
    with here.read() as db:
        return paging.part(rows.everyone(db, here.org_id), lambda row: (row["name"],))


@router.get("/{name}", response_model=LabelRow, dependencies=[Depends(needs("conversations:read"))])
def show(name: str, response: Response, here: Here = Depends(here)) -> object:
    """One label."""
    with here.read() as db:
        row = labels.find(db, principal(here), name)
    versions.tag(response, {"name": row.name})
    return {"id": row.id, "name": row.name}


@router.post("", response_model=LabelRow, dependencies=[Depends(needs("conversations:write"))], status_code=201)
def create(given: LabelGiven, here: Here = Depends(here)) -> object:
    """Makes a label."""
    with here.write() as db:
        row = labels.create(db, principal(here), given.name, here.now)
        return {"id": row.id, "name": row.name}


@router.put("/{name}", response_model=LabelRow, dependencies=[Depends(needs("conversations:manage"))])
def rename(name: str, given: LabelGiven, request: Request, here: Here = Depends(here)) -> object:
    """Calls a label otherwise, wherever it is given."""
    with here.write() as db:
        who = principal(here)
        versions.guard(request, {"name": labels.find(db, who, name).name})
        row = labels.rename(db, who, name, given.name)
        return {"id": row.id, "name": row.name}


@router.delete("/{name}", status_code=204, dependencies=[Depends(needs("conversations:manage"))])
def delete(name: str, request: Request, here: Here = Depends(here)) -> None:
    """Deletes a label, and takes it from every conversation."""
    with here.write() as db:
        who = principal(here)
        versions.guard(request, {"name": labels.find(db, who, name).name})
        labels.delete(db, who, name)
