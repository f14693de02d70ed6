"""People: who invites, changes and switches off whom, and how passwords are set. Guarded, and in the audit log."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli import clock
from pytake_cli.errors import AuthError, Conflict, InvalidData
from pytake_cli.policy import passwords as rules
from pytake_cli.services import access_tokens, accounts, audit, passwords, roles, sessions
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, logins
from pytake_cli.store.logins import Credential, LoginSession
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

SETUP_PREFIX = "setup_"
SETUP_LIVES = timedelta(days=3)


def invite(db: Session, who: Principal, email: str, now: datetime, *, name: str = "", role: str = "AGENT") -> User:
    """Adds a person to the organisation, with a role that is not above one's own."""
    who.require("users:manage")
    wanted = roles.check(db, who.org_id, role)
    roles.check_grant(who, roles.rights(db, who.org_id, wanted), wanted)
    user = accounts.invite(db, org_id=who.org_id, email=email, now=now, name=name, role=wanted)
    audit.note(db, who, "user.invited", f"user:{user.id}", {"role": wanted}, now=now)
    return user


def change(
    db: Session,
    who: Principal,
    user: User,
    now: datetime,
    *,
    name: str | None = None,
    role: str | None = None,
    active: bool | None = None,
) -> list[str]:
    """Changes a person; it counts from their next request on. Returns the names of the changed fields."""
    who.require("users:manage")
    check_govern(db, who, user)
    wanted = None if role is None else roles.check(db, user.org_id, role)
    if wanted is not None:
        roles.check_grant(who, roles.rights(db, user.org_id, wanted), wanted)
    before = {"role": user.role, "active": user.active}
    changed = accounts.set_user(db, user, name=name, role=wanted, active=active)
    if changed:
        after = {"role": user.role, "active": user.active}
        told = {field: [before[field], after[field]] for field in changed if field in before}
        audit.note(db, who, "user.changed", f"user:{user.id}", {"fields": changed, **told}, now=now)
    if "active" in changed and not user.active:
        sessions.end_all(db, who, user.id or 0, "disabled", now)
    return changed


def check_govern(db: Session, who: Principal, user: User) -> None:
    """Raises Forbidden when the person may do more than `who`: their password and role are not his to set."""
    if user.id != who.user_id:
        roles.check_grant(who, roles.rights_of(db, user), user.email)


def set_password(store: Store, who: Principal, user: User, password: str, now: datetime) -> None:
    """Gives a person a password that `who` knows; ends their sessions."""
    with store.read() as db:
        check_password(db, user, password)
    hashed = passwords.hashed(password)
    with store.write(user.org_id) as db:
        who.require("users:manage")
        check_govern(db, who, user)
        _put(db, who, user, hashed, now)


def change_password(store: Store, who: Principal, current: str, password: str, now: datetime) -> str:
    """Changes one's own; other sessions end. Returns an access token, for those from before are void now."""
    if who.user_id is None or who.kind != "session":
        raise Conflict("PT-PASSWORD-OWN", "a password is changed by whoever has logged in", fix="pytake auth login")
    with store.read() as db:
        user = db.get_one(User, who.user_id)
        kept = logins.credential(db, user.org_id, who.user_id).password
    if not passwords.matches(current, kept):
        raise AuthError("PT-AUTH-LOGIN", "the e-mail or the password is wrong", fix="the password of now")
    with store.read() as db:
        check_password(db, user, password)
    hashed = passwords.hashed(password)
    with store.write() as db:
        user = db.get_one(User, who.user_id)
        _put(db, who, user, hashed, now, keep=who.session_id)
        session = db.get_one(LoginSession, who.session_id)
        claims = access_tokens.Claims(who.user_id, user.org_id, session.key, user.session_version)
    return access_tokens.issue(claims, now)


def reset(db: Session, who: Principal, user: User, now: datetime) -> str:
    """Takes away a person's password; returns a token that sets a new one, once, within three days."""
    who.require("users:manage")
    check_govern(db, who, user)
    credential = logins.credential(db, user.org_id, user.id or 0)
    token = SETUP_PREFIX + clock.token()
    credential.password = None
    credential.setup, credential.setup_until = _digest(token), now + SETUP_LIVES
    db.add(credential)
    db.flush()
    audit.note(db, who, "password.reset", f"user:{user.id}", now=now)
    sessions.end_all(db, who, user.id or 0, "reset", now)
    return token


def use_setup(store: Store, token: str, password: str, now: datetime) -> User:
    """Sets the first or a new password with the token that an administrator handed over."""
    with store.read() as db:
        query = select(User).join(Credential, col(Credential.user_id) == User.id)
        query = query.where(Credential.setup == _digest(token), col(Credential.setup_until) > now, col(User.active))
        user = db.exec(query).first()
    if user is None:
        raise _used_up()
    with store.read() as db:
        check_password(db, user, password)
    hashed = passwords.hashed(password)
    with store.write(user.org_id) as db:
        if logins.credential(db, user.org_id, user.id or 0).setup != _digest(token):
            raise _used_up()
        user = db.get_one(User, user.id)
        who = Principal(user.org_id, user.id, user.name or user.email, user.role, frozenset(), "session")
        _put(db, who, user, hashed, now)
    return user


def _put(db: Session, who: Principal, user: User, hashed: str, now: datetime, *, keep: int | None = None) -> None:
    """A new password: what was signed or opened before is void, but for the session `keep`."""
    credential = logins.credential(db, user.org_id, user.id or 0)
    credential.password, credential.changed_at = hashed, now
    credential.setup = credential.setup_until = None
    present = db.get_one(User, user.id)
    present.session_version += 1
    db.add(credential)
    db.add(present)
    db.flush()
    audit.note(db, who, "password.changed", f"user:{user.id}", now=now)
    sessions.end_all(db, who, user.id or 0, "password", now, but=keep)
    logins.forget_attempts(db, logins.attempt_key(user.email))


def check_password(db: Session, user: User, password: str) -> None:
    """Raises InvalidData for a password that is too short, too long or too easily guessed."""
    org = db.get_one(Organisation, user.org_id)
    names = [user.email, user.email.partition("@")[0], user.name, org.name, org.slug]
    why = rules.flaw(password, names)
    if why:
        raise InvalidData(
            "PT-PASSWORD",
            "this password is refused",
            why=why,
            fix="a sentence of your own is good: three words that nobody else would put together",
            length=len(password),
            shortest=rules.SHORTEST,
            longest=rules.LONGEST,
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _used_up() -> Conflict:
    return Conflict(
        "PT-AUTH-SETUP",
        "the set-up token is unknown, used or expired",
        fix="ask an administrator for another: pytake user reset-password EMAIL",
    )
