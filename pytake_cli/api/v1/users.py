"""/users: the people of the organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from pytake_cli.api.v1 import auth
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, everything, short
from pytake_cli.api.v1.routes import Body, Text
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.errors import NotFound
from pytake_cli.services import people, sessions
from pytake_cli.store import users
from pytake_cli.store.users import User

router = new_router("users")
READ = [Depends(needs("users:read"))]
MANAGE = [Depends(needs("users:manage"))]
UserId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class UserRow(BaseModel):
    id: int
    email: str
    name: str
    role: str
    active: bool
    availability: str
    skills: list[str]
    created_at: datetime


class Invitation(Body):
    email: str = Field(max_length=254)
    name: Text = ""
    role: str = Field("AGENT", max_length=80)


class Invited(UserRow):
    setup_token: str = Field(description="sets the first password, once, within three days; shown only now")


class UserChange(Body):
    name: Text | None = None
    role: str | None = Field(None, max_length=80)
    active: bool | None = None


class Reset(BaseModel):
    setup_token: str


def _row(user: User) -> dict[str, Any]:
    return UserRow(**user.model_dump()).model_dump()


def _find(db: Session, here: Here, user_id: int) -> User:
    user = db.get(User, user_id)
    if user is None or user.org_id != here.org_id:
        raise NotFound("PT-USER", "there is no user {email} in this organisation", fix="GET /users", email=user_id)
    return user


@router.get("", response_model=Page[UserRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The people of the organisation, by e-mail."""
    with here.read() as db:
        return paging.part(users.everyone(db), lambda user: (user.email,), _row)


@router.post("", status_code=201, response_model=Invited, dependencies=MANAGE)
def invite(body: Invitation, here: Here = Depends(here)) -> object:
    """Adds a person, whose password is set with the token of the answer. No e-mail is sent."""
    with here.write() as db:
        user = people.invite(db, here.principal, body.email, here.now, name=body.name, role=body.role)
        token = people.reset(db, here.principal, user, here.now)
    here.keep_no_answer()
    return {**_row(user), "setup_token": token}


@router.get("/{user}", response_model=UserRow, dependencies=READ)
def show(user: UserId, response: Response, here: Here = Depends(here)) -> object:
    with here.read() as db:
        found = _row(_find(db, here, user))
    tag(response, found)
    return found


@router.patch("/{user}", response_model=UserRow, dependencies=MANAGE)
def change(user: UserId, body: UserChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes name or role, or switches off; it counts from the person's next request on."""
    with here.write() as db:
        found = _find(db, here, user)
        guard(here.request, _row(found))
        people.change(db, here.principal, found, here.now, **body.model_dump(exclude_unset=True))
        row = _row(found)
    tag(response, row)
    return row


@router.post("/{user}/reset-password", response_model=Reset, dependencies=MANAGE)
def reset_password(user: UserId, here: Here = Depends(here)) -> object:
    """Takes the password and the sessions away; the token of the answer sets a new one, once, within three days."""
    with here.write() as db:
        token = people.reset(db, here.principal, _find(db, here, user), here.now)
    here.keep_no_answer()
    return Reset(setup_token=token)


@router.get("/{user}/sessions", response_model=Page[auth.SessionRow], dependencies=MANAGE)
def list_sessions(user: UserId, here: Here = Depends(here)) -> object:
    """Where somebody is logged in."""
    with here.read() as db:
        _find(db, here, user)
    return everything(auth.rows(here, user))


@router.post("/{user}/logout", response_model=auth.Ended, dependencies=MANAGE)
def logout(user: UserId, here: Here = Depends(here)) -> object:
    """Ends every session of somebody."""
    with here.write() as db:
        found = _find(db, here, user)
        people.check_govern(db, here.principal, found)
        return auth.Ended(sessions=sessions.end_all(db, here.principal, user, "admin", here.now))
