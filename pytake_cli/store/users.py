"""Users: the people of an organisation, and what they may do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, counted_since, primary_key, reference, time


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


def by_email(db: Session, email: str) -> User | None:
    return db.exec(select(User).where(User.email == email)).first()


def everyone(db: Session) -> list[User]:
    return list(db.exec(select(User).order_by(User.email)))
