"""Calls over HTTP for flows: guarded addresses, one deadline for everything, bounded bodies, few redirects.

Each call has a connection of its own: one that is kept may be closed by the other side just as a request goes out, and
then nobody knows whether it was heard.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpcore

from pytake_cli import clock, settings
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed
from pytake_cli.daemon.outside.network import GuardedNetwork, Resolve, look_up
from pytake_cli.errors import ConfigError
from pytake_cli.policy.addresses import Allowed, Refused, Target, read_url

MOST_SECONDS = 60.0  # for all tries together
MOST_REDIRECTS = 3
MOST_RETRIES = 5
MOST_HEADERS = 50
FIRST_WAIT_SECONDS = 0.5  # before the second try; doubled each time
MOST_CONNECTIONS = 100
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE = ("GET", "HEAD", "OPTIONS")  # change nothing, so they may be repeated and redirected
BUSY = (429, 502, 503, 504)  # the other side says that it did nothing
REDIRECTS = (301, 302, 303, 307, 308)
# Set by the connection, or by whoever stands between; a flow that could set them could speak for somebody else.
OURS = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
     "proxy-authorization", "proxy-connection", "forwarded", "x-forwarded-for", "x-forwarded-host", "accept-encoding",
     "idempotency-key")
)  # fmt: skip
HARMLESS = ("accept", "accept-language", "user-agent")  # what another host may see after a redirect
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MOST_HEADER_CHARS = 8192


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` are lower case and checked by `checked_headers`. Never shown: they hold secrets."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    timeout_seconds: float = 10.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status; the body is decoded and at most 256 KiB."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        match = re.search(r"charset=\"?([A-Za-z0-9_-]{1,40})", self.headers.get("content-type", ""))
        try:
            return self.body.decode(match[1] if match else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


def allowed() -> Allowed:
    """The hosts of `flows.http_allow`; raises ConfigError for what names none."""
    try:
        return Allowed(settings.current().flows.http_allow)
    except Refused as error:
        raise ConfigError(
            "PT-HTTP-ALLOW",
            "flows.http_allow names no host: {detail}",
            why="each entry is HOST or HOST:PORT, such as erp.lan or 127.0.0.1:8080",
            fix="pytake config explain flows.http_allow",
            detail=str(error),
        ) from None


class Web:
    """Calls out; one for the daemon. `resolve` looks names up."""

    def __init__(self, allowed: Allowed, resolve: Resolve = look_up) -> None:
        self._allowed = allowed
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=0,
            network_backend=GuardedNetwork(allowed, resolve),
        )

    async def close(self) -> None:
        await self._pool.aclose()

    def host(self, url: str) -> str:
        """The host that a URL names, as it would be called."""
        try:
            return read_url(url, self._allowed).host
        except Refused as error:
            raise Failed("refused", str(error)) from None

    async def fetch(self, request: Request) -> Answer:
        """The answer, whatever its status; Failed when there is none. Repeats only what cannot have been done."""
        seconds = min(request.timeout_seconds, MOST_SECONDS)
        end = clock.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._tries(request, end)
        except Refused as error:
            raise Failed("refused", str(error)) from None
        except TimeoutError:
            raise Failed("timeout", f"no whole answer within {seconds:g} s") from None

    async def _tries(self, request: Request, end: float) -> Answer:
        tried = 0
        while True:
            tried += 1
            last = tried > min(request.retries, MOST_RETRIES)
            asked = 0.0
            try:
                answer = await self._follow(request)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                if last:
                    raise Failed("network", f"no connection: {_short(error)}") from None
            except httpcore.TimeoutException:
                raise TimeoutError from None
            except (httpcore.NetworkError, httpcore.ProtocolError) as error:
                if last or request.method not in SAFE:
                    raise Failed("network", f"the connection broke: {_short(error)}") from None
            else:
                if last or answer.status not in BUSY:
                    return answer
                asked = _retry_after(answer)
            wait = max(asked, clock.jitter(FIRST_WAIT_SECONDS * 2 ** (tried - 1)))
            if clock.monotonic() + wait >= end:
                raise TimeoutError
            await asyncio.sleep(wait)

    async def _follow(self, request: Request) -> Answer:
        target = read_url(request.url, self._allowed)
        headers = request.headers
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once(request, target, headers)
            place = answer.headers.get("location")
            if answer.status not in REDIRECTS or place is None or request.method not in SAFE:
                return answer
            there = read_url(urljoin(target.url, place), self._allowed)
            if target.scheme == "https" and there.scheme == "http":
                raise Refused("a redirect from https to http is not followed")
            if there.origin != target.origin:
                headers = {name: value for name, value in headers.items() if name in HARMLESS}
            target = there
        raise Failed("http", f"more than {MOST_REDIRECTS} redirects", {"status": answer.status})

    async def _once(self, request: Request, target: Target, headers: dict[str, str]) -> Answer:
        lines = {"host": target.authority, "accept": "*/*", "accept-encoding": "identity", **headers}
        if request.content or request.method not in SAFE:
            lines["content-length"] = str(len(request.content))
        message = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode("ascii"),
            ),
            headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in lines.items()],
            content=request.content,
        )
        answer = await self._pool.handle_async_request(message)
        try:
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return Answer(answer.status, found, await _body(answer, found))
        finally:
            await answer.aclose()


def checked_headers(headers: dict[str, str]) -> dict[str, str]:
    """Headers in lower case; Failed for those that are no headers, that carry a second one, or that are not theirs."""
    if len(headers) > MOST_HEADERS:
        raise Failed("refused", f"more than {MOST_HEADERS} headers")
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise Failed("refused", "a header's name holds what no name may")
        if _UNFIT.search(value) or len(value) > MOST_HEADER_CHARS:
            raise Failed("refused", f"the header {name} holds a line break or is too long")
        if name.lower() in OURS or name.lower() in found:
            raise Failed("refused", f"the header {name} is not for flows to set, or is set twice")
        found[name.lower()] = value.strip(" \t")
    return found


async def _body(answer: httpcore.Response, headers: dict[str, str]) -> bytes:
    """The body as it is read, with an end to it: what is too big is not read on."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > MOST_BYTES:
        raise _too_big()
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Failed("invalid", f"the answer is encoded as {encoding[:40]}, which was not asked for")
    unpacker = None if encoding in ("identity", "") else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in answer.aiter_stream():
        try:
            body += chunk if unpacker is None else unpacker.decompress(chunk, MOST_BYTES + 1 - len(body))
        except zlib.error:
            raise Failed("invalid", f"the answer is no {encoding}") from None
        if len(body) > MOST_BYTES or (unpacker is not None and unpacker.unconsumed_tail):
            raise _too_big()
    return bytes(body)


def _too_big() -> Failed:
    return Failed("too_big", f"the answer is larger than {MOST_BYTES // 1024} KiB")


def _retry_after(answer: Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _short(error: Exception) -> str:
    return str(error)[:100] or type(error).__name__
