"""Signing in: who stands behind a password, an access token or an API token."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.errors import AuthError, Conflict, NotFound, TooOften
from pytake_cli.locale import Phrase
from pytake_cli.policy.passwords import wait_after
from pytake_cli.policy.permissions import EVERYTHING
from pytake_cli.services import access_tokens, api_tokens, audit, incidents, passwords, sessions
from pytake_cli.services.principals import Principal
from pytake_cli.services.sessions import Grant
from pytake_cli.store import Store, logins, organisations
from pytake_cli.store.logins import Credential, LoginSession
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

ALARM_AFTER = 10  # wrong passwords in a row


def principal_of(store: Store, bearer: str, now: datetime, org_slug: str | None = None) -> Principal:
    """Who shows this token: one read of the store, so that what was ended or changed counts at once.

    Raises AuthError. A super administrator acts in the organisation of `org_slug`.
    """
    if bearer.startswith(api_tokens.PREFIX):
        return _of_this_org(api_tokens.principal_of(store, bearer, now), store, org_slug)
    claims = access_tokens.read(bearer, now)
    with store.read() as db:
        query = select(LoginSession, User).where(
            LoginSession.key == claims.session,
            LoginSession.user_id == User.id,
            col(LoginSession.ended_at).is_(None),
            col(User.active),
        )
        found = db.exec(query).first()
        if found is None or (found[1].id, found[1].org_id, found[1].session_version) != (
            claims.user_id,
            claims.org_id,
            claims.version,
        ):
            raise access_tokens.refused()
        session, user = found
        who = sessions.principal(db, user, session)
    return _of_this_org(who, store, org_slug)


def _of_this_org(who: Principal, store: Store, slug: str | None) -> Principal:
    """The principal in the organisation asked for: a super administrator's choice, everybody else's own."""
    if not slug:
        return who
    with store.read() as db:
        wanted = organisations.by_slug(db, slug)
    if wanted is not None and wanted.id == who.org_id:
        return who
    if wanted is None or wanted.id is None or EVERYTHING not in who.permissions:
        raise NotFound("PT-ORG", "there is no organisation {org}", fix="pytake org list", org=slug)
    return replace(who, org_id=wanted.id)


def login(
    store: Store, email: str, password: str, now: datetime, *, org_slug: str = "", agent: str = "", address: str = ""
) -> Grant:
    """A session for an e-mail and its password; raises as `proven`."""
    user = proven(store, email, password, now, org_slug=org_slug)
    with store.write() as db:
        return sessions.start(db, user, now, agent=agent, address=address)


def proven(store: Store, email: str, password: str, now: datetime, *, org_slug: str = "") -> User:
    """Whose e-mail and password these are; the same AuthError, after the same time, whatever of them is wrong.

    Raises TooOften while the e-mail waits after wrong passwords; sessions that are open go on meanwhile.
    """
    address_typed = email.strip().lower()
    key = logins.attempt_key(email)
    failed = _take_a_try(store, key, now)
    with store.read() as db:
        people = _people(db, address_typed, org_slug)
    if not people:
        passwords.matches(password, None)
    found = [(user, kept) for user, kept in people if passwords.matches(password, kept.password) and user.active]
    if not found:
        _note_failure(store, [user for user, _ in people], failed, now)
        raise AuthError(
            "PT-AUTH-LOGIN",
            "the e-mail or the password is wrong",
            fix="try again; an administrator resets it: pytake user reset-password EMAIL",
        )
    if len(found) > 1:
        raise _which(store, [user for user, _ in found])
    [(user, kept)] = found
    anew = passwords.hashed(password) if kept.password and passwords.is_outdated(kept.password) else None
    with store.write() as db:
        logins.forget_attempts(db, key)
        if anew is not None:
            db.get_one(Credential, user.id).password = anew
    return user


def _take_a_try(store: Store, key: str, now: datetime) -> int:
    """Counts the try before the password is looked at, so that many at once are many; returns how many in a row."""
    with store.write() as db:
        attempt = logins.count_attempt(db, key, now)
        if attempt.until is None or attempt.until <= now:
            attempt.failed += 1
            attempt.until = now + wait_after(attempt.failed)
            db.add(attempt)
            db.flush()
            return attempt.failed
        seconds = math.ceil((attempt.until - now).total_seconds())
    raise TooOften(
        "PT-AUTH-WAIT",
        "too many wrong passwords for this e-mail: it is tried again in {seconds} s",
        fix="wait {seconds} s; who is logged in stays so",
        seconds=seconds,
    )


def _people(db: Session, email: str, org_slug: str) -> list[tuple[User, Credential]]:
    query = select(User).where(User.email == email)
    if org_slug:
        query = query.where(User.org_id == Organisation.id, Organisation.slug == org_slug)
    return [(user, logins.credential(db, user.org_id, user.id or 0)) for user in db.exec(query)]


def _note_failure(store: Store, people: list[User], failed: int, now: datetime) -> None:
    """Also without people it takes a transaction: the time must not tell."""
    with store.write() as db:
        for user in people:
            who = Principal(user.org_id, user.id, user.name or user.email, user.role, frozenset(), "session")
            audit.note(db, who, "login.failed", f"user:{user.id}", {"in_a_row": failed}, now=now)
            if failed == ALARM_AFTER:
                what = Phrase("{count} wrong passwords in a row for {email}", count=failed, email=user.email)
                incidents.tell(db, user.org_id, "PT-AUTH-GUESSING", what, now)


def _which(store: Store, people: list[User]) -> Conflict:
    with store.read() as db:
        slugs = [db.get_one(Organisation, user.org_id).slug for user in people]
    return Conflict(
        "PT-AUTH-ORG",
        "you belong to several organisations: {orgs}",
        fix="pytake -o {first} auth login",
        orgs=", ".join(sorted(slugs)),
        first=min(slugs),
    )


def local_login(store: Store, user: User, now: datetime) -> Grant:
    """A session without a password, for the CLI of whoever may write to the store itself."""
    with store.write(user.org_id) as db:
        return sessions.start(db, db.get_one(User, user.id), now, kind="local", agent="pytake on this machine")
