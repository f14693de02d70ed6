"""Teams: who takes which conversations, in what order, when, and what happens where nobody can."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col, select

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time
from pytake_cli.store.types import BigId

MANUAL, ROUND_ROBIN, LEAST_BUSY = "manual", "round_robin", "least_busy"
MODES = (MANUAL, ROUND_ROBIN, LEAST_BUSY)
QUEUE, TEXT, FLOW = "queue", "text", "flow"
CLOSED = {
    QUEUE: "they wait until the team is open",
    TEXT: "they wait, and are told so once",
    FLOW: "a flow takes them",
}


class Team(Owned, table=True):
    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("org_id", "slug"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    slug: str
    name: str = ""
    mode: str = LEAST_BUSY  # one of MODES
    skills: list[str] = json(list)  # what every conversation of the team asks of an agent
    capacity: int = 5  # open conversations that an agent is given, who has no number of their own
    takes_vips: bool = False  # VIPs who were given to no team come here
    takes_all: bool = False  # so does everybody else
    hours: dict[str, Any] | None = json()  # as policy.hours dumps them; none: always open
    closed: str = QUEUE  # one of CLOSED: what happens to whoever comes outside the hours
    closed_text: str = long_text()
    closed_flow: str = ""
    overflow_id: int | None = Field(default=None, sa_type=BigId)  # the team that takes over
    overflow_seconds: int | None = None  # after how long
    rating: bool = False  # customers are asked how it was once a conversation is resolved
    rating_template: str = ""  # with what they are asked when the 24-hour window is closed
    version: int = 1
    created_at: datetime = time()
    updated_at: datetime = time()


class TeamMember(Owned, table=True):
    __tablename__ = "team_member"
    __table_args__ = (UniqueConstraint("team_id", "user_id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    team_id: int = reference("team.id")
    user_id: int = reference("user_account.id", index=True)
    given_at: datetime | None = time(nullable=True)  # when the team last gave them a conversation
    created_at: datetime = time()


team = Team.__table__  # type: ignore[attr-defined]
team_member = TeamMember.__table__  # type: ignore[attr-defined]


def everyone(db: Session, org_id: int) -> list[Team]:
    return list(db.exec(select(Team).where(Team.org_id == org_id).order_by(Team.slug)))


def by_slug(db: Session, org_id: int, slug: str) -> Team | None:
    return db.exec(select(Team).where(Team.org_id == org_id, Team.slug == slug)).first()


def locked(db: Session, org_id: int) -> list[Team]:
    """The organisation's teams, kept from others who route until the transaction ends (on PostgreSQL)."""
    query = select(Team).where(Team.org_id == org_id).order_by(col(Team.id)).with_for_update()
    return list(db.exec(query.execution_options(populate_existing=True)))


def members(db: Session, org_id: int) -> list[TeamMember]:
    return list(db.exec(select(TeamMember).where(TeamMember.org_id == org_id).order_by(col(TeamMember.id))))


def organisations(db: Session) -> list[int]:
    """The organisations that have teams."""
    return list(db.connection().execute(sa.select(team.c.org_id).distinct().order_by(team.c.org_id)).scalars())
