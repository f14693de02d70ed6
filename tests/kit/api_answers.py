"""The API as screens meet it, at the transport: what each path answers, and what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from pytake_cli.tui.client import PREFIX, Client, Login

Answer = Any  # JSON, or (status, JSON), or a function of the request that returns one of them


@dataclass
class FakeApi:
    """`api.on["GET /campaigns"] = {"items": […]}`; what nobody wrote down is a 404."""

    on: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)  # method, path, body

    def client(self, language: str = "en") -> Client:
        client = Client("http://127.0.0.1:9", Login("token"), language=language)
        transport = httpx.MockTransport(self._answer)
        client._http = httpx.AsyncClient(base_url=client.url + PREFIX, transport=transport)
        return client

    def bodies(self, method: str, path: str) -> list[Any]:
        """What was sent there."""
        return [body for asked, where, body in self.asked if (asked, where) == (method, path)]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(PREFIX)
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, path, body))
        found = self.on.get(f"{request.method} {path}", (404, {"slug": "PT-NOT", "detail": f"nothing at {path}"}))
        if isinstance(found, Callable):  # type: ignore[arg-type]
            found = found(request)
        status, answer = found if isinstance(found, tuple) else (200, found)
        if isinstance(answer, bytes):
            return httpx.Response(status, content=answer)
        headers = {"Content-Type": "application/problem+json" if status >= 400 else "application/json"}
        return httpx.Response(status, content=json.dumps(answer), headers=headers)
