"""/me: who I am to the server."""

from __future__ import annotations

from fastapi import Depends
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.store.organisations import Organisation

router = new_router("me")


class OrganisationOfMine(BaseModel):
    id: int
    slug: str
    name: str
    tz: str
    lang: str


class Me(BaseModel):
    id: int | None
    name: str
    role: str
    kind: str
    permissions: list[str]
    org: OrganisationOfMine


@router.get("", response_model=Me, dependencies=[Depends(needs())])
def show(here: Here = Depends(here)) -> object:
    """Who is signed in, and what they may do."""
    who = here.principal
    with here.read() as db:
        org = db.get_one(Organisation, here.org_id)
    return {
        "id": who.user_id,
        "name": who.name,
        "role": who.role,
        "kind": who.kind,
        "permissions": sorted(who.permissions),
        "org": org.model_dump(),
    }
