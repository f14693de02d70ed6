"""/contacts: the people who write to you."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import directory, segments

router = new_router("contacts")


class ContactRow(BaseModel):
    """A contact as lists show it."""

    id: int
    display: str
    phone: str | None
    username: str | None
    bsuid: str | None
    name: str
    profile_name: str
    stage: str
    score: int
    vip: bool
    tags: list[str]
    language: str
    tz: str
    fields: dict[str, Any]
    blocked_at: datetime | None
    marketing_granted_at: datetime | None
    marketing_stopped_at: datetime | None
    utility_stopped_at: datetime | None
    opted_out_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime | None


@router.get("", response_model=Page[ContactRow], dependencies=[Depends(needs("contacts:read"))])
def list_(
    q: Annotated[str, Query(max_length=200)] = "",
    tag: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006
    stage: Annotated[str, Query(max_length=100)] = "",
    where: Annotated[str | None, Query(max_length=4000)] = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """Contacts, the newest first; `where` is an expression of segments."""
    before = paging.after(int)
    with here.read() as db:
        among = segments.ids(db, here.org_id, where, here.now) if where is not None else None
        wanted = directory.Filter(words=q, tags=tuple(tag), stage=stage, among=among)
        rows, total = directory.page(
            db, here.org_id, wanted, limit=paging.limit + 1, before=before[0] if before else None
        )
    return paging.page(rows, lambda row: (row["id"],), total=total)
