"""/auth: logging in, staying so, and out; and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs, sensitive
from pytake_cli.api.v1.office import Office
from pytake_cli.api.v1.paging import LARGEST_ID, Page, everything
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import TooOften
from pytake_cli.services import passwords, people, sessions, signing_in
from pytake_cli.services.sessions import Grant

T = TypeVar("T")
router = new_router("auth")
MOST_WAITING = 100  # logins; each takes a quarter of a second
SENSITIVE = [Depends(sensitive)]
OWN_SENSITIVE = [Depends(sensitive), Depends(needs())]
OWN = [Depends(needs())]
Password = Annotated[str, Field(max_length=1024)]


class Credentials(Body):
    email: str = Field(max_length=254)
    password: Password
    org: str = Field("", max_length=63, description="short name of the organisation, for who belongs to several")
    agent: str = Field("", max_length=200, description="what the sessions list shows: a program and a machine")


class Refresh(Body):
    refresh_token: str = Field(max_length=200)


class Setup(Body):
    token: str = Field(max_length=200)
    password: Password


class NewPassword(Body):
    current: Password
    password: Password


class Tokens(BaseModel):
    access_token: str
    access_until: datetime
    refresh_token: str
    refresh_until: datetime
    session: int
    user: int


class Access(BaseModel):
    access_token: str


class SessionRow(BaseModel):
    id: int
    kind: str
    agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool = False


class Ended(BaseModel):
    sessions: int


@lru_cache(maxsize=1)
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(passwords.AT_ONCE)


async def _hashing(work: Callable[[], T]) -> T:
    """Runs what hashes a password in threads of its own, so that a crowd of logins keeps nobody else waiting."""
    if _limiter().statistics().tasks_waiting >= MOST_WAITING:
        raise TooOften("PT-AUTH-BUSY", "too many people are logging in just now", fix="wait {seconds} s", seconds=10)
    return await to_thread.run_sync(work, limiter=_limiter())


def _told(grant: Grant) -> Tokens:
    return Tokens(
        access_token=grant.access,
        access_until=grant.access_until,
        refresh_token=grant.refresh,
        refresh_until=grant.refresh_until,
        session=grant.session_id,
        user=grant.user_id,
    )


@router.post("/login", response_model=Tokens, dependencies=SENSITIVE)
async def login(body: Credentials, request: Request) -> object:
    """Tokens for an e-mail and its password."""
    office: Office = request.app.state.office
    visitor = str(request.scope["pytake.visitor"])
    more = {"org_slug": body.org, "agent": body.agent, "address": visitor}
    work = partial(signing_in.login, office.store, body.email, body.password, office.now(), **more)
    return _told(await _hashing(work))


@router.post("/refresh", response_model=Tokens)
def refresh(body: Refresh, request: Request) -> object:
    """New tokens for a refresh token, which is good for once; the same again within 20 s, should the answer be lost."""
    office: Office = request.app.state.office
    return _told(sessions.refresh(office.store, body.refresh_token, office.now()))


@router.post("/setup", status_code=204, dependencies=SENSITIVE)
async def setup(body: Setup, request: Request) -> Response:
    """Sets a password with the token of an invitation or a reset."""
    office: Office = request.app.state.office
    await _hashing(partial(people.use_setup, office.store, body.token, body.password, office.now()))
    return Response(status_code=204)


@router.post("/password", response_model=Access, dependencies=OWN_SENSITIVE)
async def change_password(body: NewPassword, here: Here = Depends(here)) -> object:
    """Changes one's own password: other sessions end, this one goes on with the access token of the answer."""
    office, who = here.office, here.principal
    here.keep_no_answer()
    work = partial(people.change_password, office.store, who, body.current, body.password, here.now)
    return Access(access_token=await _hashing(work))


@router.post("/logout", status_code=204, dependencies=OWN)
def logout(here: Here = Depends(here)) -> Response:
    """Ends this session. An API token is revoked instead."""
    who = here.principal
    if who.session_id is not None and who.user_id is not None:
        with here.office.store.write() as db:
            sessions.end(db, who, who.user_id, who.session_id, here.now)
    return Response(status_code=204)


@router.post("/logout-everywhere", response_model=Ended, dependencies=OWN)
def logout_everywhere(here: Here = Depends(here)) -> object:
    """Ends every session of one's own, this one too."""
    with here.office.store.write() as db:
        return Ended(sessions=sessions.end_all(db, here.principal, here.principal.user_id or 0, "everywhere", here.now))


@router.get("/sessions", response_model=Page[SessionRow], dependencies=OWN)
def list_sessions(here: Here = Depends(here)) -> object:
    """Where one is logged in."""
    return everything(rows(here, here.principal.user_id or 0))


@router.delete("/sessions/{session}", status_code=204, dependencies=OWN)
def end_session(session: Annotated[int, Path(ge=1, le=LARGEST_ID)], here: Here = Depends(here)) -> Response:
    """Logs out elsewhere."""
    with here.office.store.write() as db:
        sessions.end(db, here.principal, here.principal.user_id or 0, session, here.now)
    return Response(status_code=204)


def rows(here: Here, user_id: int) -> list[SessionRow]:
    with here.office.store.read() as db:
        found = sessions.listed(db, user_id, here.now)
    mine = here.principal.session_id
    return [SessionRow(**each.model_dump(), current=each.id == mine) for each in found]
