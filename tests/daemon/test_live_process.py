"""The live wire of the real daemon, with real logins: killed and restarted under an inbox that follows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from pytake_cli import clock
from pytake_cli.policy.live import interest
from pytake_cli.policy.permissions import ROLES, allows
from pytake_cli.services import principals, sessions
from pytake_cli.services.sessions import Grant
from pytake_cli.store import events
from pytake_cli.store.users import User
from tests.kit import bodies
from tests.kit.home import Home, running
from tests.kit.live_client import opened

KEY = "live-tests-sign-their-tokens-with-this-key"


@pytest.fixture
def shop(tmp_path: Path, empty_url: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("PYTAKE_SECRET_JWT_KEY", KEY)
    url = empty_url if database == "postgres" else None
    with running(tmp_path / "shop", store_url=url, settings={"PYTAKE_SECRET_JWT_KEY": KEY}) as home:
        yield home


def login(home: Home, *, now: Any = None, role: str = "AGENT") -> Grant:
    now = now or clock.now()
    with home.store() as store, store.write() as db:
        user = User(org_id=home.org_id, email=f"{clock.new_id()}@loja.com", name="ana", role=role, created_at=now)
        db.add(user)
        db.flush()
        return sessions.start(db, user, now)


class Follower:
    """An inbox as a person has it: it comes back with its cursor until it is told to stop."""

    def __init__(self, home: Home, token: str) -> None:
        self.home = home
        self.token = token
        self.heard: list[int] = []
        self.cursor: int | None = 0
        self.connections = self.gaps = 0

    async def run(self) -> None:
        while True:
            try:
                await self._follow()
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                await asyncio.sleep(0.05)

    async def _follow(self) -> None:
        async with opened(self.home.daemon.url, {"token": self.token, "cursor": self.cursor}) as inbox:
            ready = await inbox.ready()
            self.connections += 1
            self.gaps += bool(ready.get("gap"))
            self.cursor = ready["cursor"]
            while True:
                frame = json.loads(await inbox.socket.recv())
                if frame.get("id") is not None:
                    self.cursor = frame["id"]
                    self.heard.append(frame["id"])


HEARD = interest(["*"], lambda permission: allows(ROLES["AGENT"], permission)).kinds


def written(home: Home) -> list[int]:
    """The events that an agent may hear."""
    with home.store() as store, store.read() as db:
        return [row.id or 0 for row in events.after(db, 0, 100_000) if row.kind in HEARD]


def test_an_inbox_misses_nothing_and_hears_nothing_twice_when_the_daemon_is_killed(shop: Home) -> None:
    follower = Follower(shop, login(shop).access)

    async def go() -> None:
        following = asyncio.ensure_future(follower.run())
        for turn in range(3):
            for index in range(10):
                await asyncio.to_thread(shop.emulator.say, bodies.phone(index), f"{turn} {index}")
            await asyncio.sleep(0.1 * turn)
            await asyncio.to_thread(shop.daemon.kill)
            for index in range(3):  # they write while nobody is there: Meta tries again, and again
                await asyncio.to_thread(shop.emulator.say, bodies.phone(index), f"{turn} meanwhile {index}")
            await asyncio.to_thread(shop.daemon.up)
        async with asyncio.timeout(40):
            while True:
                idle, there = await asyncio.to_thread(shop.emulator.idle), await asyncio.to_thread(written, shop)
                if idle and len(there) >= 3 * 13 and follower.heard == there:
                    break
                await asyncio.sleep(0.3)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(go())
    assert follower.connections >= 2
    assert follower.gaps == 0


def test_a_login_that_ended_or_is_too_old_hears_nothing(shop: Home) -> None:
    granted = login(shop)
    old = login(shop, now=clock.now() - timedelta(minutes=16))

    async def go() -> None:
        async with opened(shop.daemon.url, {"token": old.access}) as inbox:
            assert await inbox.end() == (4401, "PT-AUTH")
        async with opened(shop.daemon.url, {"token": granted.access}) as inbox:
            await inbox.ready()

            def end() -> None:
                with shop.store() as store, store.write() as db:
                    who = principals.local(shop.org_id, granted.user_id)
                    sessions.end(db, who, granted.user_id, granted.session_id, clock.now())

            await asyncio.to_thread(end)
            async with asyncio.timeout(20.0):
                assert await inbox.end() == (4401, "PT-AUTH")

    asyncio.run(go())


def test_what_a_command_writes_is_heard_too(shop: Home) -> None:
    granted = login(shop, role="ORG_ADMIN")

    async def go() -> None:
        async with opened(shop.daemon.url, {"token": granted.access, "topics": ["incident"]}) as inbox:
            await inbox.ready()

            def write() -> None:
                with shop.store() as store, store.write() as db:
                    events.tell(db, shop.org_id, "incident", {"slug": "PT-X"}, clock.now())

            await asyncio.to_thread(write)
            assert (await inbox.event())["payload"] == {"slug": "PT-X"}

    asyncio.run(go())
