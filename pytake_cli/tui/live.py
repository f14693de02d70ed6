"""The live wire: a WebSocket that comes back by itself and goes on where it was."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytake_cli import clock
from pytake_cli.tui import rows, timeline
from pytake_cli.tui.client import PREFIX, Login, Unreachable
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import safe_json
from pytake_cli.tui.timeline import Item

PROTOCOL = "pytake.v1"
SILENCE_SECONDS = 22.0  # two beats of 10 s and a little
WAITS = (0.2, 0.5, 1.0, 2.0, 3.0, 5.0)  # seconds between attempts
LOGIN_AGAIN = 4401
LOGIN, RENEWED = "login", "renewed"  # of `Link.error`: somebody must log in again; a fresh token is tried at once
RENEWED_BEFORE_SECONDS = 60.0  # of the end of a token: the wire need not break for it


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: `kind` is one of the store's kinds, or agent:typing, agent:viewing, notification …"""

    id: int | None
    kind: str
    conversation: int | None
    payload: Json
    at: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection is. `since` is a monotonic time; `error` a slug or a close code when it does not come back."""

    state: str = "connecting"  # connecting, on, off
    since: float = 0.0
    attempt: int = 0
    error: str = ""

    @property
    def is_on(self) -> bool:
        return self.state == "on"


@dataclass(frozen=True, slots=True)
class Ready:
    """The first frame of a connection: `gap` means that too much was missed and lists have to be read again."""

    cursor: int
    gap: bool
    viewers: tuple[Json, ...]
    now: str


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the timeline of the conversation that is open, after the events up to `through`."""

    conversation: int
    through: int
    items: tuple[Item, ...]


class Live:
    """Follows the events: tells them to `on_event`, and before to `on_rows` and `on_tail` what became of conversations.

    `on_ready` is told every connection, `on_link` every change of it.
    """

    def __init__(
        self,
        url: str,
        login: Login,
        *,
        org: str | None = None,
        on_event: Callable[[Event], None],
        on_rows: Callable[[list[Row]], None],
        on_tail: Callable[[Tail], None],
        on_ready: Callable[[Ready], None],
        on_link: Callable[[Link], None],
    ) -> None:
        self._url = "ws" + url.removeprefix("http").rstrip("/") + PREFIX + "/live"
        self._login, self._org = login, org
        self._on_event, self._on_rows, self._on_tail = on_event, on_rows, on_tail
        self._on_ready, self._on_link = on_ready, on_link
        self._socket: Any = None
        self._hurry = asyncio.Event()
        self._pong: asyncio.Future[None] | None = None
        self._told_token: object = ""  # which one the server goes by
        self.cursor: int | None = None
        self.link = Link(since=time.monotonic())

    async def run(self) -> None:
        """Until cancelled."""
        from websockets.exceptions import WebSocketException

        attempt = 0
        while True:
            error = ""
            try:
                await self._connection()
            except asyncio.CancelledError:
                raise
            except (OSError, TimeoutError, ValueError, WebSocketException) as failure:
                error = str(_close_code(failure) or type(failure).__name__)
            attempt = 1 if self.link.is_on else attempt + 1
            if error == str(LOGIN_AGAIN):
                error = await self._renew()
            since = time.monotonic() if self.link.is_on else self.link.since
            self._tell(Link("off" if error == LOGIN else "connecting", since, attempt, error))
            await self._pause(WAITS[0 if error == RENEWED else min(attempt, len(WAITS)) - 1])

    async def _renew(self) -> str:
        """Gets another token; what to say of it."""
        if self.link.error == RENEWED:
            return str(LOGIN_AGAIN)  # the last one was no better: no hurry
        try:
            return RENEWED if await self._login.renewed(self._login.access) else LOGIN
        except Unreachable:
            return str(LOGIN_AGAIN)

    def hurry(self) -> None:
        """Tries again now."""
        self._hurry.set()

    async def say(self, frame: Json) -> None:
        """A frame to the server, dropped when there is no connection: only presence goes this way."""
        if self._socket is not None and self.link.is_on:
            from websockets.exceptions import ConnectionClosed

            try:
                await self._socket.send(json.dumps(frame))
            except ConnectionClosed:
                pass  # the reader sees it as well, and connects again

    async def _pause(self, seconds: float) -> None:
        self._hurry.clear()
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            pass

    async def _connection(self) -> None:
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol

        async with connect(
            self._url,
            subprotocols=[Subprotocol(PROTOCOL)],
            open_timeout=5,
            ping_interval=None,
            max_size=4 * 2**20,
            proxy=None,
        ) as socket:
            hello = {"token": self._login.access, "cursor": self.cursor, "topics": ["*"], "rows": True}
            await socket.send(json.dumps({**hello, **({"org": self._org} if self._org else {})}))
            self._socket, self._told_token = socket, hello["token"]
            try:
                while True:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        told = await socket.recv()
                    self._frame(json.loads(told))
            except asyncio.CancelledError:
                socket.transport.abort()  # the inbox is being left: nobody waits for a polite end
                raise
            finally:
                self._socket = None

    def _frame(self, raw: Json) -> None:
        match raw.get("type"):
            case "ready":
                self.cursor = raw.get("cursor")
                self._tell(Link("on", time.monotonic()))
                viewers = tuple(safe_json(each) for each in raw.get("viewers") or ())
                self._on_ready(Ready(self.cursor or 0, bool(raw.get("gap")), viewers, str(raw.get("now") or "")))
            case "event":
                event = _event(raw)
                if event.id is not None:
                    if self.cursor is not None and event.id <= self.cursor:
                        return  # told twice
                    self.cursor = event.id
                self._on_event(event)
            case "rows":
                self._on_rows([rows.row(each) for each in raw.get("rows") or ()])
            case "timeline":
                now = clock.now()
                items = tuple(timeline.item(each, now) for each in raw.get("items") or ())
                self._on_tail(Tail(int(raw["conversation"]), int(raw["through"]), items))
            case "beat":
                self._pong = asyncio.ensure_future(self._answer_beat())
            case _:
                pass  # something that this version does not know

    async def _answer_beat(self) -> None:
        login = self._login
        if login.ends_within(RENEWED_BEFORE_SECONDS):
            with suppress(Unreachable):  # there will be another beat
                await login.renewed(login.access)
        if login.access != self._told_token:
            self._told_token = login.access
            await self.say({"type": "token", "token": login.access})
        await self.say({"type": "pong"})

    def _tell(self, link: Link) -> None:
        self.link = link
        self._on_link(link)


def _event(raw: Json) -> Event:
    id_ = raw.get("id")
    payload = safe_json(raw.get("payload") or {})
    return Event(
        id_, str(raw.get("kind")), raw.get("conversation") or payload.get("conversation"), payload, str(raw.get("at"))
    )


def _close_code(failure: BaseException) -> int | None:
    received = getattr(failure, "rcvd", None)
    return getattr(received, "code", None)
