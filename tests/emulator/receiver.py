"""A webhook receiver on a socket, as a test's stand-in for the daemon: answers the handshake, keeps what it gets."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from types import TracebackType
from typing import Any

import orjson
from aiohttp import web

from pytake_cli.emulator import defaults
from pytake_cli.emulator.server import make_request
from tests.kit.patience import PATIENCE


class Receiver:
    """`url` takes webhooks; `bodies` are the raw ones, `changes` what was in them, in order of arrival."""

    def __init__(self, *, secret: str = defaults.APP_SECRET, verify_token: str = defaults.VERIFY_TOKEN) -> None:
        self.secret, self.verify_token = secret, verify_token
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.bad_signatures = 0
        self.answers: list[int] = []  # statuses for the next POSTs; 200 when empty
        self.slow = 0.0  # seconds before each answer
        self.handshakes = 0
        self.url = ""
        self._arrived = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Receiver:
        self._runner = web.ServerRunner(
            web.Server(self._handle, request_factory=make_request, access_log=None), shutdown_timeout=0.2
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/webhooks/whatsapp"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            self.handshakes += 1
            right = request.query.get("hub.verify_token") == self.verify_token
            return web.Response(text=request.query["hub.challenge"] if right else "no", status=200 if right else 403)
        body = await request.read()
        expected = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        if request.headers.get("X-Hub-Signature-256") != expected:
            self.bad_signatures += 1
            return web.Response(status=401)
        if self.slow:
            await asyncio.sleep(self.slow)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            self._arrived.set()
        return web.Response(status=status)

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [change for body in self.bodies for entry in orjson.loads(body)["entry"] for change in entry["changes"]]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for change in self.changes for message in change["value"].get("messages", [])]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [status for change in self.changes for status in change["value"].get("statuses", [])]

    async def until(self, done: Callable[[], bool], timeout_seconds: float = 5.0) -> None:
        """Waits until `done()`; looks again whenever something arrives."""
        async with asyncio.timeout(timeout_seconds * PATIENCE):
            while not done():
                self._arrived.clear()
                try:
                    await asyncio.wait_for(self._arrived.wait(), 0.05)
                except TimeoutError:
                    pass
