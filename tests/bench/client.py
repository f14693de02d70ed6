"""A quick client in a process of its own: `python -m tests.bench.client URL --secret S` prints JSON.

It posts webhooks; without a secret, URL is the emulator's `say`, whose customers then write.

It prepares every signed request before it starts, so that the cost measured beside the server is little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from tests.kit import bodies
from tests.kit.sign import HEADER, sign

PATIENCE = 3  # times as long as a load at a rate should take: then it ends, and its count says how far it got


class Wire(asyncio.Protocol):
    """One keep-alive connection that posts the next request as soon as the last is answered, or when it is due."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.started = 0.0
        self.answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it
        self.next()

    def next(self) -> None:
        request = self.run.take()
        if request is None:
            self.transport.close()
            return
        wait = self.run.due - time.perf_counter()
        if wait > 0.001:
            asyncio.get_running_loop().call_later(wait, self.send, request, self.run.due)
        else:
            self.send(request, self.run.due or time.perf_counter())

    def send(self, request: bytes, started: float) -> None:
        self.started = started
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """A server may hand the head and the body of its answer to the network one after the other."""
        self.answer += data
        head, found, rest = self.answer.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        self.answer = b""
        self.run.answered(head[9:12].decode(), time.perf_counter() - self.started)
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self.run.lost()


class Run:
    """The requests still to send and what came of the others."""

    def __init__(self, requests: list[bytes], connections: int, rate: float) -> None:
        self.requests: Iterator[bytes] = iter(requests)
        self.interval = 1 / rate if rate else 0.0
        self.due = 0.0
        self.open = connections
        self.end = time.perf_counter() + PATIENCE * len(requests) / rate if rate else float("inf")
        self.latencies: list[float] = []
        self.refused: Counter[str] = Counter()  # status -> answers
        self.over = asyncio.get_running_loop().create_future()

    def take(self) -> bytes | None:
        if time.perf_counter() > self.end:
            return None
        if self.interval:
            self.due = (self.due or time.perf_counter()) + self.interval
        return next(self.requests, None)

    def answered(self, status: str, seconds: float) -> None:
        self.latencies.append(seconds)
        if status != "200":
            self.refused[status] += 1

    def lost(self) -> None:
        self.open -= 1
        if not self.open and not self.over.done():
            self.over.set_result(None)


def _length(head: bytes) -> int:
    """What the answer says of its body's length."""
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def requests(url: str, secret: str, count: int, seed: int, phone_number_id: str) -> list[bytes]:
    """Text messages of distinct people, framed: signed webhooks, or without a secret what the emulator's people say."""
    source = random.Random(seed)
    made = []
    for index in range(count):
        wa_id, text = bodies.phone(source.randrange(50_000)), f"oi {index}"
        if secret:
            body = bodies.message(wa_id, text, number=phone_number_id).data
            made.append(_framed(url, body, f"{HEADER}: {sign(body, secret)}\r\n"))
        else:
            made.append(_framed(url, json.dumps({"contact": f"+{wa_id}", "text": text}).encode()))
    return made


def _framed(url: str, body: bytes, more: str = "") -> bytes:
    target = urlsplit(url)
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(url: str, made: list[bytes], connections: int, rate: float) -> dict[str, Any]:
    target = urlsplit(url)
    loop = asyncio.get_running_loop()
    load = Run(made, connections, rate)
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(connections):
        await loop.create_connection(lambda: Wire(load), target.hostname or "", target.port or 80)
    await load.over
    seconds = time.perf_counter() - started
    ordered = sorted(load.latencies)
    return {
        "count": len(ordered),
        "refused": load.refused,
        "seconds": seconds,
        "rate": len(ordered) / seconds,
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[int(len(ordered) * 0.99)],
        "cpu": time.process_time() - cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--secret", default="")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phone-number-id", default="2000000000001")
    given = parser.parse_args()
    made = requests(given.url, given.secret, given.count, given.seed, given.phone_number_id)
    print(json.dumps(asyncio.run(run(given.url, made, given.connections, given.rate))))


if __name__ == "__main__":
    main()
