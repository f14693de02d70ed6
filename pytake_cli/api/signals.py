"""The door for signals: `POST /api/v1/flows/signals/{token}?name=paid` with JSON, or with nothing, as the value.

The token is all that is asked for, so wrong ones are counted by address, and no answer tells more than that.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import orjson

from pytake_cli import clock
from pytake_cli.api.asgi import Receive, Response, Scope, Send, answer, header, response
from pytake_cli.api.visitors import Limit, Proxies, group
from pytake_cli.errors import Conflict, NotFound, StoreUnavailable

ROOT = "/api/v1/flows/signals/"
_PATH = re.compile(r"/api/v1/flows/signals/([A-Za-z0-9_-]{1,64})")
_NAME = re.compile(r"[A-Za-z0-9_-]{0,40}")
_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
MOST_BYTES = 16 * 1024  # of a value
MOST_DEPTH = 32  # levels
MOST_WRONG = 10  # tokens a minute and address that are answered 404; more get 429
MOST_SIGNALS = 120  # a minute and address

_JSON = b"application/json"
TAKEN = response(200, b'{"status":"taken"}\n', kind=_JSON)
KNOWN = response(200, b'{"status":"known"}\n', kind=_JSON)
BAD_REQUEST = response(400, close=True)
NOT_FOUND = response(404, close=True)
METHOD = response(405, close=True, headers=((b"allow", b"POST"),))
CONFLICT = response(409)
TOO_LARGE = response(413, close=True)
TOO_MANY = response(429, close=True, headers=((b"retry-after", b"60"),))
UNAVAILABLE = response(503, headers=((b"retry-after", b"5"),))

Give = Callable[[str, str, Any, str], Awaitable[bool]]


class Signals:
    """`give` gets token, name, value and what makes it the same signal; False when it was given before."""

    def __init__(self, give: Give, proxies: Proxies) -> None:
        self._give = give
        self._proxies = proxies
        self._wrong = Limit(MOST_WRONG)
        self._all = Limit(MOST_SIGNALS)
        self.refused: Counter[str] = Counter()  # reason -> requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _PATH.fullmatch(scope["path"])
        if path is None:
            return await self._refuse(send, NOT_FOUND, "path")
        if scope["method"] != "POST":
            return await self._refuse(send, METHOD, "method")
        visitor, now = group(self._proxies.client(scope)), clock.monotonic()
        if self._all.exceeded(visitor, now):
            return await self._refuse(send, TOO_MANY, "rate")
        name = _name(scope)
        if name is None:
            return await self._refuse(send, BAD_REQUEST, "name")
        body = await _body(scope, receive)
        if body is None:
            return await self._refuse(send, TOO_LARGE, "size")
        try:
            value = _value(body)
        except ValueError:
            return await self._refuse(send, BAD_REQUEST, "json")
        return await self._hand_on(send, path[1], name, value, _cause(scope), visitor)

    async def _hand_on(self, send: Send, token: str, name: str, value: Any, cause: str, visitor: str) -> None:
        try:
            given = await self._give(token, name, value, cause)
        except NotFound:
            if self._wrong.exceeded(visitor, clock.monotonic()):
                return await self._refuse(send, TOO_MANY, "rate")
            return await self._refuse(send, NOT_FOUND, "token")
        except Conflict:
            return await self._refuse(send, CONFLICT, "not waiting")
        except StoreUnavailable:
            return await self._refuse(send, UNAVAILABLE, "unavailable")
        return await answer(send, TAKEN if given else KNOWN)

    async def _refuse(self, send: Send, messages: Response, reason: str) -> None:
        self.refused[reason] += 1
        await answer(send, messages)


def _name(scope: Scope) -> str | None:
    """The signal's name; empty: the one that is waited for. None when it is no name."""
    try:
        query = parse_qs(scope["query_string"].decode("ascii"), max_num_fields=20)
    except ValueError:
        return None
    names = query.get("name", [""])
    return names[0] if len(names) == 1 and _NAME.fullmatch(names[0]) else None


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None when it is too large, packed, or cut off."""
    length = header(scope, b"content-length") or b"0"
    if header(scope, b"content-encoding") or len(length) > 9 or int(length) > MOST_BYTES:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message["body"]
        if len(body) > MOST_BYTES:
            return None
        if not message["more_body"]:
            return bytes(body)


def _value(body: bytes) -> Any:
    """The JSON of a body, None for an empty one; ValueError for what is none, too deep, or no database could hold."""
    if not body.strip():
        return None
    if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > 4096:
        raise ValueError("no value that is kept")
    value = orjson.loads(body)
    if _depth(value) > MOST_DEPTH:
        raise ValueError("nested too deep")
    return value


def _depth(value: Any, level: int = 0) -> int:
    if level > MOST_DEPTH or not isinstance(value, dict | list):
        return level
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(each, level + 1) for each in inner), default=level)


def _cause(scope: Scope) -> str:
    """What makes it the same signal as another: the sender's own key, else nothing does."""
    for name in (b"idempotency-key", b"webhook-id"):
        key = header(scope, name)
        if key and _KEY.fullmatch(key):
            return hashlib.sha256(key).hexdigest()[:32]
    return clock.new_id()
