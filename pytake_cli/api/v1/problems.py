"""Errors as application/problem+json, in the language of the request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytake_cli import log
from pytake_cli.api.asgi import Response, response
from pytake_cli.errors import AuthError, PytakeError, Stale, StoreUnavailable, TooOften
from pytake_cli.flow.problems import Problem
from pytake_cli.locale import _
from pytake_cli.slugs import SLUGS
from pytake_cli.telling import texts
from pytake_cli.text import clean

KIND = b"application/problem+json"


def content(error: PytakeError, problems: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """`{"type": "urn:pytake:PT-ROLE", "title": …, "status": 403, "slug": …, "detail": …, "why": …, "fix": …, …}`."""
    message, why, fix = texts(error)
    values = {name: value for name, value in error.values.items() if value not in ("", None)}
    told: dict[str, Any] = {
        "type": f"urn:pytake:{error.slug}",
        "title": _(SLUGS[error.slug]) if error.slug in SLUGS else message,
        "status": error.http_status,
        "slug": error.slug,
        "detail": message,
        "why": why,
        "fix": fix,
        "values": json.loads(log.redact(json.dumps(values, default=str))),
    }
    of_file = [_flaw(each) for each in getattr(error, "problems", ()) if isinstance(each, Problem)]
    if problems or of_file:
        told["problems"] = [*problems, *of_file]
    if isinstance(error, Stale):
        told["present"] = error.present
    return told


def _flaw(problem: Problem) -> dict[str, str]:
    """A mistake of a flow, campaign or template file, by its place."""
    at = f"{problem.line}:{problem.column}" if problem.line else problem.path
    return {"at": at, "says": clean(problem.sentence)}


def headers(error: PytakeError) -> dict[str, str]:
    if isinstance(error, AuthError):
        return {"www-authenticate": 'Bearer realm="pytake"'}
    if isinstance(error, TooOften):
        return {"retry-after": str(error.seconds)}
    if isinstance(error, StoreUnavailable):
        return {"retry-after": "5"}
    return {}


def answer_of(error: PytakeError) -> Response:
    """The whole answer for raw ASGI: for what is refused before FastAPI sees it."""
    lines = tuple((name.encode(), value.encode()) for name, value in headers(error).items())
    body = json.dumps(content(error), ensure_ascii=False).encode()
    return response(error.http_status, body, kind=KIND, headers=lines)
