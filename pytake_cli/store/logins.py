"""Logins: what a person proves who they are with, and the sessions that come of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, Text
from sqlmodel import Field, Session, col, select

from pytake_cli.store.rows import Owned, Row, insert, primary_key, reference, time

FORGOTTEN_AFTER = timedelta(days=1)  # failed logins of an account count that long


class Credential(Owned, table=True):
    """The password of a person, apart from the person: nobody who lists people has it in hand."""

    __tablename__ = "credential"

    user_id: int = reference("user_account.id", primary_key=True)
    org_id: int = reference("organisation.id")
    password: str | None = Field(default=None, sa_type=Text)  # as services.passwords.hashed() writes it
    changed_at: datetime | None = time(nullable=True)
    setup: str | None = Field(default=None, index=True)  # SHA-256 of a token that sets a password once
    setup_until: datetime | None = time(nullable=True)


class LoginSession(Owned, table=True):
    """One login of a person: the family of the refresh tokens that follow one another in it."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_user", "user_id", "ended_at"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    user_id: int = reference("user_account.id")
    key: str = Field(unique=True)  # what access tokens name it by: an id might be given out again after a restore
    kind: str = "password"  # or "local": made by the CLI on the store's own machine
    agent: str = ""  # the program that logged in, as it calls itself
    address: str = ""
    created_at: datetime = time()
    seen_at: datetime = time()
    expires_at: datetime = time()  # when the newest refresh token does
    ended_at: datetime | None = time(nullable=True)
    ended_why: str = ""  # logout, everywhere, reuse, password, admin


class RefreshToken(Owned, table=True):
    __tablename__ = "refresh_token"

    hash: str = Field(primary_key=True)  # SHA-256, hex
    org_id: int = reference("organisation.id")
    session_id: int = reference("login_session.id", index=True)
    expires_at: datetime = time()
    used_at: datetime | None = time(nullable=True)


class LoginAttempt(Row, table=True):
    """Failed logins by name typed, whether somebody has that name or not: the answers must not tell."""

    __tablename__ = "login_attempt"

    key: str = Field(primary_key=True)  # SHA-256 of the e-mail
    failed: int = 0
    at: datetime = time(index=True)
    until: datetime | None = time(nullable=True)  # nothing is tried before


refresh_token = RefreshToken.__table__  # type: ignore[attr-defined]
login_attempt = LoginAttempt.__table__  # type: ignore[attr-defined]
login_session = LoginSession.__table__  # type: ignore[attr-defined]


def credential(db: Session, org_id: int, user_id: int) -> Credential:
    """The person's credential; an empty one if there is none yet."""
    return db.get(Credential, user_id) or Credential(user_id=user_id, org_id=org_id)


def open_sessions(db: Session, user_id: int, now: datetime) -> list[LoginSession]:
    """Sessions that still can be refreshed, the latest seen first."""
    query = select(LoginSession).where(LoginSession.user_id == user_id, col(LoginSession.ended_at).is_(None))
    return list(db.exec(query.where(LoginSession.expires_at > now).order_by(col(LoginSession.seen_at).desc())))


def end_sessions(db: Session, user_id: int, why: str, now: datetime, *, but: int | None = None) -> int:
    """Ends every open session of a person except `but`; returns how many."""
    mine = sa.and_(login_session.c.user_id == user_id, login_session.c.ended_at.is_(None))
    statement = sa.update(login_session).where(mine, login_session.c.id != (but or 0))
    return db.connection().execute(statement.values(ended_at=now, ended_why=why)).rowcount


def use(db: Session, digest: str, now: datetime) -> bool:
    """Marks a refresh token as used; False if it is not there, expired, or was used before. One of several wins."""
    unused = sa.and_(refresh_token.c.hash == digest, refresh_token.c.used_at.is_(None))
    statement = sa.update(refresh_token).where(unused, refresh_token.c.expires_at > now).values(used_at=now)
    return db.connection().execute(statement).rowcount == 1


def forget_expired(db: Session, session_id: int, now: datetime) -> None:
    own = refresh_token.c.session_id == session_id
    db.connection().execute(sa.delete(refresh_token).where(own, refresh_token.c.expires_at <= now))


def attempt_key(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()


def count_attempt(db: Session, key: str, now: datetime) -> LoginAttempt:
    """Counts a login that is about to be tried, and returns its row, held until the transaction ends."""
    old = login_attempt.c.at < now - FORGOTTEN_AFTER
    db.connection().execute(sa.delete(login_attempt).where(old))
    values: dict[str, Any] = {"key": key, "failed": 0, "at": now}
    statement = insert(db, login_attempt).values(values)
    db.connection().execute(statement.on_conflict_do_update(index_elements=["key"], set_={"at": now}))
    return db.exec(select(LoginAttempt).where(LoginAttempt.key == key)).one()


def forget_attempts(db: Session, key: str) -> None:
    db.connection().execute(sa.delete(login_attempt).where(login_attempt.c.key == key))
