"""A server on loopback that answers as a test wants and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

Answer = web.StreamResponse | dict[str, Any] | None
Handler = Callable[["Asked", web.Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Server:
    """`answer` is given every request; None closes the connection without a word, a dict is sent as JSON."""

    answer: Handler
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=200 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {key.lower(): value for key, value in request.headers.items()}
        asked = Asked(request.method, request.path, dict(request.query), headers, await request.read())
        self.asked.append(asked)
        answer = await self.answer(asked, request)
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.json_response(body=orjson.dumps(answer)) if isinstance(answer, dict) else answer


def always(answer: dict[str, Any] | bytes, status: int = 200, **headers: str) -> Handler:
    """The same answer to everything."""

    async def handler(_asked: Asked, _request: web.Request) -> Answer:
        body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named, content_type="application/json")

    return handler


def in_turn(*answers: Answer | Callable[[], Answer]) -> Handler:
    """One answer after the other; the last again and again."""
    left = list(answers)

    async def handler(_asked: Asked, _request: web.Request) -> Answer:
        found = left.pop(0) if len(left) > 1 else left[0]
        return found() if callable(found) else found

    return handler


def refusal(code: int, status: int = 400, **more: Any) -> web.Response:
    """Meta's error body."""
    error = {"message": f"(#{code}) refused", "type": "OAuthException", "code": code, "fbtrace_id": "Az8or2y", **more}
    return web.json_response({"error": error}, status=status)


def run(work: Awaitable[Any]) -> Any:
    """Runs to the end on an event loop of its own."""

    async def within() -> Any:
        return await asyncio.wait_for(work, 30)

    return asyncio.run(within())
