"""Load: signed webhooks over few connections, at a rate or as fast as answered, each repeated until 200 as Meta does.

`python -m tests.kit.load http://127.0.0.1:8787 --secret S --count 20000 --connections 32 [--rate 1000] [--mix both]`
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.kit import bodies
from tests.kit.bodies import Body
from tests.kit.sign import HEADER, sign

PATH = "/webhooks/whatsapp"
ANSWER_SECONDS = 20.0  # Meta's patience
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # between two tries of a body; Meta's are longer, ours have to end today


@dataclass(slots=True)
class Result:
    """What came of a load; latencies in seconds, from the moment the first try was due until its 200."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    attempts: int = 0
    statuses: Counter[int] = field(default_factory=Counter)  # HTTP status of every try, 0: no answer
    acked: dict[str, float] = field(default_factory=dict)  # SHA-256 of a body -> monotonic moment of its first 200
    acked_bodies: list[Body] = field(default_factory=list)
    given_up: int = 0

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0

    def line(self) -> str:
        ms = [f"{name} {self.quantile(share) * 1000:.1f} ms" for name, share in (("p50", 0.5), ("p99", 0.99))]
        rate = len(self.latencies) / self.seconds if self.seconds else 0.0
        tries = ", ".join(f"{count} × {status or 'cut'}" for status, count in sorted(self.statuses.items()))
        return (
            f"{len(self.acked)} acked in {self.seconds:.1f} s, {rate:.0f}/s, {', '.join(ms)},"
            f" max {self.quantile(1.0) * 1000:.0f} ms; tries: {tries}"
        )


class _Wire(asyncio.Protocol):
    """One keep-alive connection with one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        if b"connection: close" in lowered and self.transport is not None:
            self.transport.close()
            self.transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(int(head.split(b" ", 2)[1]))

    async def post(self, request: bytes) -> int:
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._answer

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Load:
    """Posts `source` until it ends. `rate` makes it an open loop: lateness counts as latency."""

    def __init__(
        self,
        url: str,
        secret: str,
        source: Iterable[Body],
        *,
        connections: int = 16,
        rate: float | None = None,
        repeat: float = 0.0,
        patience_seconds: float = 600.0,
        seed: int = 0,
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path if len(parts.path) > 1 else PATH
        self._secret = secret
        self._source: Iterator[Body] = iter(source)
        self._connections = connections
        self._rate = rate
        self._repeat = repeat  # share of the bodies that come a second time although they were acknowledged
        self._patience = patience_seconds
        self._chance = random.Random(seed)
        self._count = itertools.count()
        self._stopping = False
        self.result = Result()

    async def run(self) -> Result:
        self._started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._work())
        self.result.seconds = time.monotonic() - self._started
        return self.result

    def stop(self) -> None:
        """Takes no further bodies; those begun are repeated until 200."""
        self._stopping = True

    def request(self, body: bytes) -> bytes:
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"{HEADER}: {sign(body, self._secret)}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    async def _work(self) -> None:
        wire: _Wire | None = None
        try:
            while not self._stopping and (body := next(self._source, None)) is not None:
                due = time.monotonic()
                if self._rate:
                    due = self._started + next(self._count) / self._rate
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                wire = await self._until_taken(wire, body, due)
                if self._repeat and self._chance.random() < self._repeat:
                    wire = await self._until_taken(wire, body, None)
        finally:
            if wire is not None:
                wire.close()

    async def _until_taken(self, wire: _Wire | None, body: Body, due: float | None) -> _Wire | None:
        request, pause = self.request(body.data), FIRST_PAUSE
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            status = 0
            try:
                if wire is None or wire.transport is None:
                    loop = asyncio.get_running_loop()
                    _, wire = await loop.create_connection(_Wire, self._host, self._port)
                status = await wire.post(request)
            except (OSError, TimeoutError):
                if wire is not None:
                    wire.close()
                wire = None
            self.result.attempts += 1
            self.result.statuses[status] += 1
            if status == 200:
                if due is not None:
                    self._taken(body, due)
                return wire
            await asyncio.sleep(pause * self._chance.uniform(0.5, 1.0))
            pause = min(LONGEST_PAUSE, pause * 2)
        self.result.given_up += 1
        return wire

    def _taken(self, body: Body, due: float) -> None:
        now = time.monotonic()
        self.result.latencies.append(now - due)
        self.result.acked.setdefault(hashlib.sha256(body.data).hexdigest(), now)
        self.result.acked_bodies.append(body)


class LoadThread(threading.Thread):
    """A load beside the thread that does the mischief."""

    def __init__(self, load: Load) -> None:
        super().__init__(name="load", daemon=True)
        self.load = load
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self.load.run())
        except BaseException as error:
            self.error = error

    def finish(self, seconds: float, *, stop: bool = True) -> Result:
        """Waits for the load's end (with `stop` it takes no more bodies); its result."""
        if stop:
            self.load.stop()
        self.join(seconds)
        assert not self.is_alive(), f"the load did not end within {seconds:g} s: {self.load.result.line()}"
        if self.error is not None:
            raise self.error
        return self.load.result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--secret", required=True, help="the app secret")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, help="bodies a second; without it as fast as they are answered")
    parser.add_argument("--mix", choices=("messages", "statuses", "both"), default="both")
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = itertools.islice(bodies.stream(arguments.mix, arguments.customers, arguments.seed), arguments.count)
    load = Load(arguments.url, arguments.secret, source, connections=arguments.connections, rate=arguments.rate)
    print(asyncio.run(load.run()).line())


if __name__ == "__main__":
    main()
