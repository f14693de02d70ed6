"""The emulator as a server on a socket: `async with Emulator(config) as emulator: emulator.url`."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Any

from aiohttp import web

from pytake_cli.emulator.config import Config
from pytake_cli.emulator.control.api import Control
from pytake_cli.emulator.surface import Surface
from pytake_cli.emulator.world import World

log = logging.getLogger(__name__)
HORIZON = 60.0  # seconds of the emulator's clock that settle() looks ahead
MAX_BODY = 105 * 1024 * 1024  # bytes; documents may have 100 MB


def make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request that may be as large as Meta's largest document."""
    return web.BaseRequest(
        message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=MAX_BODY
    )


class Emulator:
    """A local WhatsApp Cloud API. `world` is its state, for tests that run it in their own process."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.world = World(self.config)
        self.url = ""
        self._control = Control(self.world)
        self._surface = Surface(self.world)
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        server = web.Server(self._handle, request_factory=make_request, access_log=None, keepalive_timeout=75.0)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = self.world.base_url = f"http://{host}:{port}"
        await self.world.webhooks.start()
        self.world.timeline.start()
        if self.world.subscriptions.callback_url:
            self.world.webhooks.lane(self.world.subscriptions.callback_url)
        log.info("emulator started", extra={"url": self.url, "seed": self.world.seed})

    async def stop(self) -> None:
        self.world.timeline.stop()
        await self.world.webhooks.stop()
        self.world.recorder.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Emulator:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def settle(self, timeout_seconds: float = 5.0) -> None:
        """Waits until every webhook is delivered and no timer is due soon; the ends of pauses are not waited for."""
        async with asyncio.timeout(timeout_seconds):
            while self.world.timeline.busy(HORIZON) or not self.world.webhooks.idle():
                await asyncio.sleep(0.005)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path.startswith("/_emulator"):
            return await self._control.answer(request)
        return await self._surface.answer(request)
