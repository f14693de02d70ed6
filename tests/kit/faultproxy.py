"""A TCP proxy that misbehaves on command: latency, refusal, silence, resets, cut and half and slow answers.

    with FaultProxy("127.0.0.1", 8788) as proxy:      # listens on proxy.port
        proxy.rules = [Rule("cut_after", share=0.05)]  # at any time; each request is judged by the rules of the moment

`python -m tests.kit.faultproxy --to 127.0.0.1:8788 --port 9000 cut_after=0.05 latency=0.2` runs until Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

KINDS = {
    "latency": "answers `seconds` later",
    "cut_before": "resets when the request has come, before it is passed on",
    "cut_after": "passes the request on and resets instead of answering",
    "half": "passes half of the answer on, then resets",
    "bytes": "resets after `size` bytes of the answer",
    "hang": "takes the request, passes nothing on, says nothing",
    "hang_after": "passes the request on and never answers",
    "slow": "gives the answer byte by byte, `seconds` between two",
}
CHUNK = 64 * 1024
SILENCE = 0.02  # seconds without a byte after which a message counts as whole, when its length is not told


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault, the share of requests it hits, and after how many hits it is over (0: never)."""

    kind: str
    share: float = 1.0
    count: int = 0
    seconds: float = 1.0
    size: int = 20

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")


class FaultProxy:
    """Stands between a client and `host:port`, in a thread of its own."""

    def __init__(self, host: str, port: int, *, listen_port: int = 0, seed: int = 0) -> None:
        self._target = (host, port)
        self._wanted_port = listen_port
        self.port = 0
        self.rules: Sequence[Rule] = ()
        self.hits: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faultproxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def refuse(self) -> None:
        """Stops listening and resets what is open: connections are refused from now on."""
        self._do(self._end())

    def listen(self) -> None:
        """Listens again, on the same port."""
        if self._server is None:
            self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port or self._wanted_port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        onward: asyncio.StreamWriter | None = None
        try:
            back, onward = await asyncio.open_connection(*self._target)
            while await self._exchange(reader, writer, back, onward):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side has gone, or the proxy ends: both sides are reset below
        finally:
            self._tasks.discard(task)
            _reset(writer)
            if onward is not None:
                _reset(onward)

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> bool:
        """One request and its answer; False when the connection is over."""
        request = await read_message(reader)
        if not request:
            return False
        rule = self._pick()
        if rule is not None and rule.kind == "cut_before":
            return False
        if rule is not None and rule.kind == "hang":
            await reader.read(1)  # until the client gives up
            return False
        onward.write(request)
        answer = await read_message(back)
        if not answer:
            return False
        return await self._answer(rule, answer, reader, writer)

    async def _answer(
        self, rule: Rule | None, answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        match rule.kind if rule is not None else "":
            case "cut_after":
                return False
            case "hang_after":
                await reader.read(1)
                return False
            case "half" | "bytes":
                assert rule is not None
                writer.write(answer[: len(answer) // 2 if rule.kind == "half" else rule.size])
                await writer.drain()
                await asyncio.sleep(SILENCE)
                return False
            case "slow":
                assert rule is not None
                for byte in answer:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(rule.seconds)
                return True
            case "latency":
                assert rule is not None
                await asyncio.sleep(rule.seconds)
        writer.write(answer)
        await writer.drain()
        return True

    def _pick(self) -> Rule | None:
        for rule in self.rules:
            if rule.count and self.hits[rule.kind] >= rule.count:
                continue
            if self._chance.random() < rule.share:
                self.hits[rule.kind] += 1
                return rule
        return None


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP message by its Content-Length or chunks, or what comes until a pause; empty at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    if at >= 0:
        return head + await reader.readexactly(int(lowered[at + 15 :].split(b"\r\n", 1)[0]))
    if b"transfer-encoding: chunked" not in lowered:
        return head
    while not head.endswith(b"0\r\n\r\n"):
        part = await reader.read(CHUNK)
        if not part:
            break
        head += part
    return head


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST, as a crashed peer or a cut line does."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # closed already
    writer.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", required=True, metavar="HOST:PORT")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "rules", nargs="*", metavar="KIND[=SHARE]", help="; ".join(f"{k}: {v}" for k, v in KINDS.items())
    )
    arguments = parser.parse_args()
    host, _, port = arguments.to.rpartition(":")
    with FaultProxy(host, int(port), listen_port=arguments.port, seed=arguments.seed) as proxy:
        proxy.rules = [
            Rule(kind, float(share or 1)) for kind, _, share in (rule.partition("=") for rule in arguments.rules)
        ]
        print(f"{proxy.url} -> {arguments.to}", flush=True)
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            print(dict(proxy.hits))


if __name__ == "__main__":
    main()
