"""A peer with a shop's conversations, and the inbox in front of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from pytake_cli.tui.app import InboxApp
from pytake_cli.tui.client import Client, Login
from pytake_cli.tui.options import Options
from pytake_cli.tui.screens.inbox import InboxScreen
from pytake_cli.tui.screens.inbox_guard import HURRIED_SECONDS, LETTERS
from tests.kit.fake_api import TOKEN, FakeApi
from tests.kit.fake_world import World
from tests.kit.patience import PATIENCE


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("TERM", "xterm-256color")
    with FakeApi(World(40)) as running:
        yield running


class Seat:
    """An agent in front of the inbox."""

    def __init__(self, app: InboxApp, pilot: Pilot[Any], api: FakeApi) -> None:
        self.app, self.pilot, self.api = app, pilot, api
        self._pressed_at = 0.0

    @property
    def screen(self) -> InboxScreen:
        for screen in self.app.screens_open():
            if isinstance(screen, InboxScreen):
                return screen
        raise AssertionError("the inbox is not open")

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def press(self, *keys: str) -> None:
        """Presses keys as a hand does that means commands: what is hurried is taken for words."""
        await self.pilot.pause(max(0.0, self._pressed_at + HURRIED_SECONDS / (LETTERS - 1) - time.monotonic()))
        await self.pilot.press(*keys)
        self._pressed_at = time.monotonic()

    async def until(self, holds: Callable[[], Any], seconds: float = 8.0) -> None:
        """Waits until something holds."""
        end = time.monotonic() + seconds * PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"it did not happen within {seconds:g} s:\n{self.text()}")
            await self.pilot.pause(0.02)

    async def until_shown(self, text: str, seconds: float = 8.0) -> None:
        await self.until(lambda: text in self.text(), seconds)

    async def choose(self, id_: int) -> None:
        """Puts the cursor on a conversation and waits until it is open."""
        self.screen.talks.choose(id_)
        await self.until(lambda: self.screen.open and self.screen.open.id == id_ and self.screen.chat.items)


@asynccontextmanager
async def seat(api: FakeApi, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Seat]:
    """The inbox, opened on all conversations."""
    client = Client(api.url, Login(TOKEN))
    app = InboxApp(client, Options(**{"view": "all", **options}))
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            here = Seat(app, pilot, api)
            await here.until(lambda: here.screen.talks.rows and here.app.me and here.screen.open)
            yield here
    finally:
        await client.close()


def run(work: Any) -> None:
    """Runs a test's coroutine."""
    asyncio.run(work)
