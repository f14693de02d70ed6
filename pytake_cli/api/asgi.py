"""The few ASGI words that the raw routes use: scopes, answers, refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Response = tuple[dict[str, Any], dict[str, Any]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")
_TEXT = b"text/plain; charset=utf-8"


def response(
    status: int, body: bytes = b"", *, kind: bytes = _TEXT, close: bool = False, headers: tuple[Any, ...] = ()
) -> Response:
    """The two messages of a whole answer; `close` ends the connection after it."""
    lines = [(b"content-length", str(len(body)).encode()), _NOSNIFF, *headers]
    if body:
        lines.append((b"content-type", kind))
    if close:
        lines.append(_CLOSE)
    return (
        {"type": "http.response.start", "status": status, "headers": lines},
        {"type": "http.response.body", "body": body},
    )


async def answer(send: Send, messages: Response) -> None:
    """Sends an answer made by `response`."""
    await send(messages[0])
    await send(messages[1])


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header, or None when it is missing; two of the same name count as one wrong value."""
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            found = value if found is None else found + b"," + value
    return found
