"""The listening socket and the watchman over its connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from email.utils import formatdate
from pathlib import Path

from uvicorn.server import ServerState

from pytake_cli import clock
from pytake_cli.api.asgi import App
from pytake_cli.api.connection import Connection, Places, configuration
from pytake_cli.api.live_socket import LiveSocket
from pytake_cli.errors import ConfigError

WATCH_SECONDS = 0.25
BACKLOG = 2048


class Server:
    """Serves one ASGI app on one address."""

    def __init__(self, app: App, places: Places) -> None:
        self._config = configuration(app)
        self._config.access_log = False
        self._places = places
        self.state = ServerState()
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> str:
        """Opens the socket; the URL under which it can be reached from this machine."""
        loop = asyncio.get_running_loop()
        bound = bind(host, port)
        self._listener = await loop.create_server(
            lambda: Connection(self._config, self.state, self._places),
            sock=bound,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=5.0 if tls else None,
        )
        name, real_port = bound.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104
        return f"{'https' if tls else 'http'}://{f'[{shown}]' if ':' in shown else shown}:{real_port}"

    async def run(self) -> None:
        """Watches over deadlines for ever."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            for connection in list(self.state.connections):
                if isinstance(connection, Connection | LiveSocket) and connection.deadline < now:
                    connection.expire()
            self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            self._places.proven.forget_old(clock.monotonic())
            await asyncio.sleep(WATCH_SECONDS)

    async def close(self, seconds: float) -> None:
        """Takes no new connections, lets those with a request have their answer, then ends all."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.state.connections and loop.time() < end:
            await asyncio.sleep(0.02)
        for connection in list(self.state.connections):
            connection.transport.abort()


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, or a ConfigError that names what is wrong with the address."""
    bound: socket.socket | None = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(address)
    except OSError as error:
        if bound is not None:
            bound.close()
        raise ConfigError(
            "PT-LISTEN",
            "cannot listen on {host}:{port}: {reason}",
            fix="pytake serve --port 0",
            host=host,
            port=port,
            reason=error.strerror or str(error),
        ) from None
    return bound


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 with the certificate and key of two PEM files; a key that others may read is refused."""
    try:
        if key.stat().st_mode & 0o077:
            raise ConfigError("PT-TLS-KEY", "{path} may be read by others", fix="chmod 600 {path}", path=str(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "PT-TLS",
            "cannot use the certificate {path}: {reason}",
            fix="pytake serve --tls-cert FILE --tls-key FILE",
            path=str(certificate),
            reason=str(error),
        ) from None
    return context
