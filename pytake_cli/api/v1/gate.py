"""The gate of the API, ahead of FastAPI: how often, how large, from which origin, in which language.

Webhooks do not come through here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pytake_cli import clock, locale
from pytake_cli.api.asgi import App, Receive, Scope, Send, answer, header, response
from pytake_cli.api.v1 import problems
from pytake_cli.api.v1.office import Office
from pytake_cli.api.visitors import group
from pytake_cli.errors import PytakeError, TooLarge, UsageError

# Paths that take bodies as large as media are; they are not read into memory.
UPLOADS = ("/api/v1/media", "/api/v1/contacts/imports", "/api/v1/contacts/imports/plan")
UPLOAD_SECONDS = 300.0
METHODS = b"GET, POST, PUT, PATCH, DELETE"
ASKED = b"authorization, content-type, if-match, idempotency-key, accept-language, x-pytake-org"
SHOWN = b"etag, idempotent-replayed, retry-after"
SECURITY = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")


class Gate:
    """Lets a request in to `inner`, or answers it."""

    def __init__(self, office: Office, inner: App) -> None:
        self._office = office
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        locale.speak(language(header(scope, b"accept-language") or b""))
        send = self._dressed(scope, send)
        visitor = group(self._office.proxies.client(scope))
        scope["pytake.visitor"] = visitor
        try:
            await self._office.limits.came(visitor, bearer(scope), clock.monotonic())
            if scope["method"] == "OPTIONS":
                return await answer(send, response(204))
            limit = self._check(scope)
        except PytakeError as error:
            return await answer(send, problems.answer_of(error))
        if scope["path"] in UPLOADS:
            _allow_upload(scope, limit)
        return await self._inner(scope, _Counted(receive, limit), send)

    def _check(self, scope: Scope) -> int:
        """Refuses what no handler should see; returns how many bytes the body may have."""
        office = self._office
        if header(scope, b"content-encoding"):
            raise UsageError(
                "PT-API-ENCODING", "bodies are taken as they are, not compressed", fix="no Content-Encoding"
            )
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise UsageError("PT-API-NUL", "the address holds a NUL character", fix="the address without %00")
        limit = office.most_upload_bytes if scope["path"] in UPLOADS else office.most_body_bytes
        length = header(scope, b"content-length") or b"0"
        if not length.isdigit() or len(length) > 12 or int(length) > limit:
            raise _too_large(limit)
        return limit

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """Adds the security headers and, for an origin that is allowed by name, those of CORS."""
        lines = [*SECURITY, HSTS] if self._office.tls else list(SECURITY)
        origin = header(scope, b"origin") or b""
        if origin and origin.decode("latin-1") in self._office.origins:
            lines += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", SHOWN),
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", ASKED),
                (b"access-control-max-age", b"600"),
            ]
        lines.append((b"vary", b"origin, accept-language"))
        connection = scope.get("pytake.connection")

        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                own = [line for line in lines if line[0] not in there]
                if connection is not None and connection.is_reading:
                    own.append((b"connection", b"close"))  # nobody reads the rest of this request
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        return dressed


class _Counted:
    """The body as it comes in; what is longer than its length said, or than is read, ends the request."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self._limit = limit

    async def __call__(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _too_large(self._limit)
        return message


def bearer(scope: Scope) -> bytes:
    """The token of `Authorization: Bearer …`; empty when there is none."""
    scheme, _, token = (header(scope, b"authorization") or b"").partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def language(accepted: bytes) -> str:
    """The first language of Accept-Language that is ours; empty if none is."""
    for each in accepted.decode("latin-1").lower().split(",")[:20]:
        name = each.partition(";")[0].strip()
        if name.startswith("pt"):
            return "pt-BR"
        if name.startswith("en"):
            return "en"
    return ""


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        "PT-API-SIZE",
        "the body is larger than {bytes} bytes",
        fix="pytake config explain serve.max_body_bytes",
        bytes=limit,
    )


def _allow_upload(scope: Scope, limit: int) -> None:
    """A file takes longer, and has more bytes, than the connection allows others."""
    connection = scope.get("pytake.connection")
    if connection is not None:
        connection.most_bytes = limit + 1024 * 1024  # more than is read ahead: whoever counts the body says so first
        connection.deadline = max(connection.deadline, asyncio.get_running_loop().time() + UPLOAD_SECONDS)
