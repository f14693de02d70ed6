"""A webhook door on a socket, in the test's own loop: what gets through is kept; and raw requests to knock with."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pytake_cli.api.app import application
from pytake_cli.api.connection import Places
from pytake_cli.api.probes import Probes
from pytake_cli.api.server import Server
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.api.webhook import ROOT, Door, Keys
from pytake_cli.whatsapp.signature import sign

SECRET, FORMER, OTHER = "app-secret-1", "app-secret-0", "app-secret-of-another-app"
TOKEN = "verify-token-of-32-characters-000"
KEYS = Keys({SECRET: "", FORMER: "", OTHER: "77"}, {"77": {OTHER: "77"}}, (TOKEN,), "metrics-token-1")


@dataclass
class Well:
    """Somebody whose health is what the test says."""

    ills: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)

    def ailments(self) -> list[str]:
        return self.ills

    def unready(self) -> list[str]:
        return self.ills + self.busy

    async def metrics(self) -> bytes:
        return b"pytake_up 1\n"


@dataclass
class Knock:
    """The door under test: `taken` are (app, body) of what got through, `error` what `put` raises."""

    port: int
    door: Door
    server: Server
    places: Places
    patient: Well
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    error: Exception | None = None

    async def put(self, app: str, body: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append((app, body))

    async def raw(self, request: bytes, *, end: bool = False, seconds: float = 5.0) -> bytes:
        """What comes back on a connection of its own until it is closed or quiet."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            if end:
                writer.write_eof()
            return await self.answer(reader, seconds)
        finally:
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def answer(self, reader: asyncio.StreamReader, seconds: float = 5.0) -> bytes:
        """One whole answer, or what came before the connection ended."""
        async with asyncio.timeout(seconds):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as cut:
                return cut.partial
            except ConnectionResetError:
                return b""
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            return head + await reader.readexactly(length)

    async def post(self, body: bytes, *, secret: str = SECRET, path: str = ROOT, **headers: str) -> int:
        return status(await self.raw(request(body, signature=sign(body, secret), path=path, headers=headers)))

    async def get(self, target: str, **headers: str) -> bytes:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return await self.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())


def request(
    body: bytes, *, signature: str = "", path: str = ROOT, method: str = "POST", headers: Mapping[str, str] = {}
) -> bytes:
    """A whole HTTP request; headers given by name with _ for -."""
    lines = {"Host": "x", "Content-Length": str(len(body))}
    if signature:
        lines["X-Hub-Signature-256"] = signature
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def status(answer: bytes) -> int:
    """The HTTP status of an answer; 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


@asynccontextmanager
async def open_door(
    *,
    keys: Keys = KEYS,
    proxies: tuple[str, ...] = (),
    max_body_bytes: int = 4 * 1024 * 1024,
    idle_seconds: float = 65.0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Knock]:
    """A door on a free port."""
    trusted, proven = Proxies(proxies), Proven()
    places = Places(proven=proven, proxies=trusted, idle_seconds=idle_seconds, most_body_bytes=max_body_bytes)
    knock: Knock | None = None

    async def put(app: str, body: bytes) -> None:
        assert knock is not None
        await knock.put(app, body)

    door = Door(put, lambda: keys, max_body_bytes=max_body_bytes, proxies=trusted, proven=proven)
    patient = Well()
    server = Server(application(door, Probes(patient, lambda: keys.metrics_token)), places)
    url = await server.listen("127.0.0.1", 0, tls)
    watchman = asyncio.ensure_future(server.run())
    knock = Knock(urlsplit(url).port or 0, door, server, places, patient)
    try:
        yield knock
    finally:
        watchman.cancel()
        await server.close(1.0)
