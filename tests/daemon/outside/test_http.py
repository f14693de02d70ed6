"""Calls of flows over HTTP: where they go, how much they read, how long they wait, what they repeat."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable

import pytest

from pytake_cli import settings
from pytake_cli.daemon.outside import http as calling
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed
from pytake_cli.daemon.outside.http import Request, Web, checked_headers
from pytake_cli.errors import ConfigError
from pytake_cli.policy.addresses import Allowed
from tests.kit import ssrf
from tests.kit.peer import Act, Asked, Peer, http, json, peer, saying


def visiting(act: Act, visit: Callable[[Peer, Web], Awaitable[None]]) -> Peer:
    """Runs a visit to a peer that the settings allow; the peer, for a look at what it was asked."""

    async def run() -> Peer:
        async with peer(act) as opened:
            web = Web(Allowed([opened.host]))
            try:
                await visit(opened, web)
            finally:
                await web.close()
            return opened

    return asyncio.run(run())


async def failure(web: Web, request: Request) -> Failed:
    with pytest.raises(Failed) as caught:
        await web.fetch(request)
    return caught.value


def test_a_call_is_answered() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        answer = await web.fetch(Request("POST", f"{opened.url}/slots?day=1", {"x-a": "é"}, b"body"))
        assert (answer.status, answer.body, answer.headers["content-type"]) == (201, b'{"a":1}', "application/json")

    asked = visiting(saying(json({"a": 1}, 201)), visit).asked[0]
    assert (asked.method, asked.path, asked.body) == ("POST", "/slots?day=1", b"body")
    assert asked.headers["host"].startswith("127.0.0.1:")
    assert asked.headers["content-length"] == "4"


def test_no_hostile_url_reaches_this_machine() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        strict = Web(Allowed())
        for url in ssrf.hostile_urls(opened.port):
            assert (await failure(strict, Request("GET", url))).reason == "refused"
        await strict.close()
        assert (await web.fetch(Request("GET", opened.url))).status == 200

    assert visiting(saying(http(200)), visit).connections == 1


def test_a_name_is_looked_up_once_and_its_address_is_the_one_that_is_called() -> None:
    """A rebinding name answers with a public address first and with this machine's afterwards."""
    looked_up: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["8.8.8.8"] if len(looked_up) % 2 else ["127.0.0.1"]

    async def visit(opened: Peer, _: Web) -> None:
        web = Web(Allowed(), rebinding)
        for _turn in range(10):
            # The tests' own guard stops the connection to 8.8.8.8 and says so: that is what was connected to.
            with pytest.raises(ExceptionGroup) as caught:
                await web.fetch(Request("GET", "http://rebind.attacker.com/"))
            assert "wants 8.8.8.8" in str(caught.value.exceptions)
            assert (await failure(web, Request("GET", "http://rebind.attacker.com/"))).reason == "refused"
        await web.close()
        assert len(looked_up) == 20

    assert visiting(saying(http(200)), visit).connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["64:ff9b::7f00:1"], ["fe80::1%eth0"], ["1.1.1.1", "10.0.0.1"]],
)
def test_a_public_name_with_any_inner_address_is_refused(addresses: list[str]) -> None:
    async def answer(host: str, port: int) -> list[str]:
        return addresses

    async def run() -> None:
        web = Web(Allowed(), answer)
        failed = await failure(web, Request("GET", "http://public.attacker.com/"))
        assert failed.reason == "refused"
        await web.close()

    asyncio.run(run())


def test_a_name_that_the_operator_allowed_is_connected_to_with_its_own_name_as_host() -> None:
    async def inner(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def visit(opened: Peer, _: Web) -> None:
        web = Web(Allowed([f"erp.lan:{opened.port}"]), inner)
        assert (await web.fetch(Request("GET", f"http://erp.lan:{opened.port}/x"))).status == 200
        await web.close()

    opened = visiting(saying(http(200)), visit)
    assert opened.asked[0].headers["host"] == f"erp.lan:{opened.port}"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:{other}/",
        "//127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user@example.com/",
        "http://2130706433/",
    ],
)
def test_a_redirect_to_an_inner_address_is_refused(place: str) -> None:
    async def visit(opened: Peer, web: Web) -> None:
        failed = await failure(web, Request("GET", opened.url))
        assert failed.reason == "refused"

    opened = visiting(saying(http(302, location=place.format(other=1))), visit)
    assert len(opened.asked) == 1


def test_redirects_are_followed_three_times_for_calls_that_change_nothing() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        assert (await web.fetch(Request("GET", opened.url))).body == b"here"
        posted = await web.fetch(Request("POST", opened.url))
        assert posted.status == 307

    moved = http(307, location="/next")
    asked = visiting(saying(moved, moved, moved, http(200, b"here"), moved), visit).asked
    assert [each.method for each in asked] == ["GET"] * 4 + ["POST"]


def test_a_fourth_redirect_is_not_followed() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("GET", opened.url))).detail == "more than 3 redirects"

    assert len(visiting(saying(http(302, location="/again")), visit).asked) == 4


def test_what_opens_one_host_is_not_carried_to_another() -> None:
    async def run() -> None:
        async with peer(saying(http(200))) as other, peer(saying(http(302, location=f"{other.url}/x"))) as first:
            web = Web(Allowed([first.host, other.host]))
            headers = {
                "authorization": "Bearer s3cret",
                "x-api-key": "s3cret",
                "cookie": "s3cret",
                "accept": "text/plain",
            }
            assert (await web.fetch(Request("GET", first.url, headers))).status == 200
            await web.close()
            assert b"s3cret" in first.asked[0].raw
            assert b"s3cret" not in other.asked[0].raw
            assert other.asked[0].headers["accept"] == "text/plain"

    asyncio.run(run())


def test_a_huge_body_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("GET", opened.url))).reason == "too_big"

    visiting(endless, visit)
    assert sent < 32 * 1024 * 1024


def test_a_body_that_says_it_is_huge_is_not_read_at_all() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("GET", opened.url))).reason == "too_big"
        assert len((await web.fetch(Request("GET", opened.url))).body) == MOST_BYTES

    visiting(saying(http(200, content_length="99999999999"), http(200, b"x" * MOST_BYTES)), visit)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compression_bomb_is_not_unpacked(encoding: str) -> None:
    bomb = (
        zlib.compress(bytes(200 * 1024 * 1024), 9) if encoding == "deflate" else gzip.compress(bytes(200 * 1024 * 1024))
    )

    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("GET", opened.url))).reason in ("too_big",)

    visiting(saying(http(200, bomb, content_encoding=encoding)), visit)


def test_what_was_packed_unasked_is_unpacked_and_what_is_no_packing_is_not() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        assert (await web.fetch(Request("GET", opened.url))).body == b"hello"
        assert (await failure(web, Request("GET", opened.url))).reason == "invalid"
        assert (await failure(web, Request("GET", opened.url))).reason == "invalid"

    packed = http(200, gzip.compress(b"hello"), content_encoding="gzip")
    visiting(
        saying(packed, http(200, b"hello", content_encoding="gzip"), http(200, b"x", content_encoding="br")), visit
    )


async def _drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_headers(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silence(asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


@pytest.mark.parametrize("act", [_drip, _drip_headers, _silence])
def test_an_answer_that_trickles_in_or_never_comes_ends_with_the_time_allowed(act: Act) -> None:
    async def visit(opened: Peer, web: Web) -> None:
        failed = await failure(web, Request("GET", opened.url, timeout_seconds=0.3, retries=5))
        assert failed.reason == "timeout"

    visiting(act, visit)


def test_junk_is_no_answer() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        for _ in range(3):
            assert (await failure(web, Request("POST", opened.url, retries=3))).reason == "network"

    opened = visiting(saying(b"SSH-2.0-OpenSSH\r\n", b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"), visit)
    assert len(opened.asked) == 3


def test_a_flow_that_says_retries_repeats_what_was_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "FIRST_WAIT_SECONDS", 0.01)

    async def visit(opened: Peer, web: Web) -> None:
        answer = await web.fetch(Request("POST", opened.url, {"idempotency-key": "flow:1:2"}, b"x", retries=3))
        assert answer.status == 200
        assert (await web.fetch(Request("POST", opened.url))).status == 503

    busy = [http(status) for status in (429, 502, 504)]
    asked = visiting(saying(*busy, http(200), http(503)), visit).asked
    assert len(asked) == 5
    assert {each.headers["idempotency-key"] for each in asked[:4]} == {"flow:1:2"}


def test_a_post_that_broke_off_is_not_repeated_and_a_get_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "FIRST_WAIT_SECONDS", 0.01)

    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("POST", opened.url, retries=2))).reason == "network"
        assert (await failure(web, Request("GET", opened.url, retries=2))).reason == "network"

    assert [each.method for each in visiting(saying(b""), visit).asked] == ["POST", "GET", "GET", "GET"]


def test_an_error_that_will_not_pass_is_not_repeated() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        for status in (400, 404, 500):
            assert (await web.fetch(Request("GET", opened.url, retries=3))).status == status

    assert len(visiting(saying(http(400), http(404), http(500)), visit).asked) == 3


def test_a_wait_longer_than_the_time_allowed_is_not_waited_for() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        assert (await failure(web, Request("GET", opened.url, retries=3))).reason == "timeout"

    assert len(visiting(saying(http(429, retry_after="3600")), visit).asked) == 1


def test_nobody_there_is_a_failure_of_the_network() -> None:
    async def visit(opened: Peer, web: Web) -> None:
        gone = Web(Allowed(["127.0.0.1:1"]))
        assert (await failure(gone, Request("GET", "http://127.0.0.1:1/"))).reason == "network"
        await gone.close()

    visiting(saying(http(200)), visit)


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "a\r\nHost: evil"},
        {"x": "a\nb"},
        {"x": "a\rb"},
        {"x": "a\x00b"},
        {"x\r\ny": "a"},
        {"x y": "a"},
        {"x:": "a"},
        {"": "a"},
        {"é": "a"},
        {"Host": "evil"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"Connection": "upgrade"},
        {"Idempotency-Key": "mine"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Proxy-Authorization": "x"},
        {"a": "1", "A": "2"},
        {"a": "x" * 10_000},
        {f"x{number}": "a" for number in range(60)},
    ],
)
def test_headers_that_would_be_more_than_a_header_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Failed, match="refused"):
        checked_headers(headers)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def visit(opened: Peer, web: Web) -> None:
        assert (await web.fetch(Request("GET", opened.url))).status == 200

    visiting(saying(http(200)), visit)


@pytest.mark.parametrize("entry", ["http://erp.lan/", "erp.lan:http", "erp lan", ""])
def test_a_word_that_names_no_host_is_refused_at_the_start(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_FLOWS__HTTP_ALLOW", f'["{entry}"]')
    settings.load()
    with pytest.raises(ConfigError) as refused:
        calling.allowed()
    assert refused.value.slug == "PT-HTTP-ALLOW"
