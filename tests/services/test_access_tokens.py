"""Access tokens: only ours, only now, only for this; whatever is wrong, the answer is the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytake_cli import secrets
from pytake_cli.errors import AuthError
from pytake_cli.services import access_tokens
from pytake_cli.services.access_tokens import Claims, issue, read
from tests.kit.stores import NOW

CLAIMS = Claims(7, 1, "f" * 32, 3)


def without(name: str) -> str:
    """A token of ours that lacks a claim."""
    lacking: dict[str, Any] = {name: None}
    return rewritten(**lacking)


def rewritten(
    *, key: str | None = None, algorithm: str = "HS256", kid: Any = None, header: Any = None, **claims: Any
) -> str:
    """A token of ours with other claims (None: left out), signed with a key of the maker's choice."""
    ours = secrets.keys("jwt_key")[0]
    plain = jwt.decode(issue(CLAIMS, NOW), options={"verify_signature": False})
    payload = {name: value for name, value in {**plain, **claims}.items() if value is not None}
    own = jwt.get_unverified_header(issue(CLAIMS, NOW))["kid"]
    headers = {"kid": own if kid is None else kid, **(header or {})}
    return jwt.encode(payload, ours if key is None else key, algorithm, headers=headers)


def glued(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def flipped() -> str:
    head, body, signature = issue(CLAIMS, NOW).split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def moment(**by: float) -> int:
    return int((NOW + timedelta(**by)).timestamp())


HOSTILE: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "abc.def",
    "alg none": lambda: glued({"alg": "none", "kid": "x"}, {"sub": "7"}),
    "alg None, our kid": lambda: glued(
        {"alg": "nOnE", "kid": jwt.get_unverified_header(issue(CLAIMS, NOW))["kid"]}, {"sub": "7"}
    ),
    "another algorithm": lambda: rewritten(algorithm="HS512"),
    "kid of nobody": lambda: rewritten(kid="0" * 16),
    "kid that climbs": lambda: rewritten(kid="../../../../dev/null"),
    "kid that is a list": lambda: glued({"alg": "HS256", "kid": ["x"]}, {}),
    "no kid": lambda: glued({"alg": "HS256"}, {}),
    "jku": lambda: rewritten(key="k" * 43, header={"jku": "https://evil.example/keys"}),
    "own jwk": lambda: rewritten(key="k" * 43, header={"jwk": {"kty": "oct", "k": "a" * 43}}),
    "another instance's key": lambda: rewritten(key="another key, as long as ours is, of an instance"),
    "an empty key": lambda: glued({"alg": "HS256", "kid": ""}, {"sub": "7"}),
    "a flipped bit": flipped,
    "wrong audience": lambda: rewritten(aud="pytake-web"),
    "wrong issuer": lambda: rewritten(iss="evil"),
    "a refresh token by type": lambda: rewritten(typ="refresh"),
    "expired": lambda: rewritten(exp=moment(seconds=0)),
    "not yet": lambda: rewritten(nbf=moment(seconds=31)),
    "from the future": lambda: rewritten(iat=moment(minutes=5), exp=moment(minutes=20)),
    "for a year": lambda: rewritten(exp=moment(days=365)),
    "expiry is no number": lambda: rewritten(exp="tomorrow"),
    "expiry is true": lambda: rewritten(exp=True),
    "session is a list": lambda: rewritten(sid=["x"]),
    "version is a text": lambda: rewritten(ver="3"),
    "subject is no number": lambda: rewritten(sub="rita"),
    "eight kilobytes": lambda: rewritten(note="x" * 8192),
    "not ASCII": lambda: issue(CLAIMS, NOW) + "é",
} | {f"no {name}": partial(without, name) for name in access_tokens.CLAIMS}


def test_our_own_token_says_who_it_is_for_a_quarter_of_an_hour() -> None:
    token = issue(CLAIMS, NOW)
    assert read(token, NOW) == CLAIMS
    assert read(token, NOW + timedelta(minutes=14, seconds=59)) == CLAIMS
    assert read(token, NOW - timedelta(seconds=30)) == CLAIMS  # another daemon's clock
    assert read(rewritten(role="SUPER_ADMIN", permissions=["*"]), NOW) == CLAIMS


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(name: str) -> None:
    with pytest.raises(AuthError) as refused:
        read(HOSTILE[name](), NOW)
    usual = access_tokens.refused()
    assert (refused.value.slug, str(refused.value), refused.value.values) == (usual.slug, str(usual), usual.values)


def test_a_former_key_still_opens_while_keys_are_changed() -> None:
    token = issue(CLAIMS, NOW)
    former = secrets.require("jwt_key")
    secrets.put("jwt_key", "a key of today that is certainly long enough")
    secrets.put("jwt_key_previous", former)
    secrets.forget()
    assert read(token, NOW) == CLAIMS
    assert secrets.delete("jwt_key_previous")
    secrets.forget()
    with pytest.raises(AuthError):
        read(token, NOW)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}\.[A-Za-z0-9_-]{0,60}"))
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(AuthError):
        read(token, NOW)
