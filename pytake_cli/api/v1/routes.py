"""How routers are made: their bodies read strictly, their errors documented, their answers kept for a repeated key."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from pytake_cli.api.v1.gate import UPLOADS


def _within_reason(given: datetime) -> datetime:
    if not EARLIEST <= given <= LATEST:
        raise ValueError("a moment between the years 2000 and 2100")
    return given


EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
Text = Annotated[str, Field(max_length=200)]


class Body(BaseModel):
    """What a request's body is read into: whatever is not named is refused."""

    model_config = ConfigDict(extra="forbid")


class Flaw(BaseModel):
    """One thing that is wrong with a request: `{"at": "body.name", "says": "…"}`."""

    at: str
    says: str


class Problem(BaseModel):
    """An error, as application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    slug: str
    detail: str
    why: str = ""
    fix: str = ""
    values: dict[str, Any] = {}
    problems: list[Flaw] = []
    present: Any = None


_STATUSES = (400, 401, 403, 404, 406, 409, 412, 413, 422, 428, 429, 500, 502, 503)
_PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
RESPONSES: dict[int | str, dict[str, Any]] = {status: {"description": "An error", **_PROBLEM} for status in _STATUSES}


class _Read(Request):
    """A request whose JSON has no NaN, no lone surrogates and no NUL characters."""

    async def json(self) -> Any:
        body = await self.body()
        found = orjson.loads(body)
        if b"\\u0000" in body and _has_nul(found):
            raise json.JSONDecodeError("a text holds a NUL character", "", 0)
        return found


class Route(APIRoute):
    """A route of ours."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request = _Read(request.scope, request.receive)
            is_post = request.method == "POST" and request.scope["path"] not in UPLOADS
            request.state.body = await request.body() if is_post else b""
            try:
                response = await inner(request)
            except Exception:
                await _end(request, None)
                raise
            await _end(request, response)
            return response

        return handle


async def _end(request: Request, response: Response | None) -> None:
    """Keeps the answer of a request with an idempotency key, or frees the key when it came to nothing."""
    here = getattr(request.state, "here", None)
    if here is None or here.once is None:
        return
    if response is None or response.status_code >= 400:
        await run_in_threadpool(here.once.undone)
    else:
        body = orjson.loads(response.body) if response.body else None
        await run_in_threadpool(here.once.answered, response.status_code, body)


def router(tag: str, prefix: str | None = None) -> APIRouter:
    """A router of one noun."""
    return APIRouter(prefix=f"/{tag}" if prefix is None else prefix, tags=[tag], route_class=Route, responses=RESPONSES)


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\x00" in value
        case list():
            return any(map(_has_nul, value))
        case dict():
            return any(_has_nul(each) for pair in value.items() for each in pair)
        case _:
            return False
