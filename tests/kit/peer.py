"""Somebody else's HTTP server, byte by byte: it keeps what it was asked and answers as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    raw: bytes


Act = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """`act` writes the answer; `asked` are the requests so far."""

    act: Act
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, path, _ = lines[0].split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            asked = Asked(method, path, headers, body, head + body)
            self.asked.append(asked)
            await self.act(asked, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever called hung up
        finally:
            writer.close()


@asynccontextmanager
async def peer(act: Act) -> AsyncIterator[Peer]:
    """A server on a free port of this machine."""
    opened = Peer(act)
    server = await asyncio.start_server(opened._serve, "127.0.0.1", 0, limit=1024 * 1024)
    opened.port = server.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        server.close()


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; headers given by name with _ for -."""
    lines = {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def json(value: object, status: int = 200, **headers: str) -> bytes:
    return http(status, orjson.dumps(value), content_type="application/json", **headers)


def saying(*answers: bytes) -> Act:
    """Gives the answers one after another, the last one for ever."""
    left = list(answers)

    async def act(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return act
