"""`/api/v1/live`: the live wire. The token comes in the first frame; then events go out, and presence comes in.

    -> {"token": "…", "cursor": 123, "topics": ["*"]}          within 5 s; "org": "loja" for super administrators;
                                                                "rows": true tells what became of conversations, too
    <- {"type": "ready", "cursor": 123, "latest": 130, "missed": 7, "now": "…Z", "viewers": […]}
    <- {"type": "event", "id": 124, "kind": "message:new", "at": "…Z", "conversation": 5008, "payload": {…}}
    <- {"type": "rows", "rows": [{"id": 5008, "version": 17, "status": "open", …}, …]}
    <- {"type": "timeline", "conversation": 5008, "through": 124, "items": [{"id": "m81", …}, …]}
            before the events: what these made of conversations, and the end of the one that is viewed
    <- {"type": "beat", "now": "…Z", "cursor": 130}             every 10 s
    -> {"type": "viewing", "conversation": 5008 | null}         true until something else is said
    -> {"type": "typing", "conversation": 5008, "mode": "reply" | "note" | null}    again every 5 s
    <- {"type": "event", "kind": "agent:typing", "conversation": 5008,
        "payload": {"user": {"id": 3, "name": "bia"}, "mode": "reply", "until": "…Z" | null}}     null: no longer
    -> {"type": "token", "token": "…"}                          a fresh one, before the first expires

`ready.cursor` is where the events that follow go on from: the client's own, or, with `"gap": true`, the present one;
then everything has to be read anew. What has no id (`agent:typing`, `agent:viewing`, `campaign:progress`) is told once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from pytake_cli import clock
from pytake_cli.api.asgi import Receive, Scope, Send, header
from pytake_cli.api.frames import (
    BAD_FRAME,
    FORBIDDEN,
    LOGIN,
    NO_LOGIN_IN_TIME,
    STORE_AWAY,
    TOO_FAST,
    Goodbye,
)
from pytake_cli.api.live_socket import FRAMES, LiveSocket
from pytake_cli.api.v1.office import Office, Principal
from pytake_cli.api.v1.reads import Reads
from pytake_cli.api.visitors import group
from pytake_cli.errors import AuthError, PytakeError, StoreUnavailable, TooOften
from pytake_cli.policy.live import Interest, NotAllowed, UnknownTopic, interest

if TYPE_CHECKING:
    from pytake_cli.daemon.live import Hub, Listener

PROTOCOL = "pytake.v1"
LOGIN_SECONDS = 5.0
CHECK_SECONDS = 2.0  # a session that was ended hears nothing after this and what the look takes
MOST_A_SECOND = 20  # messages of a client
LARGEST_ID = 2**63 - 1


class Live:
    """The ASGI app of the live wire; it takes only WebSockets."""

    def __init__(self, hub: Hub, office: Office) -> None:
        self._hub = hub
        self._office = office
        self._threads = ThreadPoolExecutor(2, "live-login")  # tokens cost time that other threads need

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return None
        origin = header(scope, b"origin")
        if origin is not None and origin.decode("latin-1") not in self._office.origins:
            return await send({"type": "websocket.close"})  # before it is accepted: 403
        offered = scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None})
        socket: LiveSocket = scope["pytake.connection"]
        who = partial(self._who, group(self._office.proxies.client(scope)))
        try:
            await Visit(self._hub, who, socket, receive, send).last(self._office.reads)
        except Goodbye as goodbye:
            socket.end(goodbye.code, goodbye.reason)

    async def _who(self, visitor: str, token: str, org: str) -> Principal:
        """Logs in; a login that is not known to be good counts as a request of a stranger."""
        office, bearer = self._office, token.encode("utf-8", "surrogatepass")
        await office.limits.came(visitor, bearer, clock.monotonic())
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, office.sign_in, office.store, token, org, clock.now())
        except AuthError:
            office.limits.refused(bearer)
            raise
        office.limits.knows(bearer, clock.monotonic())
        return found


class Visit:
    """One client, from its login until it goes or is sent away."""

    def __init__(
        self,
        hub: Hub,
        who: Callable[[str, str], Awaitable[Principal]],
        socket: LiveSocket,
        receive: Receive,
        send: Send,
    ) -> None:
        self._hub = hub
        self._who = who
        self._socket = socket
        self._receive = receive
        self._send = send
        self._token = self._org = ""
        self._topics: list[str] = []
        self._allowance, self._asked_at = float(MOST_A_SECOND), clock.monotonic()

    async def last(self, reads: Reads | None = None) -> None:
        """Returns when the client is gone; raises Goodbye when it has to go."""
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                hello = await self._message()
        except TimeoutError:
            raise Goodbye(NO_LOGIN_IN_TIME, "no login in time") from None
        if hello is None:
            return
        self._token, self._org = _text(hello, "token"), _text(hello, "org", "")
        self._topics = _topics(hello)
        principal = await self._login()
        self._socket.known()
        rows = hello.get("rows") is True
        listener = await self._hub.join(principal, self._interest(principal), _cursor(hello), rows=rows)
        if reads is not None and principal.may("conversations:read"):
            reads.note(principal, "live.joined", "", clock.now())  # what customers write comes over this wire
        tasks = [
            asyncio.ensure_future(work) for work in (self._hear(listener), self._tell(listener), self._check(listener))
        ]
        try:
            done, _ = await asyncio.wait([*tasks, listener.over], return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in tasks:
                task.cancel()
            self._hub.leave(listener)
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _login(self) -> Principal:
        try:
            return await self._who(self._token, self._org)
        except AuthError as error:
            raise Goodbye(LOGIN, error.slug) from None
        except TooOften as error:
            raise Goodbye(TOO_FAST, error.slug) from None
        except StoreUnavailable:
            raise Goodbye(STORE_AWAY, "PT-STORE") from None
        except PytakeError as error:
            raise Goodbye(FORBIDDEN, error.slug) from None

    def _interest(self, principal: Principal) -> Interest:
        try:
            return interest(self._topics, principal.may)
        except UnknownTopic:
            raise Goodbye(BAD_FRAME, "unknown topic") from None
        except NotAllowed as missing:
            raise Goodbye(FORBIDDEN, f"lacks {missing}") from None

    async def _hear(self, listener: Listener) -> None:
        """What the client says, until it is gone."""
        while (message := await self._message()) is not None:
            match message.get("type"):
                case "viewing":
                    await self._hub.viewing(listener, _conversation(message, may_be_none=True))
                case "typing":
                    mode = message.get("mode")
                    if mode not in ("reply", "note", None):
                        raise Goodbye(BAD_FRAME, "unknown mode")
                    await self._hub.typing(listener, _conversation(message) or 0, mode)
                case "token":
                    await self._renew(listener, _text(message, "token"))
                case "pong":
                    pass  # it lives, which is all that it says
                case _:
                    raise Goodbye(BAD_FRAME, "unknown type")

    async def _tell(self, listener: Listener) -> None:
        """Everything that is queued goes out, as much at once as there is."""
        while True:
            await self._send({"type": FRAMES, "data": await listener.take()})

    async def _check(self, listener: Listener) -> None:
        """Looks whether the login still holds, and what it allows now."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                principal = await self._login()
            except Goodbye as goodbye:
                if goodbye.code == STORE_AWAY:
                    continue  # nobody can say; nothing comes out of the store either
                raise
            self._become(listener, principal)

    async def _renew(self, listener: Listener, token: str) -> None:
        before, self._token = self._token, token
        try:
            self._become(listener, await self._login())
        except Goodbye:
            self._token = before
            raise

    def _become(self, listener: Listener, principal: Principal) -> None:
        """Takes over another role; another person or organisation is another connection."""
        known = listener.principal
        if (principal.org_id, principal.user_id) != (known.org_id, known.user_id):
            raise Goodbye(FORBIDDEN, "another login")
        if principal.permissions != known.permissions:
            listener.become(principal, self._interest(principal))

    async def _message(self) -> dict[str, Any] | None:
        """The next message; None when the client is gone, Goodbye when it is no JSON object, or comes too soon."""
        raw = await self._receive()
        if raw["type"] != "websocket.receive":
            return None
        now = clock.monotonic()
        self._allowance = min(MOST_A_SECOND, self._allowance + (now - self._asked_at) * MOST_A_SECOND) - 1
        self._asked_at = now
        if self._allowance < 0:
            raise Goodbye(TOO_FAST, "too many messages")
        try:
            message = orjson.loads(raw.get("text") or b"")
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise Goodbye(BAD_FRAME, "no JSON object")
        return message


def _text(message: dict[str, Any], name: str, default: str | None = None) -> str:
    value = message.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or len(value) > 4096:
        raise Goodbye(BAD_FRAME, f"no {name}")
    return value


def _topics(message: dict[str, Any]) -> list[str]:
    topics = message.get("topics", ["*"])
    if not isinstance(topics, list) or not topics or not all(isinstance(each, str) for each in topics):
        raise Goodbye(BAD_FRAME, "no topics")
    return topics


def _cursor(message: dict[str, Any]) -> int | None:
    return _whole(message.get("cursor"), "cursor")


def _conversation(message: dict[str, Any], *, may_be_none: bool = False) -> int | None:
    found = _whole(message.get("conversation"), "conversation")
    if found is None and not may_be_none:
        raise Goodbye(BAD_FRAME, "no conversation")
    return found


def _whole(value: Any, name: str) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= LARGEST_ID:
        raise Goodbye(BAD_FRAME, f"no {name}")
    return value
