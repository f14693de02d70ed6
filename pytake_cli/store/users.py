"""Users: the people of an organisation, and what they may do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, String, UniqueConstraint, text
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Owned, counted_since, primary_key, reference, time
from pytake_cli.store.types import Json

AVAILABLE, PAUSED, OFFLINE = "available", "paused", "offline"
AVAILABILITIES = (AVAILABLE, PAUSED, OFFLINE)


class User(Owned, table=True):
    __tablename__ = "user_account"  # "user" is a reserved word in PostgreSQL
    __table_args__ = (UniqueConstraint("org_id", "email"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    email: str
    name: str = ""
    role: str = "AGENT"  # one of policy.permissions.ROLES, or the name of a custom role
    active: bool = True
    created_at: datetime = time()
    session_version: int = counted_since(1)  # raised by a new password: access tokens with another number are void
    availability: str = Field(default=OFFLINE, sa_column=Column(String, nullable=False, server_default=OFFLINE))
    capacity: int | None = None  # open conversations they are given; none: as many as the team says
    skills: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False, server_default=text("'[]'")))
    seen_at: datetime | None = time(nullable=True)  # when their inbox was last heard


def by_email(db: Session, email: str) -> User | None:
    return db.exec(select(User).where(User.email == email)).first()


def everyone(db: Session) -> list[User]:
    return list(db.exec(select(User).order_by(User.email)))
