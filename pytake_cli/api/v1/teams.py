"""/teams: who takes which conversations; and /agents: who is there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import LARGEST_ID, Page, Paging, short
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.api.v1.versions import guard, tag
from pytake_cli.services import availability, conversations, routing
from pytake_cli.services import teams as services
from pytake_cli.store import teams
from pytake_cli.store.teams import Team

router = new_router("teams")
READ, WRITE = [Depends(needs("teams:read"))], [Depends(needs("teams:write"))]
Slug = Annotated[str, Path(min_length=1, max_length=120)]
Skills = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=50)]
Day = Annotated[str, Field(max_length=10)]
Spans = Annotated[list[Annotated[str, Field(max_length=12)]], Field(max_length=9)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class TeamRow(BaseModel):
    id: int
    slug: str
    name: str
    mode: str
    members: list[str]
    skills: list[str]
    capacity: int
    takes_vips: bool
    takes_all: bool
    open: bool
    hours: dict[str, str]
    tz: str
    holidays: list[str]
    closed: str
    closed_text: str
    closed_flow: str
    overflow: str
    overflow_seconds: int | None
    rating: bool
    rating_template: str
    version: int


class TeamChange(Body):
    """What is left out stays as it is."""

    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    mode: Literal["manual", "round_robin", "least_busy"] | None = None
    skills: Skills | None = None
    capacity: Annotated[int | None, Field(ge=1, le=1000)] = None
    takes_vips: bool | None = None
    takes_all: bool | None = None
    closed: Literal["queue", "text", "flow"] | None = None
    closed_text: Annotated[str | None, Field(max_length=4096)] = None
    closed_flow: Annotated[str | None, Field(max_length=200)] = None
    overflow: Annotated[str | None, Field(max_length=120)] = None
    overflow_seconds: Annotated[int | None, Field(ge=30, le=604_800)] = None
    rating: bool | None = None
    rating_template: Annotated[str | None, Field(max_length=512)] = None


class NewTeam(TeamChange):
    slug: Annotated[str, Field(min_length=1, max_length=63)]


class Member(Body):
    user: Annotated[str, Field(min_length=1, max_length=254, description="e-mail or name")]


class Hours(Body):
    """`{"days": {"mon-fri": ["09:00-18:00"]}}`; no days: always open."""

    days: Annotated[dict[Day, Spans], Field(max_length=14)] = {}
    tz: Annotated[str, Field(max_length=60)] = ""
    holidays: Annotated[list[date], Field(max_length=366)] = []


class AgentRow(BaseModel):
    id: int
    email: str
    name: str
    availability: str
    open: int
    capacity: int | None
    skills: list[str]
    teams: list[str]
    seen_at: datetime | None


class Explained(BaseModel):
    """Who would get a conversation now; `verdict` says why it goes there, or why to nobody."""

    conversation: int
    status: str
    team: str | None
    verdict: str
    to: str | None
    position: int | None
    vip: bool
    agents: list[dict[str, Any]]


class Gone(BaseModel):
    conversations: int = Field(description="how many were the team's")


@router.get("", response_model=Page[TeamRow], dependencies=READ)
def list_(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The teams."""
    with here.read() as db:
        found = teams.everyone(db, here.org_id)
        return paging.part(found, lambda team: (team.slug,), lambda team: services.card(db, team, here.now))


@router.get("/agents", response_model=Page[AgentRow], dependencies=READ)
def agents(paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """Everybody, with what routing goes by."""
    with here.read() as db:
        return paging.part(availability.cards(db, here.org_id), lambda card: (card["email"],))


@router.get("/explain/{id}", response_model=Explained, dependencies=READ)
def explain(id: Id, here: Here = Depends(here)) -> object:  # noqa: A002
    """Who would get a conversation, and why the others not."""
    with here.read() as db:
        return routing.explain(db, conversations.get(db, id), here.now)


@router.post("", status_code=201, response_model=TeamRow, dependencies=WRITE)
def create(body: NewTeam, here: Here = Depends(here)) -> object:
    """Makes a team."""
    with here.write() as db:
        team = services.create(db, here.org_id, body.slug, here.now, **body.model_dump(exclude={"slug"}))
        here.note(db, "team.created", f"team:{team.slug}")
        return services.card(db, team, here.now)


@router.get("/{slug}", response_model=TeamRow, dependencies=READ)
def show(slug: Slug, response: Response, here: Here = Depends(here)) -> object:
    """One team."""
    with here.read() as db:
        team = services.find(db, here.org_id, slug)
        card = services.card(db, team, here.now)
    tag(response, card, team.version)
    return card


def _guarded(here: Here, db: Any, slug: str) -> Team:
    team = services.find(db, here.org_id, slug)
    guard(here.request, services.card(db, team, here.now), team.version)
    return team


@router.patch("/{slug}", response_model=TeamRow, dependencies=WRITE)
def change(slug: Slug, body: TeamChange, response: Response, here: Here = Depends(here)) -> object:
    """Changes how a team works."""
    with here.write() as db:
        team = _guarded(here, db, slug)
        changed = services.change(db, team, here.now, **body.model_dump(exclude_unset=True))
        here.note(db, "team.changed", f"team:{team.slug}", fields=changed)
        card = services.card(db, team, here.now)
    tag(response, card, card["version"])
    return card


@router.put("/{slug}/hours", response_model=TeamRow, dependencies=WRITE)
def hours(slug: Slug, body: Hours, response: Response, here: Here = Depends(here)) -> object:
    """Says when a team is open."""
    with here.write() as db:
        team = _guarded(here, db, slug)
        services.set_hours(db, team, body.days, here.now, tz=body.tz, holidays=body.holidays)
        here.note(db, "team.hours", f"team:{team.slug}")
        card = services.card(db, team, here.now)
    tag(response, card, card["version"])
    return card


@router.post("/{slug}/members", response_model=TeamRow, dependencies=WRITE)
def add(slug: Slug, body: Member, here: Here = Depends(here)) -> object:
    """Puts a person into a team."""
    with here.write() as db:
        team = services.find(db, here.org_id, slug)
        user = conversations.find_user(db, body.user)
        services.add(db, team, user, here.now)
        here.note(db, "team.joined", f"team:{team.slug}", user=user.email)
        return services.card(db, team, here.now)


@router.post("/{slug}/members/remove", response_model=TeamRow, dependencies=WRITE)
def remove(slug: Slug, body: Member, here: Here = Depends(here)) -> object:
    """Takes a person out of a team; the conversations they have stay theirs."""
    with here.write() as db:
        team = services.find(db, here.org_id, slug)
        user = conversations.find_user(db, body.user)
        services.drop(db, team, user)
        here.note(db, "team.left", f"team:{team.slug}", user=user.email)
        return services.card(db, team, here.now)


@router.delete("/{slug}", response_model=Gone, dependencies=WRITE)
def delete(slug: Slug, here: Here = Depends(here)) -> object:
    """Deletes a team; its people stay."""
    with here.write() as db:
        team = _guarded(here, db, slug)
        here.note(db, "team.deleted", f"team:{team.slug}")
        return {"conversations": services.remove(db, team)}
