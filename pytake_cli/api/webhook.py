"""The door: Meta's webhooks, checked by size and signature over the raw bytes, answered once they are durable.

Raw ASGI, ahead of everything else; nothing is parsed here. The order is size, signature, journal, 200.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from pytake_cli import clock
from pytake_cli.api.asgi import Receive, Response, Scope, Send, answer, response
from pytake_cli.api.visitors import Limit, Proven, Proxies, group
from pytake_cli.errors import StoreUnavailable
from pytake_cli.whatsapp.signature import signed_by

log = logging.getLogger(__name__)

ROOT = "/webhooks/whatsapp"
_APP_PATH = re.compile(r"/webhooks/whatsapp/([A-Za-z0-9.-]{1,64})")
_CHALLENGE = re.compile(r"[0-9A-Za-z_-]{1,64}")
MOST_FAILURES = 10  # wrong signatures a minute and address that are answered 401; more get 429
MOST_HANDSHAKES = 10  # a minute and address
LARGE_BODY = 256 * 1024  # bytes; hashing more would hold up the event loop
MOST_UNFINISHED_BYTES = 64 * 1024 * 1024  # of all bodies that are still arriving

OK = response(200)
BAD_REQUEST = response(400, close=True)
UNAUTHORIZED = response(401)
FORBIDDEN = response(403)
NOT_FOUND = response(404, close=True)
METHOD = response(405, close=True, headers=((b"allow", b"GET, POST"),))
TOO_LARGE = response(413, close=True)
ENCODED = response(415, close=True)
TOO_MANY = response(429, close=True, headers=((b"retry-after", b"60"),))
UNAVAILABLE = response(503, headers=((b"retry-after", b"5"),))
OVERLOADED = response(503, close=True, headers=((b"retry-after", b"5"),))


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the door. The path without an app takes every app's secret; a path with one only that app's."""

    default: dict[str, str] = field(default_factory=dict, repr=False)  # secret -> app ("" for the global secret)
    by_app: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    verify_tokens: tuple[str, ...] = field(default=(), repr=False)
    metrics_token: str | None = field(default=None, repr=False)

    def secrets(self, app: str | None) -> dict[str, str]:
        return self.default if app is None else self.by_app.get(app, {})


class Door:
    """`put` gets the app and the raw body of each signed webhook and returns when it is durable."""

    def __init__(
        self,
        put: Callable[[str, bytes], Awaitable[None]],
        keys: Callable[[], Keys],
        *,
        max_body_bytes: int,
        proxies: Proxies,
        proven: Proven,
    ) -> None:
        self._put = put
        self._keys = keys
        self._max_body_bytes = max_body_bytes
        self._proxies = proxies
        self._proven = proven
        self._failures = Limit(MOST_FAILURES)
        self._handshakes = Limit(MOST_HANDSHAKES)
        self._unfinished_bytes = 0
        self._last_complaint = float("-inf")
        self._complaints = 0
        self.refused: Counter[str] = Counter()  # reason -> requests
        self.handshakes = 0  # answered rightly

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == ROOT:
            app = None
        elif match := _APP_PATH.fullmatch(path):
            app = match[1]
        else:
            return await answer(send, NOT_FOUND)
        method = scope["method"]
        if method == "POST":
            return await self._webhook(app, scope, receive, send)
        if method == "GET":
            return await self._handshake(app, scope, send)
        self.refused["method"] += 1
        return await answer(send, METHOD)

    async def _webhook(self, app: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        signature = length = b""
        for name, value in scope["headers"]:
            if name == b"x-hub-signature-256":
                signature = signature + b"," + value if signature else value
            elif name == b"content-length":
                length = value
            elif name == b"content-encoding":
                return await self._refuse(send, ENCODED, "encoding")
        if length and (len(length) > 12 or int(length) > self._max_body_bytes):
            return await self._refuse(send, TOO_LARGE, "size")
        body = await self._read(receive, send)
        if body is None:
            return None
        secrets = self._keys().secrets(app)
        if len(body) > LARGE_BODY:
            secret = await asyncio.to_thread(signed_by, signature, body, secrets)
        else:
            secret = signed_by(signature, body, secrets)
        if secret is None:
            return await self._unsigned(signature, scope, send)
        connection = scope.get("pytake.connection")
        if connection is not None and not connection.proven:
            connection.proven = True
            self._proven.add(group(connection.address), clock.monotonic())
        try:
            await self._put(secrets[secret], body)
        except StoreUnavailable:
            self.refused["unavailable"] += 1
            return await answer(send, UNAVAILABLE)
        return await answer(send, OK)

    async def _read(self, receive: Receive, send: Send) -> bytes | None:
        """The whole body, or None when the request is over: too large, too much at once, or gone."""
        message = await receive()
        if message["type"] == "http.request" and not message["more_body"]:
            body: bytes = message["body"]
            if len(body) <= self._max_body_bytes:
                return body
        parts = bytearray()
        try:
            while message["type"] == "http.request":
                parts += message["body"]
                self._unfinished_bytes += len(message["body"])
                if len(parts) > self._max_body_bytes:
                    await self._refuse(send, TOO_LARGE, "size")
                    return None
                if self._unfinished_bytes > MOST_UNFINISHED_BYTES:
                    await self._refuse(send, OVERLOADED, "overload")
                    return None
                if not message["more_body"]:
                    return bytes(parts)
                message = await receive()
            self.refused["cut"] += 1
            return None
        finally:
            self._unfinished_bytes -= len(parts)

    async def _unsigned(self, signature: bytes, scope: Scope, send: Send) -> None:
        client = self._proxies.client(scope)
        now = clock.monotonic()
        self._complaints += 1
        if now - self._last_complaint >= 1.0:
            given = signature[:15].decode("latin-1") if signature else ""  # sha256= and 8 digits
            log.warning("wrong signature", extra={"client": client, "given": given, "count": self._complaints})
            self._last_complaint, self._complaints = now, 0
        if self._failures.exceeded(group(client), now):
            return await self._refuse(send, TOO_MANY, "rate")
        return await self._refuse(send, UNAUTHORIZED, "signature")

    async def _handshake(self, app: str | None, scope: Scope, send: Send) -> None:
        if self._handshakes.exceeded(group(self._proxies.client(scope)), clock.monotonic()):
            return await self._refuse(send, TOO_MANY, "rate")
        try:
            query = parse_qs(scope["query_string"].decode("ascii"), max_num_fields=20)
        except ValueError:
            return await self._refuse(send, BAD_REQUEST, "handshake")
        challenge = query.get("hub.challenge", [""])
        if query.get("hub.mode") != ["subscribe"] or len(challenge) != 1 or not _CHALLENGE.fullmatch(challenge[0]):
            return await self._refuse(send, BAD_REQUEST, "handshake")
        given = query.get("hub.verify_token", [""])[0].encode()
        keys = self._keys()
        right = False
        for token in keys.verify_tokens:
            right |= hmac.compare_digest(hmac.digest(b"", given, "sha256"), hmac.digest(b"", token.encode(), "sha256"))
        if not right or (app is not None and not keys.secrets(app)):
            return await self._refuse(send, FORBIDDEN, "handshake")
        self.handshakes += 1
        log.info("webhook verified", extra={"app": app or ""})
        return await answer(send, response(200, challenge[0].encode()))

    async def _refuse(self, send: Send, messages: Response, reason: str) -> None:
        self.refused[reason] += 1
        await answer(send, messages)
