"""A small client of the live wire, and a hub with its socket in the test's own loop whose logins the test decides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from pytake_cli import clock
from pytake_cli.api.app import application
from pytake_cli.api.connection import Places
from pytake_cli.api.live import Live
from pytake_cli.api.server import Server
from pytake_cli.api.v1.limits import Limits
from pytake_cli.api.v1.office import Office
from pytake_cli.api.v1.reads import Reads
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.daemon.customer_typing import CustomerTyping
from pytake_cli.daemon.engine_local import LocalEngine
from pytake_cli.daemon.live import Hub
from pytake_cli.errors import AuthError
from pytake_cli.policy.permissions import ROLES
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store
from pytake_cli.whatsapp.client import Graph

SECONDS = 10.0  # that a test waits for something that has to come


class Inbox:
    """One connection: `await inbox.event("message:new")`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
        return frame

    async def ready(self) -> dict[str, Any]:
        frame = await self.frame()
        assert frame["type"] == "ready", frame
        return frame

    async def event(self, kind: str | None = None) -> dict[str, Any]:
        """The next event, or the next of that kind."""
        while True:
            frame = await self.frame()
            if frame["type"] == "event" and kind in (None, frame["kind"]):
                return frame

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [await self.event() for _ in range(count)]

    async def quiet(self, seconds: float = 0.4) -> None:
        """Asserts that no event comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                event = await self.event()
        except TimeoutError:
            return
        raise AssertionError(f"there came {event}")

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def end(self) -> tuple[int, str]:
        """Code and reason with which the server closes, after whatever else it says."""
        try:
            while True:
                await self.frame()
        except ConnectionClosed as closed:
            told = closed.rcvd
            assert told is not None, "the connection was cut without a word"
            return told.code, told.reason


@asynccontextmanager
async def opened(url: str, hello: dict[str, Any] | None, *, origin: str | None = None) -> AsyncIterator[Inbox]:
    """A connection that has said `hello`; None says nothing."""
    async with connect(
        f"{url.replace('http', 'ws', 1)}/api/v1/live",
        subprotocols=[Subprotocol("pytake.v1")],
        origin=Origin(origin) if origin else None,
        proxy=None,
        ping_interval=None,
        close_timeout=2,
        max_size=None,
    ) as socket:
        inbox = Inbox(socket)
        if hello is not None:
            await inbox.say(**hello)
        yield inbox


@dataclass
class House:
    """A daemon's live part: `people` are the tokens that are good. What is committed by `store` wakes the hub."""

    store: Store
    hub: Hub
    engine: LocalEngine
    places: Places
    url: str = ""
    people: dict[str, Principal] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)  # who looked at customers' data

    def sign_in(self, store: Store, token: str, org: str, now: datetime) -> Principal:
        if token not in self.people:
            raise AuthError("PT-API-LOGIN", "the API wants a login")
        return self.people[token]

    def employ(self, token: str, org_id: int, user_id: int, role: str = "AGENT") -> str:
        """Makes the token good for a user called like it."""
        self.people[token] = Principal(org_id, user_id, token, role, ROLES[role], "session")
        return token

    @asynccontextmanager
    async def inbox(self, token: str | None, **hello: Any) -> AsyncIterator[Inbox]:
        said = {"token": token, "cursor": None, "topics": ["*"], **hello} if token is not None else None
        async with opened(self.url, said) as inbox:
            yield inbox

    async def write(self, work: Callable[[Any], Any]) -> Any:
        """Does work in a transaction, in a thread as the daemon does."""

        def commit() -> Any:
            with self.store.write() as db:
                return work(db)

        return await asyncio.to_thread(commit)


async def no_graph(phone_number_id: str) -> Graph:
    raise AuthError("PT-TOKEN", "there is no token in tests")


@asynccontextmanager
async def house(
    store: Store,
    *,
    graph: Callable[[str], Awaitable[Graph]] = no_graph,
    origins: tuple[str, ...] = (),
    now: Callable[[], datetime] = clock.now,
    limits: Limits | None = None,
) -> AsyncIterator[House]:
    """A hub on a socket; everything of it is gone afterwards."""
    engine = LocalEngine()
    store.waker = engine
    proxies, proven = Proxies(), Proven()
    places = Places(proven=proven, proxies=proxies, idle_seconds=5.0, most_body_bytes=1024)
    hub = Hub(store, engine, CustomerTyping(store, graph), now=now)
    found = House(store, hub, engine, places)

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError(f"nobody asks for {scope['path']}")

    office = Office(store, found.sign_in, proxies, origins, reads=found.reads, limits=limits or Limits())
    server = Server(application(nothing, nothing, live=Live(hub, office)), places)
    found.url = await server.listen("127.0.0.1", 0, None)
    assert urlsplit(found.url).port
    works = (server.run(), hub.run(), hub.hints.run(), engine.run({"live": hub.handle}))
    parts = [asyncio.ensure_future(each) for each in works]
    try:
        yield found
    finally:
        await server.close(1.0)
        await engine.stop(1.0)
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await hub.close()
        store.waker = None
