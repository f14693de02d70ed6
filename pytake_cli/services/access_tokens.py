"""Access tokens: signed words of 15 minutes that name a session; what it may do is read from the store each time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from pytake_cli import clock, secrets
from pytake_cli.errors import AuthError

KEY = "jwt_key"
ALGORITHM = "HS256"
ISSUER, AUDIENCE, TYPE = "pytake", "pytake-api", "access"
LIVES = timedelta(minutes=15)
SKEW_SECONDS = 30  # between the clocks of two daemons
LONGEST = 2048  # characters; ours have about 450
CLAIMS = ("exp", "iat", "nbf", "iss", "aud", "jti", "sub", "typ", "org", "sid", "ver")
_ONLY_WHAT_NEEDS_NO_CLOCK: Any = {
    "require": list(CLAIMS),
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, its signature and its times proven."""

    user_id: int
    org_id: int
    session: str
    version: int


def issue(claims: Claims, now: datetime) -> str:
    issued = int(now.timestamp())
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": TYPE,
        "sub": str(claims.user_id),
        "org": claims.org_id,
        "sid": claims.session,
        "ver": claims.version,
        "jti": clock.new_id(),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(LIVES.total_seconds()),
    }
    key = secrets.keys(KEY)[0]
    return jwt.encode(payload, key, ALGORITHM, headers={"kid": _name(key)})


def read(token: str, now: datetime) -> Claims:
    """What the token says; raises AuthError, the same for whatever is wrong with it."""
    try:
        found = _decoded(token)
        _check_times(found, now.timestamp())
        numbers = found["org"], found["ver"]
        if found["typ"] != TYPE or not all(type(each) is int for each in numbers) or type(found["sid"]) is not str:
            raise ValueError("it is no access token")
        return Claims(int(found["sub"]), found["org"], found["sid"], found["ver"])
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise refused() from error


def refused() -> AuthError:
    return AuthError("PT-AUTH", "the login is not valid, or not any more", fix="pytake auth login")


def _decoded(token: str) -> dict[str, Any]:
    if len(token) > LONGEST or not token.isascii():
        raise ValueError("it is too long or no token")
    keys = {_name(key): key for key in secrets.keys(KEY)}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=_ONLY_WHAT_NEEDS_NO_CLOCK
    )


def _check_times(found: dict[str, Any], now: float) -> None:
    """By the clock of the house, which tests and demonstrations set."""
    issued, begins, ends = found["iat"], found["nbf"], found["exp"]
    if not all(type(each) is int for each in (issued, begins, ends)):
        raise ValueError("a time is no number")
    if ends <= now or max(issued, begins) > now + SKEW_SECONDS or ends - issued > LIVES.total_seconds():
        raise ValueError("it is not its time")


def _name(key: str) -> str:
    return hashlib.sha256(b"pytake jwt " + key.encode()).hexdigest()[:16]
