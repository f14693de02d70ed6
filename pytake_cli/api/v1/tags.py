"""/tags: the words that an organisation gives its contacts."""

from __future__ import annotations

from fastapi import Depends
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.store import tags

router = new_router("tags")


class TagRow(BaseModel):
    name: str


@router.get("", response_model=Page[TagRow], dependencies=[Depends(needs("contacts:read"))])
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The tags that contacts have, by name."""
    with here.read() as db:
        return paging.part(tags.everyone(db, here.org_id), lambda name: (name,), lambda name: {"name": name})
