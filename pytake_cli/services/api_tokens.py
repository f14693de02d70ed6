"""API tokens: `pt_<id>_<secret>`, shown once; what programs act with in a person's name, with some of their rights."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli import clock
from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.policy import permissions
from pytake_cli.services import access_tokens, audit, passwords, roles
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store, api_tokens
from pytake_cli.store.api_tokens import ApiToken
from pytake_cli.store.users import User

PREFIX = "pt_"
_SHAPE = re.compile(r"pt_([1-9]\d{0,18})_[A-Za-z0-9_-]{43}")
TRUSTED_SECONDS = 60.0  # a token that fitted its hash is not hashed again within them
MOST_TRUSTED = 1000
LONGEST_NAME = 80
USE_NOTED_AFTER = timedelta(minutes=1)

_trusted: OrderedDict[tuple[bytes, str], float] = OrderedDict()  # (digest, hash it fitted) -> until when, monotonic
_lock = threading.Lock()


def principal_of(store: Store, token: str, now: datetime) -> Principal:
    """Who acts with this token: what its owner may do, as far as the token does. Raises AuthError."""
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise access_tokens.refused()
    with store.read() as db:
        row = select(ApiToken, User).where(ApiToken.id == int(shape[1]), ApiToken.user_id == User.id)
        found = db.exec(row.where(col(ApiToken.revoked_at).is_(None), col(User.active))).first()
        if found is None or (found[0].expires_at is not None and found[0].expires_at <= now):
            raise access_tokens.refused()
        known, owner = found
        of_owner = roles.rights_of(db, owner)
    if not _fits(token, known.hash):
        raise access_tokens.refused()
    if known.last_used_at is None or known.last_used_at <= now - USE_NOTED_AFTER:
        with store.write(known.org_id) as db:
            db.get_one(ApiToken, known.id).last_used_at = now
    held = frozenset(scope for scope in known.scopes if permissions.allows(of_owner, scope))
    name = f"{owner.name or owner.email} ({known.name})"
    return Principal(owner.org_id, owner.id, name, owner.role, held, "token", token_id=known.id)


def _fits(token: str, hash_: str) -> bool:
    """Compares with argon2id, at most once a minute for each token and row."""
    key = hashlib.sha256(token.encode()).digest(), hash_
    with _lock:
        if _trusted.get(key, 0.0) > clock.monotonic():
            return True
    if not passwords.token_fits(token, hash_):
        return False
    with _lock:
        _trusted[key] = clock.monotonic() + TRUSTED_SECONDS
        while len(_trusted) > MOST_TRUSTED:
            _trusted.popitem(last=False)
    return True


def create(
    db: Session, who: Principal, name: str, scopes: Sequence[str], now: datetime, *, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A token of `who`, and its text, which is not kept: only now can it be shown."""
    who.require("tokens:manage")
    if who.user_id is None:
        raise InvalidData("PT-TOKEN-OWNER", "a token belongs to a person", fix="pytake auth token create --user EMAIL")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidData("PT-TOKEN-NAME", "a token has a name of 1 to 80 characters", fix="--name crm")
    if expires_at is not None and expires_at <= now:
        raise InvalidData("PT-TOKEN-EXPIRY", "the token would have expired already", fix="a later time")
    _check_scopes(who, scopes)
    token = ApiToken(
        org_id=who.org_id,
        user_id=who.user_id,
        name=name.strip(),
        hash="",
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    db.add(token)
    db.flush()
    text = f"{PREFIX}{token.id}_{clock.token()}"
    token.hash = passwords.token_hashed(text)
    db.flush()
    audit.note(db, who, "token.created", f"token:{token.id}", {"name": token.name, "scopes": token.scopes}, now=now)
    return token, text


def _check_scopes(who: Principal, scopes: Sequence[str]) -> None:
    if not scopes:
        raise InvalidData("PT-TOKEN-SCOPE", "a token without a scope can do nothing", fix="--scope contacts:read")
    for scope in permissions.unknown(scopes):
        raise InvalidData(
            "PT-TOKEN-SCOPE", "there is no permission {scope}", fix="pytake role show ORG_ADMIN", scope=scope
        )
    for scope in scopes:
        roles.check_grant(who, {scope}, scope)


def listed(db: Session, who: Principal, *, everybody: bool = False) -> list[ApiToken]:
    """One's own tokens, or everybody's."""
    who.require("tokens:manage")
    if everybody:
        who.require("users:manage")
    return api_tokens.of_user(db, None if everybody else who.user_id)


def revoke(db: Session, who: Principal, token_id: int, now: datetime) -> ApiToken:
    """Ends a token for good; the next request with it is refused."""
    who.require("tokens:manage")
    token = db.get(ApiToken, token_id)
    mine = token is not None and token.org_id == who.org_id and who.user_id in (token.user_id, None)
    if token is None or token.org_id != who.org_id or not (mine or who.may("users:manage")):
        raise NotFound("PT-TOKEN-NONE", "there is no token {id}", fix="pytake auth token list", id=token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        db.add(token)
        db.flush()
        audit.note(db, who, "token.revoked", f"token:{token.id}", {"name": token.name}, now=now)
    return token
