"""/me: who I am to the server."""

from __future__ import annotations

from typing import Literal

from fastapi import Depends, Response
from pydantic import BaseModel
from sqlmodel import Session

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.errors import Conflict
from pytake_cli.services import availability
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import AVAILABLE, PAUSED, User

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
    availability: str | None
    org: OrganisationOfMine


class MeChange(Body):
    availability: Literal["available", "paused", "offline", "online", "away"]


@router.get("", response_model=Me, dependencies=[Depends(needs())])
def show(response: Response, here: Here = Depends(here)) -> object:
    """Who is signed in, and what they may do."""
    with here.read() as db:
        found = _told(here, db)
    tag(response, found)
    return found


@router.patch("", response_model=Me, dependencies=[Depends(needs())])
def change(body: MeChange, response: Response, here: Here = Depends(here)) -> object:
    """Says whether one is there for conversations; `online` is another word for available, `away` for paused."""
    wanted = {"online": AVAILABLE, "away": PAUSED}.get(body.availability, body.availability)
    with here.write() as db:
        if here.principal.user_id is None:
            raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me="@me")
        guard(here.request, _told(here, db), needed=False)
        user = db.get_one(User, here.principal.user_id)
        if availability.set_(db, user, here.now, availability=wanted):
            here.note(db, "me.availability", f"user:{user.email}", availability=wanted)
        found = _told(here, db)
    tag(response, found)
    return found


def _told(here: Here, db: Session) -> dict[str, object]:
    who = here.principal
    user = db.get(User, who.user_id) if who.user_id is not None else None
    return {
        "id": who.user_id,
        "name": who.name,
        "role": who.role,
        "kind": who.kind,
        "permissions": sorted(who.permissions),
        "availability": user.availability if user else None,
        "org": db.get_one(Organisation, here.org_id).model_dump(),
    }
