"""The API under /api/v1: a thin face of the services, behind one gate; FastAPI is imported when first asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytake_cli.api.asgi import App, Receive, Scope, Send
from pytake_cli.api.v1.gate import Gate

if TYPE_CHECKING:
    from pytake_cli.api.v1.office import Office

ROOT = "/api/v1"
THREADS = 8  # handlers that work at the same time; SQLite has one writer, and webhooks want their turn


def application(office: Office) -> App:
    """The ASGI app of everything under /api/v1; its routes are made at the first request, in a thread."""
    return Gate(office, _Late(office))


class _Late:
    """FastAPI with all routers costs most of a second to import, which neither webhooks nor a restart should pay."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._making: asyncio.Future[App] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._making is None:
            from anyio.to_thread import current_default_thread_limiter

            current_default_thread_limiter().total_tokens = THREADS
            self._making = asyncio.ensure_future(asyncio.to_thread(self._make))
        app = await asyncio.shield(self._making)
        await app(scope, receive, send)

    def _make(self) -> App:
        from pytake_cli.api.v1 import frame

        return frame.build(self._office)
