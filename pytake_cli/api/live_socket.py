"""One WebSocket: uvicorn's protocol with the limits of the live wire, and a way for frames that are made already."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request

from pytake_cli.api.frames import TOO_FAST

if TYPE_CHECKING:
    from pytake_cli.api.connection import Places

wire_log = logging.getLogger(f"{__name__}.wire")
wire_log.setLevel(logging.WARNING)  # uvicorn tells of every connection as if it were news

MOST_FRAME_BYTES = 64 * 1024  # that a client may send
MOST_UNKNOWN_BYTES = 8 * 1024  # before the login
MOST_BYTES_A_SECOND = 128 * 1024
MOST_WAITING = 32  # messages of a client that nobody has read yet
MOST_PINGS = 20  # of a client, in a second
HANDSHAKE_SECONDS = 5.0
LAST_WORD_SECONDS = 1.0  # for the close frame to be taken
FRAMES = "pytake.frames"  # the ASGI message with frames as they go out: {"type": FRAMES, "data": b"…"}


class LiveSocket(WebSocketsSansIOProtocol):
    """A WebSocket that keeps its address's place until its login is known to be good."""

    def __init__(self, config: Config, server_state: ServerState, places: Places, visitor: str) -> None:
        super().__init__(config, server_state, {})
        self.logger = wire_log
        self.places = places
        self.visitor: str | None = visitor  # None: the place was given back
        self.deadline = self.loop.time() + HANDSHAKE_SECONDS
        self._second = 0.0
        self._bytes = self._pings = 0  # since then
        self._known = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._give_back()
        super().connection_lost(exc)

    def known(self) -> None:
        """The login is good: it counts as one of its user's connections, not of its address's."""
        self._known = True
        self._give_back()

    def end(self, code: int, reason: str) -> None:
        """Closes with a code, whatever was not taken so far; who does not take that either is cut off."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        if not self.handshake_complete:
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self._last_word()

    def expire(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is not None:
            return  # it was told; whatever it still sends is thrown away
        now = self.loop.time()
        if now - self._second > 1.0:
            self._second, self._bytes, self._pings = now, 0, 0
        self._bytes += len(data)
        if self._bytes > (MOST_BYTES_A_SECOND if self._known else MOST_UNKNOWN_BYTES):
            self.end(TOO_FAST, "too many bytes")
        super().data_received(data)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["pytake.connection"] = self  # type: ignore[typeddict-unknown-key]

    def handle_ping(self) -> None:
        self._pings += 1
        if self._pings > MOST_PINGS:
            self.end(TOO_FAST, "too many pings")
        else:
            super().handle_ping()

    def send_receive_event_to_app(self) -> None:
        if self.queue.qsize() >= MOST_WAITING:
            self.frames = []
            self.end(TOO_FAST, "too many messages")
        else:
            super().send_receive_event_to_app()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_WAITING:  # empty fragments have no bytes to be counted
            self.end(TOO_FAST, "too many fragments")
        else:
            super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        """What is no WebSocket, or a frame that is too large; the code is that of the standard."""
        told = self.conn.close_sent
        code, reason = (told.code, told.reason) if told else (1002, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._last_word()

    async def send(self, message: Any) -> None:
        """ASGI's, and frames that are made already."""
        if message["type"] != FRAMES:
            await super().send(message)
            self.deadline = float("inf") if self.handshake_complete and not self.close_sent else self.deadline
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.transport.write(message["data"])

    def _last_word(self) -> None:
        """What is said goes out; reading goes on for a moment, or the other side would see a reset instead."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.stop_keepalive()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.writable.set()  # who waits to send learns that it is over
        self.close_timer = self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)

    def _give_back(self) -> None:
        if self.visitor is not None:
            self.places.leave(self.visitor)
            self.visitor = None
