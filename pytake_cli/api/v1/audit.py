"""/audit: who did what."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, paging
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import audit

router = new_router("audit")
READ = [Depends(needs("audit:read"))]
Words = Annotated[str, Query(max_length=200)]


class Entry(BaseModel):
    serial: int
    at: datetime
    actor: str
    user_id: int | None
    kind: str
    action: str
    target: str
    details: dict[str, Any]
    hash: str


class Verdict(BaseModel):
    entries: int
    head: str
    wrong: str
    serial: int | None


@router.get("", response_model=Page[Entry], dependencies=READ)
def list_(
    actor: Words = "",
    action: Words = "",
    target: Words = "",
    since: AwareDatetime | None = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """Entries, the newest first; `action` may be a beginning, such as `user.`"""
    after = paging.after(int)
    wanted = audit.Filter(actor, action, target, since, after[0] if after else None)
    with here.read() as db:
        found = audit.listed(db, here.org_id, wanted, paging.limit + 1)
    return paging.page([row.model_dump() for row in found], lambda row: (row["serial"],))


@router.get("/verdict", response_model=Verdict, dependencies=READ)
def verify(published: Words = "", here: Here = Depends(here)) -> object:
    """Whether every entry is as it was written; `published` is a head that was told earlier."""
    with here.read() as db:
        return asdict(audit.verify(db, here.org_id, published))
