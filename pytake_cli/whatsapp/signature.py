"""X-Hub-Signature-256: how Meta signs a webhook, made and checked over the raw bytes."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")


def sign(body: bytes, secret: str) -> str:
    """The header's value for a body: sha256=, then 64 lower-case hex digits (Meta, "Validate payloads")."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def signed_by(header: bytes, body: bytes, secrets: Iterable[str]) -> str | None:
    """The secret that made the signature, or None. Every secret is tried, each compared in constant time."""
    match = _SIGNATURE.fullmatch(header)
    if match is None:
        return None
    given = match[1]
    found: str | None = None
    for secret in secrets:
        expected = hmac.digest(secret.encode(), body, "sha256").hex().encode()
        if hmac.compare_digest(expected, given):
            found = secret
    return found
