"""The proof kit's own tools do what they say: a broken fault proves nothing."""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from pytake_cli.whatsapp.signature import signed_by
from tests.kit import bodies, disk
from tests.kit.faultproxy import FaultProxy, Rule
from tests.kit.load import Load
from tests.kit.sign import sign
from tests.kit.tmux import Terminal

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"


class Door:
    """A tiny webhook receiver in a thread: answers 503 to every third body and closes after every seventh."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self._count = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self.port = 0

    @contextmanager
    def open(self) -> Iterator[Door]:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        thread = Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(server), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(5)
            self._loop.close()

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                count = next(self._count)
                if count % 7 == 0:
                    break
                if count % 3 == 0:
                    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                    continue
                self.taken.append(body)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client is done
        finally:
            writer.transport.abort()


def fetch(port: int, seconds: float = 1.0) -> bytes:
    """What a client gets for one small request: everything until the end, or until it stops waiting."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
        while len(got) < len(ANSWER):
            part = connection.recv(4096)
            if not part:
                break
            got += part
    return got


@contextmanager
def answering() -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers each request with ANSWER; its port, and what it got."""
    got: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError):  # the proxy ends with a reset
                while request := connection.recv(4096):
                    got.append(request)
                    connection.sendall(ANSWER)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], got
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_a_signature_of_the_kit_opens_the_door() -> None:
    body = bodies.message("5511961234567").data
    assert signed_by(sign(body, "geheim").encode(), body, {"geheim": "app"}) == "geheim"
    assert signed_by(sign(body, "geheim").encode(), body + b" ", {"geheim": "app"}) is None


@pytest.mark.parametrize("rate", [None, 400.0])
def test_load_repeats_every_body_until_it_is_taken(rate: float | None) -> None:
    source = list(itertools.islice(bodies.stream("both", 20, seed=3), 100))
    with Door().open() as door:
        result = asyncio.run(Load(f"http://127.0.0.1:{door.port}", "s", source, connections=5, rate=rate).run())
    assert {body.data for body in source} == set(door.taken)
    assert len(result.acked) == len(result.latencies) == 100
    assert result.statuses[200] == 100 < result.attempts
    assert "100 acked" in result.line()


@pytest.mark.parametrize(
    ("kind", "given", "passed_on"),
    [
        ("latency", ANSWER, True),
        ("cut_before", ConnectionResetError, False),
        ("cut_after", ConnectionResetError, True),
        ("hang", TimeoutError, False),
        ("hang_after", TimeoutError, True),
        ("slow", ANSWER, True),
    ],
)
def test_the_proxy_makes_each_fault(kind: str, given: bytes | type[OSError], passed_on: bool) -> None:
    with answering() as (port, got), FaultProxy("127.0.0.1", port) as proxy:
        assert fetch(proxy.port) == ANSWER
        proxy.rules = [Rule(kind, seconds=0.001)]
        got.clear()
        if isinstance(given, bytes):
            assert fetch(proxy.port) == given
        else:
            with pytest.raises(given):
                fetch(proxy.port, seconds=0.2)
        assert bool(got) == passed_on
        assert proxy.hits == {kind: 1}


def test_the_proxy_can_give_a_part_of_an_answer() -> None:
    with answering() as (port, _), FaultProxy("127.0.0.1", port) as proxy:
        for rule, size in ((Rule("half"), len(ANSWER) // 2), (Rule("bytes", size=7), 7)):
            proxy.rules = [rule]
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=1) as connection:
                connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
                assert connection.recv(4096) == ANSWER[:size]
                with pytest.raises(ConnectionResetError):
                    connection.recv(4096)


def test_the_proxy_can_refuse_and_come_back_at_the_same_port() -> None:
    with answering() as (port, _), FaultProxy("127.0.0.1", port) as proxy:
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            fetch(proxy.port)
        proxy.listen()
        assert fetch(proxy.port) == ANSWER


def test_a_small_disk_is_full_when_filled_and_works_again_when_freed(tmp_path: Path) -> None:
    disk.need_mounts()
    with disk.small(tmp_path / "disk", "1m") as folder:
        assert disk.fill(folder) > 900_000
        with pytest.raises(OSError, match="No space"):
            (folder / "more").write_bytes(b"x")
        disk.free(folder)
        (folder / "more").write_bytes(b"x")


def test_a_program_can_be_driven_in_a_terminal(tmp_path: Path) -> None:
    program = "import os, sys; print(os.get_terminal_size()); print('got', input('> ')); sys.exit(7)"
    with Terminal([sys.executable, "-c", program], tmp_path, size=(91, 17)) as terminal:
        terminal.wait_for("columns=91, lines=17")
        terminal.wait_for(">")
        terminal.type("olá")
        terminal.keys("Enter")
        terminal.wait_for("got olá")
        assert terminal.wait_for_end() == 7
        assert b"got" in terminal.raw()
        assert terminal.clipboard() == ""
