"""One HTTP connection: uvicorn's parser with deadlines, byte limits and a place in its address's share.

Uvicorn alone closes neither a silent connection, nor half a header, nor half a body. Here every connection has one
deadline at any time, and a watchman (`server.Server`) closes those that missed theirs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from pytake_cli.api.live_socket import MOST_FRAME_BYTES, LiveSocket
from pytake_cli.api.visitors import Proven, Proxies, group

HEAD_SECONDS = 5.0  # from the first byte of a request, or from connecting, to the end of its headers
BODY_SECONDS = 10.0  # for the whole body
ANSWER_SECONDS = 30.0  # for the answer to be made and taken
IDLE_SECONDS = 5.0  # between requests, for whom nothing is known of
LAST_WORD_SECONDS = 1.0  # for what is still to be written when a connection is closed
MOST_HEAD_BYTES = 32 * 1024
MOST_CONNECTIONS = 1000
LIVE_PATH = b"/api/v1/live"  # where a connection may become a WebSocket
PING_SECONDS = 20.0
MOST_UNPROVEN = 900  # of them by addresses that have not sent a valid signature: Meta always finds a place
MOST_BY_ADDRESS = 50  # until it has sent a valid signature

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"


class Places:
    """Who holds connections, and what is allowed to whom; shared by all connections of a server."""

    def __init__(self, *, proven: Proven, proxies: Proxies, idle_seconds: float, most_body_bytes: int) -> None:
        self.proven = proven
        self.proxies = proxies
        self.idle_seconds = idle_seconds  # between requests, for addresses that have sent a valid signature
        self.most_request_bytes = 2 * most_body_bytes + MOST_HEAD_BYTES  # chunks and trailers counted
        self.taken: Counter[str] = Counter()  # visitor -> connections
        self.refused = 0

    def leave(self, visitor: str) -> None:
        """One connection of this visitor is over."""
        self.taken[visitor] -= 1
        if self.taken[visitor] <= 0:
            del self.taken[visitor]

    def admit(self, visitor: str, address: str, connections: int) -> bool:
        """Whether one more connection of this visitor may stay."""
        if visitor in self.proven or self.proxies.trusts(address):
            return connections < MOST_CONNECTIONS
        return connections < MOST_UNPROVEN and self.taken[visitor] < MOST_BY_ADDRESS


class _Parting:
    """The transport as an answer has it: closing waits for the rest of the request, which would reset the answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.transport, name)

    def close(self) -> None:
        self._connection.part()


class Connection(HttpToolsProtocol):
    """A connection whose `deadline` (in the loop's time) is always set to something."""

    def __init__(self, config: Config, server_state: ServerState, places: Places) -> None:
        super().__init__(config, server_state, {})
        self.places = places
        self.address = ""
        self.visitor: str | None = None  # None: it was not admitted
        self.proven = False
        self.deadline = float("inf")
        self.most_bytes = places.most_request_bytes  # of the request that is being read; the API lets files have more
        self._bytes = 0
        self.most_bytes = self.places.most_request_bytes
        self._in_head = False
        self._reading = False
        self._parting = False  # it is answered, and closes once the request has come whole

    @property
    def is_reading(self) -> bool:
        """True while the request has not come whole: an answer now is the last on this connection."""
        return self._reading

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        places = self.places
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        visitor = group(self.address)
        if not places.admit(visitor, self.address, len(self.connections)):
            places.refused += 1
            self.transport = transport
            transport.write(_BUSY)
            transport.close()
            return
        self.visitor = visitor
        self.proven = visitor in places.proven
        places.taken[visitor] += 1
        super().connection_made(transport)
        self.deadline = self.loop.time() + HEAD_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:
        if self.visitor is None:
            return
        self.places.leave(self.visitor)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.visitor is None or self.transport.is_closing():
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserError:
            self._give_up("400 Bad Request")
            return
        if self._reading:
            self._bytes += len(data)
            if self._in_head and self._bytes > MOST_HEAD_BYTES:
                self._give_up("431 Request Header Fields Too Large")
            elif self._bytes > self.most_bytes and not self._parting:
                self._give_up("413 Content Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["pytake.connection"] = self  # type: ignore[typeddict-unknown-key]
        self._bytes = 0
        self._in_head = self._reading = True
        self.deadline = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        if self._parting or self.transport.is_closing():
            return  # a request behind one whose answer was the last
        self._in_head = False
        self.deadline = self.loop.time() + BODY_SECONDS
        super().on_headers_complete()
        if self.cycle is not None:  # None: it becomes a WebSocket
            self.cycle.transport = _Parting(self)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        self._reading = False
        self.deadline = self.loop.time() + ANSWER_SECONDS
        super().on_message_complete()
        if self._parting:
            self.transport.close()

    def part(self) -> None:
        """Closes; while the request still comes, once it is there or its time is over."""
        if not self._reading:
            self.transport.close()
            return
        self._parting = True
        self.deadline = min(self.deadline, self.loop.time() + BODY_SECONDS)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _should_upgrade(self) -> bool:
        """Only the live wire is one; a request for anything else to become a WebSocket is none that we know."""
        return self._get_upgrade() == b"websocket" and self.url.partition(b"?")[0] == LIVE_PATH

    def _upgrade(self) -> None:
        """Hands the socket, and the place of its address, to a WebSocket; the request is read once more by it."""
        if not self._should_upgrade() or (self.cycle is not None and not self.cycle.response_complete):
            self._give_up("400 Bad Request")
            return
        assert self.visitor is not None
        lines = b"".join(b"%s: %s\r\n" % line for line in self.headers)
        request = b"%s %s HTTP/1.1\r\n%s\r\n" % (self.parser.get_method(), self.url, lines)
        socket = LiveSocket(self.config, self.server_state, self.places, self.visitor)
        self.connections.discard(self)
        self.transport.set_protocol(socket)
        socket.connection_made(self.transport)
        socket.data_received(request)

    def on_response_complete(self) -> None:
        """Uvicorn's, with one deadline instead of a timer for each request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        now = self.loop.time()
        if self.pipeline:
            self.deadline = now + ANSWER_SECONDS
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif not self._reading:
            self.deadline = now + (self.places.idle_seconds if self.proven else IDLE_SECONDS)

    def expire(self) -> None:
        """Ends the connection, whose deadline is over: politely, and at once if it does not take the last word."""
        if self.transport.is_closing():
            self.transport.abort()
            return
        self.deadline = self.loop.time() + LAST_WORD_SECONDS
        if self._reading and not self._parting:
            self._give_up("408 Request Timeout")
        else:
            self.transport.close()

    def _give_up(self, status: str) -> None:
        """Answers a request that will not be read to its end, unless an answer is already under way."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()


def configuration(app: Any) -> Config:
    """Uvicorn's configuration for our connections: no proxy headers, no access log, no lifespan."""
    config = Config(
        app,
        http=Connection,
        ws="none",  # see Connection._upgrade
        ws_max_size=MOST_FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    config.load()
    return config
