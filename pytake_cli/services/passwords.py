"""Passwords: hashed slowly, two at a time, so that logins never take more than their share of the machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytake_cli import secrets, settings

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PEPPER = "password_pepper"
BCRYPT_COST = 12
AT_ONCE = 2
_turn = threading.BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """The hash to keep, `PEPPER-ID:HASH`, by the scheme of the settings."""
    pepper = _peppers()[0]
    with _turn:
        return f"{_name(pepper)}:{_hash(_folded(password, pepper))}"


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password of that hash; takes as long, and says False, where there is none."""
    peppers = {_name(each): each for each in _peppers()}
    name, _, hash_ = (kept or "").partition(":")
    pepper = peppers.get(name)
    if not hash_ or pepper is None:
        hashed(password)
        return False
    with _turn:
        return _fits(_folded(password, pepper), hash_)


def is_outdated(kept: str) -> bool:
    """Whether the scheme, its costs or the pepper have changed since: the next login hashes anew."""
    name, _, hash_ = kept.partition(":")
    if not hmac.compare_digest(name, _name(_peppers()[0])):
        return True
    if _uses_argon2():
        return not hash_.startswith("$argon2id$") or argon2().check_needs_rehash(hash_)
    return not hash_.startswith(f"$2b${BCRYPT_COST:02}$")


def argon2() -> PasswordHasher:
    """With OWASP's least costs: 55 ms."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def token_hashed(token: str) -> str:
    """The argon2id hash of an API token."""
    with _turn:
        return argon2().hash(token)


def token_fits(token: str, hash_: str) -> bool:
    with _turn:
        return _fits(token.encode(), hash_)


def _hash(folded: bytes) -> str:
    if _uses_argon2():
        return argon2().hash(folded)
    import bcrypt

    return bcrypt.hashpw(folded, bcrypt.gensalt(BCRYPT_COST)).decode()


def _uses_argon2() -> bool:
    return settings.current().auth.password_scheme == "argon2id"  # noqa: S105 - the name of a scheme


def _fits(folded: bytes, hash_: str) -> bool:
    if hash_.startswith("$2b$"):
        import bcrypt

        return bcrypt.checkpw(folded, hash_.encode())
    from argon2.exceptions import VerificationError

    try:
        return argon2().verify(hash_, folded)
    except VerificationError:
        return False


def without_pepper(hashes: Iterable[str]) -> int:
    """How many of these were hashed with a pepper that is no longer here: nobody can log in with those passwords."""
    known = {_name(each) for each in secrets.all_values(PEPPER)}
    return sum(each.partition(":")[0] not in known for each in hashes)


def _folded(password: str, pepper: str) -> bytes:
    """44 characters whatever the password: bcrypt refuses more than 72 bytes, and a NUL is none of its letters."""
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(pepper.encode(), text, "sha256"))


def _name(pepper: str) -> str:
    """What a pepper is called in hashes; tells nothing about it."""
    return hashlib.sha256(b"pytake pepper " + pepper.encode()).hexdigest()[:8]


def _peppers() -> list[str]:
    """The pepper in use first, then the one before."""
    return secrets.keys(PEPPER)
