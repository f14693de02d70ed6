"""/roles: those of the house, and the organisation's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import roles

router = new_router("roles")
READ = [Depends(needs("users:read"))]
MANAGE = [Depends(needs("roles:manage"))]
Name = Annotated[str, Path(min_length=1, max_length=80)]
Permissions = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=100)]


class RoleCard(BaseModel):
    name: str
    about: str
    permissions: list[str]
    builtin: bool
    people: int
    version: int | None


class NewRole(Body):
    name: str = Field(min_length=1, max_length=80)
    permissions: Permissions
    about: str = Field("", max_length=400)


class RoleChange(Body):
    permissions: Permissions | None = None
    about: str | None = Field(None, max_length=400)


@router.get("", response_model=Page[RoleCard], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Every role and what it may do."""
    with here.read() as db:
        return paging.part(roles.listed(db, here.org_id), lambda row: (not row.builtin, row.name), asdict)


@router.post("", status_code=201, response_model=RoleCard, dependencies=MANAGE)
def create(body: NewRole, here: Here = Depends(here)) -> object:
    """A role of the organisation's own; with nothing in it that one may not do oneself."""
    with here.write() as db:
        made = roles.create(db, here.principal, body.name, body.permissions, here.now, about=body.about)
        return asdict(roles.row(made))


@router.get("/{name}", response_model=RoleCard, dependencies=READ)
def show(name: Name, response: Response, here: Here = Depends(here)) -> object:
    with here.read() as db:
        found = asdict(roles.find(db, here.org_id, name))
    tag(response, found, found["version"])
    return found


@router.patch("/{name}", response_model=RoleCard, dependencies=MANAGE)
def change(name: Name, body: RoleChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes what a role may do, from the next request of its people on."""
    with here.write() as db:
        present = asdict(roles.find(db, here.org_id, name))
        guard(here.request, present, present["version"])
        roles.change(db, here.principal, name, body.permissions, here.now, about=body.about)
        found = asdict(roles.find(db, here.org_id, name))
    tag(response, found, found["version"])
    return found


@router.delete("/{name}", status_code=204, dependencies=MANAGE)
def delete(name: Name, here: Here = Depends(here)) -> Response:
    """Removes a role that nobody has."""
    with here.write() as db:
        present = asdict(roles.find(db, here.org_id, name))
        guard(here.request, present, present["version"])
        roles.delete(db, here.principal, name, here.now)
    return Response(status_code=204)
