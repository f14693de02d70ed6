"""Graph: the one client that talks to Meta. Lean on the send path, careful about what a failure means."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson
from yarl import URL

from pytake_cli import __version__, clock
from pytake_cli.whatsapp.failures import Answer, GraphError, failure, json_object, unclear, unreached
from pytake_cli.whatsapp.fields import table, tables, whole, word

log = logging.getLogger(__name__)

__all__ = ["Graph", "GraphError", "Sent", "Usage", "parse_usage"]

_KEEPALIVE = 15.0  # seconds; shorter than any server's, so that an idle connection is closed by us and not under a send
_DNS_CACHE = 60  # seconds
_MAX_ANSWER = 16 * 1024 * 1024  # bytes; the largest lists are far below
_MAX_SENT = 256 * 1024  # bytes; an answer to a send has some 300
_LONGEST_FETCH = 600.0  # seconds for one download
_MAX_PAGES = 10_000  # a list that never ends is a fault
_JSON = {"Content-Type": "application/json"}
ARCHIVE_ROOT = "https://api.facebook.com/"  # the one host beside Graph's that calls may go to


@dataclass(frozen=True, slots=True)
class Sent:
    """What Meta says at once about a message: accepted, no more. `message_status` is for templates, else empty."""

    wamid: str
    wa_id: str | None
    user_id: str | None
    message_status: str


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a call limit is used up, in percent; `regain_minutes` is the wait once it is all used."""

    kind: str
    percent: int
    regain_minutes: int


class Graph:
    """A connection pool to Graph with one access token. The token goes into a header and nowhere else."""

    def __init__(
        self,
        token: str,
        *,
        url: str = "https://graph.facebook.com",
        version: str = "v25.0",
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        max_connections: int = 512,
    ) -> None:
        self._token = token
        self._send_headers = {"Authorization": f"Bearer {token}", **_JSON}
        self.url = url.rstrip("/")
        self.version = version.strip("/")
        # `connect` covers waiting for a free connection as well, so `total` can only run out after the request went out
        self._timeout = aiohttp.ClientTimeout(
            total=connect_timeout + read_timeout, connect=connect_timeout, sock_read=read_timeout
        )
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._targets: dict[str, URL] = {}
        self._usage_header = ""

    def __repr__(self) -> str:
        return f"Graph({self._root})"

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._max_connections, keepalive_timeout=_KEEPALIVE, ttl_dns_cache=_DNS_CACHE
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"pytake/{__version__}", "Accept-Encoding": "identity"},
            timeout=self._timeout,
            auto_decompress=False,  # nothing compressed was asked for, and nothing can blow up
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def _root(self) -> str:
        return f"{self.url}/{self.version}/"

    def use_url(self, url: str) -> None:
        """Sends all later calls to another address: an emulator that came back on another port."""
        if url.rstrip("/") != self.url:
            self.url = url.rstrip("/")
            self._targets.clear()

    def use_token(self, token: str) -> None:
        """Puts another access token to use for all later calls; those in flight keep theirs."""
        self._token = token
        self._send_headers = {"Authorization": f"Bearer {token}", **_JSON}

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session; calling outside `async with` is a bug."""
        if self._session is None:
            raise RuntimeError("Graph is used outside of `async with`")
        return self._session

    @property
    def usage(self) -> dict[str, tuple[Usage, ...]]:
        """The last word of Meta about call limits (`x-business-use-case-usage`), by account id."""
        return parse_usage(self._usage_header)

    async def send(self, phone_number_id: str, request: dict[str, Any], *, edge: str = "messages") -> Sent:
        """Posts a message once; every failure is a GraphError that tells whether the message may have gone out."""
        target = self._targets.get(phone_number_id + edge)
        if target is None:
            target = self._targets[phone_number_id + edge] = URL(f"{self._root}{phone_number_id}/{edge}")
        answer = await self._exchange("POST", target, orjson.dumps(request), _MAX_SENT, self._send_headers)
        contacts, messages = answer.get("contacts"), answer.get("messages")
        message = messages[0] if type(messages) is list and messages and type(messages[0]) is dict else None
        wamid = word(message.get("id")) if message is not None else None
        if message is None or wamid is None:
            raise unclear("Meta answered without a message id", Answer(200))
        contact = contacts[0] if type(contacts) is list and contacts and type(contacts[0]) is dict else {}
        return Sent(
            wamid, word(contact.get("wa_id")), word(contact.get("user_id")), word(message.get("message_status")) or ""
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
        scheme: str = "Bearer",
    ) -> dict[str, Any]:
        """One call below the version; the answer's object, or a GraphError."""
        address = path if path.startswith(ARCHIVE_ROOT) else self._root + path.lstrip("/")
        target = URL(address, encoded="?" in address)  # a signed upload address must stay as it is
        if params:
            target = target.update_query({key: str(value) for key, value in params.items()})
        body = orjson.dumps(json) if json is not None else data
        kind = _JSON if json is not None else {}
        asked = {"Authorization": f"{scheme} {self._token}", **kind, **(headers or {})}
        return await self._exchange(method, target, body, _MAX_ANSWER, asked, read_timeout)

    @asynccontextmanager
    async def fetch(self, url: URL, *, with_token: bool, read_timeout: float) -> AsyncIterator[aiohttp.ClientResponse]:
        """An open GET of any address, redirects not followed; whether the token goes along is the caller's decision."""
        timeout = aiohttp.ClientTimeout(total=_LONGEST_FETCH, connect=self._timeout.connect, sock_read=read_timeout)
        headers = {"Authorization": f"Bearer {self._token}"} if with_token else {}
        try:
            async with self.session.get(url, headers=headers, allow_redirects=False, timeout=timeout) as response:
                yield response
        except NOT_SENT as error:
            raise unreached(error) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unclear(f"the download failed ({type(error).__name__})", safe=True) from None

    async def pages(
        self, path: str, *, params: Mapping[str, str | int] | None = None, member: str = "data"
    ) -> AsyncIterator[dict[str, Any]]:
        """The objects of a list, page after page; an empty page is not the end, a missing `next` is."""
        asked: dict[str, str | int] = dict(params or {})
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            answer = await self.call("GET", path, params=asked)
            for item in tables(answer.get(member)):
                yield item
            following = word(table(answer.get("paging")).get("next"))
            if following is None or following in seen:
                return
            seen.add(following)
            # only the query of `next` is followed, on our own address, and never the token in it
            query = parse_qsl(urlsplit(following).query)
            asked = {**asked, **{key: value for key, value in query if key != "access_token"}}

    async def _exchange(
        self,
        method: str,
        target: URL,
        body: Any,
        most: int,
        headers: Mapping[str, str],
        read_timeout: float | None = None,
    ) -> dict[str, Any]:
        started, safe = clock.monotonic(), method == "GET"
        timeout = self._timeout if read_timeout is None else _longer(self._timeout, read_timeout)
        try:
            async with self.session.request(
                method, target, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                raw = await read_at_most(response, most)
        except NOT_SENT as error:
            raise unreached(error) from None  # aiohttp's texts may hold the URL, and the URL a token
        except LOST as error:
            raise unclear(f"the connection to Meta failed ({type(error).__name__})", safe=safe) from None
        if log.isEnabledFor(logging.DEBUG):
            ms = round((clock.monotonic() - started) * 1000)
            log.debug(
                "call to Meta", extra={"method": method, "path": target.path, "status": response.status, "ms": ms}
            )
        usage = response.headers.get("x-business-use-case-usage")
        if usage is not None:
            self._usage_header = usage
        if response.status == 200 and raw is not None:
            answer = json_object(raw)
            if answer is not None and "error" not in answer:
                return answer
        raise failure(response, raw, clock.monotonic() - started, safe=safe)


# nothing of the request can have left: names, refused, unreachable, TLS, no free connection in time
NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientSSLError,
    aiohttp.InvalidURL,
    aiohttp.ServerFingerprintMismatch,
)

# anything may have happened on the other side
LOST = (aiohttp.ClientError, TimeoutError, OSError)


async def read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The body, or None if it is longer than `most` bytes (the connection is then given up)."""
    length = response.content_length
    if length is not None and length <= most:
        return await response.read()
    if length is not None:
        response.close()
        return None
    parts = bytearray()
    async for part in response.content.iter_any():
        parts += part
        if len(parts) > most:
            response.close()
            return None
    return bytes(parts)


def parse_usage(header: str) -> dict[str, tuple[Usage, ...]]:
    """Reads `x-business-use-case-usage`; what it does not understand it leaves out.

    {"1021": [{"type": "whatsapp", "call_count": 28, "total_cputime": 1, "total_time": 2,
               "estimated_time_to_regain_access": 0}]}
    """
    try:
        raw = orjson.loads(header) if header else {}
    except ValueError:
        return {}
    return {key: tuple(map(_usage, tables(items))) for key, items in table(raw).items()}


def _usage(raw: dict[str, Any]) -> Usage:
    percent = max(whole(raw.get(key)) or 0 for key in ("call_count", "total_cputime", "total_time"))
    return Usage(word(raw.get("type")) or "", percent, whole(raw.get("estimated_time_to_regain_access")) or 0)


def _longer(timeout: aiohttp.ClientTimeout, read: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=(timeout.connect or 0) + read, connect=timeout.connect, sock_read=read)
