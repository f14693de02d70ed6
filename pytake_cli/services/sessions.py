"""Sessions: what a login hands out, how it is renewed, and how it ends.

A refresh token is used once. Its successor is made of it with a key of ours, so that whoever lost the answer and asks
again within 20 s gets the same one; anybody who shows a used token later has stolen it, or was stolen from, and the
whole session ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from pytake_cli import clock, secrets
from pytake_cli.errors import NotFound
from pytake_cli.locale import Phrase
from pytake_cli.services import access_tokens, audit, incidents, roles
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, logins
from pytake_cli.store.logins import LoginSession, RefreshToken
from pytake_cli.store.users import User

LIVES = timedelta(days=7)
GRACE = timedelta(seconds=20)
LONGEST_AGENT = 200  # characters


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login hands out, once."""

    access: str
    access_until: datetime
    refresh: str
    refresh_until: datetime
    session_id: int
    user_id: int
    org_id: int


def start(
    db: Session, user: User, now: datetime, *, kind: str = "password", agent: str = "", address: str = ""
) -> Grant:
    """A new session of a person who has proven who they are."""
    session = LoginSession(
        org_id=user.org_id,
        user_id=user.id or 0,
        key=clock.new_id(),
        kind=kind,
        agent=agent[:LONGEST_AGENT],
        address=address,
        created_at=now,
        seen_at=now,
        expires_at=now + LIVES,
    )
    db.add(session)
    db.flush()
    audit.note(db, principal(db, user, session), "login", f"session:{session.id}", {"kind": kind}, now=now)
    token = clock.token()
    _keep(db, session, token, now)
    return grant(user, session, token, now)


def grant(user: User, session: LoginSession, refresh: str, now: datetime) -> Grant:
    """The tokens of a session; the access token is made now."""
    claims = access_tokens.Claims(user.id or 0, user.org_id, session.key, user.session_version)
    return Grant(
        access_tokens.issue(claims, now),
        now + access_tokens.LIVES,
        refresh,
        session.expires_at,
        session.id or 0,
        user.id or 0,
        user.org_id,
    )


def principal(db: Session, user: User, session: LoginSession) -> Principal:
    """The person at work, with the rights that their role has now."""
    return Principal(
        org_id=user.org_id,
        user_id=user.id,
        name=user.name or user.email,
        role=user.role,
        permissions=roles.rights_of(db, user),
        kind="session",
        session_id=session.id,
    )


def refresh(store: Store, token: str, now: datetime) -> Grant:
    """New tokens for a refresh token; raises AuthError for one that is unknown, expired or was used before."""
    digest = _digest(token)
    with store.write() as db:
        given = _refresh(db, digest, token, now)
    if given is None:
        raise access_tokens.refused()
    return given


def _refresh(db: Session, digest: str, token: str, now: datetime) -> Grant | None:
    known = db.get(RefreshToken, digest)
    session = db.get(LoginSession, known.session_id) if known else None
    user = db.get(User, session.user_id) if session else None
    if session is None or user is None or session.ended_at is not None or not user.active:
        return None
    if logins.use(db, digest, now):
        successor = _successors(token)[0]
        _keep(db, session, successor, now)
        session.seen_at = now
        logins.forget_expired(db, session.id or 0, now)
        return grant(user, session, successor, now)
    known = db.get_one(RefreshToken, digest, populate_existing=True)
    if known.used_at is None:
        return None  # expired
    if now - known.used_at <= GRACE:
        for each in _successors(token):
            next_ = db.get(RefreshToken, _digest(each))
            if next_ is not None and next_.used_at is None:
                return grant(user, session, each, now)
    _end_stolen(db, user, session, now)
    return None


def _end_stolen(db: Session, user: User, session: LoginSession, now: datetime) -> None:
    session.ended_at, session.ended_why = now, "reuse"
    who = principal(db, user, session)
    audit.note(db, who, "login.refresh_reuse", f"session:{session.id}", {"user": user.id}, now=now)
    email = {"email": user.email}
    what = Phrase("a login of {email} was used by two: it has ended, and the password should be changed", **email)
    incidents.tell(db, user.org_id, "PT-AUTH-REUSE", what, now)


def listed(db: Session, user_id: int, now: datetime) -> list[LoginSession]:
    """The open sessions of a person, the latest seen first."""
    return logins.open_sessions(db, user_id, now)


def end(db: Session, who: Principal, user_id: int, session_id: int, now: datetime) -> None:
    """Ends one session of a person."""
    session = db.get(LoginSession, session_id)
    if session is None or session.user_id != user_id:
        raise NotFound("PT-AUTH-SESSION", "there is no session {id}", fix="pytake user sessions EMAIL", id=session_id)
    if session.ended_at is None:
        session.ended_at, session.ended_why = now, "logout"
        db.flush()
        audit.note(db, who, "logout", f"session:{session_id}", {"user": user_id}, now=now)


def end_all(db: Session, who: Principal, user_id: int, why: str, now: datetime, *, but: int | None = None) -> int:
    """Ends every session of a person (except `but`); returns how many."""
    ended = logins.end_sessions(db, user_id, why, now, but=but)
    if ended:
        audit.note(db, who, "logout.everywhere", f"user:{user_id}", {"sessions": ended, "why": why}, now=now)
    return ended


def _keep(db: Session, session: LoginSession, token: str, now: datetime) -> None:
    session.expires_at = now + LIVES
    known = RefreshToken(
        hash=_digest(token), org_id=session.org_id, session_id=session.id or 0, expires_at=session.expires_at
    )
    db.add(known)
    db.flush()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _successors(token: str) -> list[str]:
    """What follows this refresh token, by the key in use and by the one before."""
    made = (hmac.digest(key.encode(), b"refresh " + token.encode(), "sha256") for key in secrets.keys("jwt_key"))
    return [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in made]
