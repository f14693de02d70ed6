"""ETag and If-Match: nobody writes over what somebody else has changed meanwhile."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from fastapi import Request, Response

from pytake_cli.errors import Stale, VersionNeeded


def etag(present: Any, version: int | None = None) -> str:
    """`"17"` for what has a version, else a digest of its JSON."""
    if version is not None:
        return f'"{version}"'
    plain = orjson.dumps(present, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return f'"{hashlib.sha256(plain).hexdigest()[:20]}"'


def tag(response: Response, present: Any, version: int | None = None) -> None:
    """Says in the answer which version of the thing it is."""
    response.headers["etag"] = etag(present, version)


def guard(request: Request, present: Any, version: int | None = None, *, needed: bool = True) -> None:
    """Refuses a change that does not name the version it changes, or names an older one; `*` takes any.

    Not `needed` where one replaces the whole of what is one's own: there only an older version is refused.
    """
    wanted = request.headers.get("if-match")
    if wanted is None:
        if not needed:
            return
        raise VersionNeeded(
            "PT-VERSION-NEEDED",
            "a change has to say which version it changes",
            fix="If-Match with the ETag of the answer to GET",
        )
    given = {each.strip().removeprefix("W/") for each in wanted.split(",")}
    if "*" in given or etag(present, version) in given:
        return
    raise Stale(
        "PT-VERSION",
        "somebody else has changed it since you read it",
        fix="read it again, and change that",
        present=orjson.loads(orjson.dumps(present, default=str, option=orjson.OPT_NON_STR_KEYS)),
    )
