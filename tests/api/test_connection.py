"""Connections: slow ones are closed, greedy ones get no more, and those of Meta are served meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from pytake_cli.api import connection
from pytake_cli.api.visitors import Limit, Proven, Proxies, group
from pytake_cli.api.webhook import ROOT
from pytake_cli.whatsapp.signature import sign
from tests.kit.door import SECRET, Knock, open_door, request, status

BODY = b'{"entry":[]}'
SIGNED = request(BODY, signature=sign(BODY, SECRET))


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadlines, a tenth as long."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "ANSWER_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(connection, name, getattr(connection, name) / 10)


async def ends(knock: Knock, *parts: bytes, every: float = 0.05) -> tuple[float, bytes]:
    """Sends the parts slowly, then nothing; how long the other side let it last, and what it said."""
    reader, writer = await knock.connect()
    started = time.monotonic()

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(every)

    sending = asyncio.ensure_future(send())
    try:
        said = await asyncio.wait_for(reader.read(), 20.0)
    except ConnectionResetError:
        said = b""
    sending.cancel()
    writer.close()
    return time.monotonic() - started, said


@pytest.mark.usefixtures("hurry")
def test_a_silent_connection_is_closed() -> None:
    async def run() -> None:
        async with open_door() as knock:
            lasted, _ = await ends(knock)
            assert 0.4 < lasted < 1.5

    asyncio.run(run())


@pytest.mark.usefixtures("hurry")
def test_half_a_header_is_closed_however_busily_it_grows() -> None:
    async def run() -> None:
        async with open_door() as knock:
            drops = [f"POST {ROOT} HTTP/1.1\r\n".encode(), *[b"X-%d: y\r\n" % i for i in range(100)]]
            lasted, said = await ends(knock, *drops)
            assert 0.4 < lasted < 1.5
            assert said == b"" or status(said) == 408

    asyncio.run(run())


@pytest.mark.usefixtures("hurry")
def test_half_a_body_is_closed_however_busily_it_grows() -> None:
    async def run() -> None:
        async with open_door() as knock:
            head = SIGNED[: -len(BODY)].replace(b"Content-Length: 12", b"Content-Length: 5000")
            lasted, said = await ends(knock, head, *[b"x"] * 200)
            assert 0.9 < lasted < 2.0
            assert said == b"" or status(said) == 408
            assert knock.taken == []

    asyncio.run(run())


@pytest.mark.usefixtures("hurry")
def test_an_idle_connection_lasts_longer_for_whom_has_sent_a_valid_signature() -> None:
    async def run() -> None:
        async with open_door(idle_seconds=2.0) as knock:
            lasted, said = await ends(knock, request(BODY, signature="sha256=00"))
            assert status(said) == 401
            assert 0.4 < lasted < 1.5
            lasted, said = await ends(knock, SIGNED)
            assert status(said) == 200
            assert 1.8 < lasted < 3.5

    asyncio.run(run())


@pytest.mark.usefixtures("hurry")
def test_good_webhooks_are_served_while_slow_clients_hang_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BY_ADDRESS", 1000)

    async def run() -> None:
        async with open_door() as knock:
            slow = [asyncio.ensure_future(ends(knock)) for _ in range(60)]
            slow += [asyncio.ensure_future(ends(knock, *[b"P", b"O", b"S", b"T"] * 20)) for _ in range(60)]
            await asyncio.sleep(0.05)
            latencies = []
            for _ in range(40):
                started = time.monotonic()
                assert await knock.post(BODY) == 200
                latencies.append(time.monotonic() - started)
            lasted = await asyncio.gather(*slow)
            assert max(latencies) < 1.0
            assert max(seconds for seconds, _ in lasted) < 3.0
            assert not knock.places.taken

    asyncio.run(run())


def test_an_address_holds_few_connections_until_it_has_proved_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BY_ADDRESS", 5)

    async def run() -> None:
        async with open_door() as knock:
            held = [await knock.connect() for _ in range(5)]
            await asyncio.sleep(0.05)
            assert status(await knock.raw(SIGNED)) == 503
            held[0][1].write(SIGNED)
            assert status(await knock.answer(held[0][0])) == 200
            more = [await knock.connect() for _ in range(10)]
            for reader, writer in more:
                writer.write(SIGNED)
                assert status(await knock.answer(reader)) == 200
            assert knock.places.refused == 1
            for _, writer in (*held, *more):
                writer.close()

    asyncio.run(run())


def test_places_are_free_again_when_connections_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BY_ADDRESS", 3)

    async def run() -> None:
        async with open_door() as knock:
            for _ in range(20):
                assert status(await knock.raw(request(BODY, signature="sha256=00"))) in (401, 429)
                await asyncio.sleep(0.01)
            assert knock.places.refused == 0

    asyncio.run(run())


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /webhooks/whatsapp HTTP/9.9\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
        b"POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nxxxxxx",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_with_an_error_and_closed(garbage: bytes) -> None:
    async def run() -> None:
        async with open_door() as knock:
            reader, writer = await knock.connect()
            writer.write(garbage)
            try:
                said = await asyncio.wait_for(reader.read(), 20.0)
            except ConnectionResetError:
                said = b""
            writer.close()
            assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
            assert status(await knock.raw(SIGNED)) == 200

    asyncio.run(run())


def test_pipelined_webhooks_are_answered_in_order() -> None:
    async def run() -> None:
        async with open_door() as knock:
            reader, writer = await knock.connect()
            bodies = [b"%d" % i for i in range(20)]
            writer.write(b"".join(request(body, signature=sign(body, SECRET)) for body in bodies))
            for _ in bodies:
                assert status(await knock.answer(reader)) == 200
            assert [body for _, body in knock.taken] == bodies
            writer.close()

    asyncio.run(run())


def test_an_ipv6_visitor_is_its_network() -> None:
    assert group("2001:db8:1:2:3:4:5:6") == group("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert group("2001:db8:1:3::1") != group("2001:db8:1:2::1")
    assert group("::ffff:203.0.113.9") == group("203.0.113.9") == "203.0.113.9"
    assert group("no address") == "no address"


def test_a_limit_forgets_after_a_minute() -> None:
    limit = Limit(2)
    assert [limit.exceeded("a", now) for now in (0.0, 1.0, 2.0, 59.0, 61.0)] == [False, False, True, True, False]
    assert not limit.exceeded("b", 61.0)


def test_the_memory_for_visitors_is_bounded() -> None:
    limit, proven = Limit(2), Proven()
    for i in range(30_000):
        limit.exceeded(str(i), float(i))
        proven.add(str(i), float(i))
    assert len(limit._windows) <= 10_000
    assert "29999" in proven
    assert "1" not in proven
    proven.forget_old(1e9)
    assert "29999" not in proven


def test_the_client_is_the_last_hop_that_is_no_proxy_of_ours() -> None:
    proxies = Proxies(["10.0.0.0/8", "2001:db8::/32"])

    def client(peer: str, *forwarded: bytes) -> str:
        return proxies.client({"client": (peer, 1), "headers": [(b"x-forwarded-for", value) for value in forwarded]})

    assert client("10.1.1.1", b"203.0.113.9") == "203.0.113.9"
    assert client("10.1.1.1", b"198.51.100.1, 203.0.113.9, 10.9.9.9") == "203.0.113.9"
    assert client("10.1.1.1", b"198.51.100.1", b"203.0.113.9") == "203.0.113.9"
    assert client("10.1.1.1", b"10.2.2.2") == "10.1.1.1"
    assert client("10.1.1.1", b"<script>") == "10.1.1.1"
    assert client("10.1.1.1") == "10.1.1.1"
    assert client("192.0.2.1", b"203.0.113.9") == "192.0.2.1"
    assert client("2001:db8::1", b"203.0.113.9") == "203.0.113.9"
