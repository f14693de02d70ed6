"""The door: what gets in, what is refused and how little a refusal tells."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from pytake_cli.api import webhook
from pytake_cli.api.webhook import ROOT, Keys
from pytake_cli.errors import StoreUnavailable
from pytake_cli.whatsapp.signature import sign
from tests.kit.door import FORMER, KEYS, OTHER, SECRET, TOKEN, Knock, open_door, request, status

BODY = b'{"object":"whatsapp_business_account","entry":[]}'


def at_the_door(visit: Callable[[Knock], Awaitable[None]], **options: object) -> Knock:
    """Runs a visit to an open door; the door, for a look at what it kept."""

    async def run() -> Knock:
        async with open_door(**options) as knock:  # type: ignore[arg-type]
            await visit(knock)
            return knock

    return asyncio.run(run())


def test_a_signed_webhook_is_taken_with_its_raw_bytes() -> None:
    async def visit(knock: Knock) -> None:
        answer = await knock.raw(request(BODY, signature=sign(BODY, SECRET)))
        assert status(answer) == 200
        assert b"content-length: 0\r\n" in answer

    assert at_the_door(visit).taken == [("", BODY)]


def test_the_verify_token_signs_nothing() -> None:
    """D2: the first PyTake took the verify token for the key that signs, and checked without the raw body."""

    async def visit(knock: Knock) -> None:
        assert status(await knock.raw(request(BODY, signature=sign(BODY, TOKEN)))) == 401
        assert status(await knock.raw(request(BODY + b" ", signature=sign(BODY, SECRET)))) == 401

    assert at_the_door(visit).taken == []


def test_nothing_is_parsed_at_the_door() -> None:
    bodies = [b"", b"\x00\xff", b"[" * 100_000, b'{"a":NaN}', "é".encode("utf-16")]

    async def visit(knock: Knock) -> None:
        for body in bodies:
            assert await knock.post(body) == 200

    assert [body for _, body in at_the_door(visit).taken] == bodies


def test_every_active_secret_opens_the_common_path_and_tells_its_app() -> None:
    async def visit(knock: Knock) -> None:
        for secret in (SECRET, FORMER, OTHER):
            assert await knock.post(BODY, secret=secret) == 200

    assert [app for app, _ in at_the_door(visit).taken] == ["", "", "77"]


def test_an_apps_own_path_takes_only_its_own_secret() -> None:
    async def visit(knock: Knock) -> None:
        assert await knock.post(BODY, secret=OTHER, path=f"{ROOT}/77") == 200
        assert await knock.post(BODY, secret=SECRET, path=f"{ROOT}/77") == 401
        assert await knock.post(BODY, secret=SECRET, path=f"{ROOT}/78") == 401

    assert at_the_door(visit).taken == [("77", BODY)]


def test_without_any_secret_nothing_gets_in() -> None:
    async def visit(knock: Knock) -> None:
        assert await knock.post(BODY) == 401
        assert await knock.post(BODY, secret="") == 401

    assert at_the_door(visit, keys=Keys()).taken == []


def test_forged_webhooks_are_refused_and_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "MOST_FAILURES", 100_000)
    chance = random.Random(3)
    right = sign(BODY, SECRET)
    forgeries = ["", "sha256=", right.upper(), right.replace("sha256", "sha1"), right[:-2], f"{right},{right}"]
    forgeries += ["sha256=" + chance.randbytes(32).hex() for _ in range(300)]

    async def visit(knock: Knock) -> None:
        reader, writer = await knock.connect()
        for signature in forgeries:
            writer.write(request(BODY, signature=signature))
            assert status(await knock.answer(reader)) == 401
        writer.close()
        assert await knock.post(BODY[:-1] + b"]") == 200

    assert len(at_the_door(visit).taken) == 1


def test_a_refusal_is_empty_and_tells_no_digest(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(knock: Knock) -> None:
        answer = await knock.raw(request(b"{}", signature="sha256=" + "ab" * 32))
        assert status(answer) == 401
        assert answer.endswith(b"\r\n\r\n")
        assert b"content-length: 0\r\n" in answer
        assert sign(b"{}", SECRET).removeprefix("sha256=").encode() not in answer

    with caplog.at_level(logging.DEBUG, "pytake_cli"):
        at_the_door(visit)
    logged = [record.__dict__.get("given") for record in caplog.records if record.name.startswith("pytake_cli")]
    assert logged == ["sha256=abababab"]
    assert sign(b"{}", SECRET).removeprefix("sha256=") not in caplog.text


def test_wrong_signatures_are_counted_by_address_and_right_ones_never() -> None:
    async def visit(knock: Knock) -> None:
        answers = Counter([await knock.post(BODY, secret="wrong") for _ in range(15)])
        assert answers == {401: 10, 429: 5}
        limited = await knock.raw(request(BODY, signature="sha256=" + "0" * 64))
        assert b"connection: close" in limited
        assert [await knock.post(BODY) for _ in range(200)] == [200] * 200

    knock = at_the_door(visit)
    assert len(knock.taken) == 200
    assert knock.door.refused == {"signature": 10, "rate": 6}


def test_a_flood_of_wrong_signatures_writes_one_line_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(knock: Knock) -> None:
        await asyncio.gather(*[knock.post(BODY, secret="wrong") for _ in range(40)])

    with caplog.at_level(logging.DEBUG, "pytake_cli"):
        at_the_door(visit)
    assert len(caplog.records) == 1


def test_addresses_behind_a_trusted_proxy_are_counted_each_for_itself() -> None:
    async def visit(knock: Knock) -> None:
        for _ in range(12):
            await knock.post(BODY, secret="wrong", X_Forwarded_For="203.0.113.9")
        assert await knock.post(BODY, secret="wrong", X_Forwarded_For="203.0.113.9") == 429
        assert await knock.post(BODY, secret="wrong", X_Forwarded_For="203.0.113.10") == 401
        assert await knock.post(BODY, secret="wrong", X_Forwarded_For="10.0.0.1, 203.0.113.9") == 429
        assert await knock.post(BODY, secret="wrong", X_Forwarded_For="2001:db8::1") == 401

    at_the_door(visit, proxies=("127.0.0.0/8",))


def test_a_forwarded_address_is_not_believed_from_just_anybody() -> None:
    async def visit(knock: Knock) -> None:
        answers = [await knock.post(BODY, secret="wrong", X_Forwarded_For=f"203.0.113.{i}") for i in range(12)]
        assert answers == [401] * 10 + [429] * 2

    at_the_door(visit)


@pytest.mark.parametrize("secret", [SECRET, "wrong"])
def test_a_body_that_says_it_is_too_large_is_not_read(secret: str) -> None:
    async def visit(knock: Knock) -> None:
        head = request(b"", signature=sign(b"", secret)).replace(b"Length: 0", b"Length: 2000")
        answer = await knock.raw(head)
        assert status(answer) == 413
        assert b"connection: close" in answer

    assert at_the_door(visit, max_body_bytes=1024).taken == []


def test_a_body_of_unsaid_length_is_counted() -> None:
    async def visit(knock: Knock) -> None:
        head = f"POST {ROOT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        answer = await knock.raw(head + b"400\r\n" + b"x" * 1024 + b"\r\n" + b"1\r\nx\r\n")
        assert status(answer) == 413

    assert at_the_door(visit, max_body_bytes=1024).taken == []


def test_a_chunked_body_within_the_limit_is_taken_whole() -> None:
    async def visit(knock: Knock) -> None:
        lines = {"Transfer_Encoding": "chunked", "X_Hub_Signature_256": sign(BODY, SECRET)}
        head = request(b"", headers=lines).replace(b"Content-Length: 0\r\n", b"")
        parts = b"".join(b"%x\r\n%b\r\n" % (len(BODY[i : i + 7]), BODY[i : i + 7]) for i in range(0, len(BODY), 7))
        assert status(await knock.raw(head + parts + b"0\r\n\r\n")) == 200

    assert at_the_door(visit).taken == [("", BODY)]


def test_a_large_body_is_taken_whole() -> None:
    body = b"x" * (3 * 1024 * 1024)

    async def visit(knock: Knock) -> None:
        assert await knock.post(body) == 200
        assert await knock.post(body, secret="wrong") == 401

    assert at_the_door(visit).taken == [("", body)]


def test_a_lying_length_ends_the_connection() -> None:
    async def visit(knock: Knock) -> None:
        whole = request(BODY, signature=sign(BODY, SECRET))
        lied = whole.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: 5")
        reader, writer = await knock.connect()
        writer.write(lied)
        answers = await asyncio.wait_for(reader.read(), 20.0)
        assert answers.startswith(b"HTTP/1.1 4")
        writer.close()

    assert at_the_door(visit).taken == []


def test_compressed_bodies_are_refused_unread() -> None:
    async def visit(knock: Knock) -> None:
        assert await knock.post(BODY, Content_Encoding="gzip") == 415

    assert at_the_door(visit).taken == []


def test_what_cannot_be_durable_is_not_acknowledged() -> None:
    async def visit(knock: Knock) -> None:
        knock.error = StoreUnavailable("PT-STORE", "disk full")
        answer = await knock.raw(request(BODY, signature=sign(BODY, SECRET)))
        assert status(answer) == 503
        assert b"retry-after" in answer
        knock.error = None
        assert await knock.post(BODY) == 200

    assert at_the_door(visit).door.refused == {"unavailable": 1}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(method: str) -> None:
    async def visit(knock: Knock) -> None:
        assert status(await knock.raw(request(b"", method=method))) == 405

    at_the_door(visit)


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/openapi.json", "/webhooks", f"{ROOT}/", f"{ROOT}/a/b", f"{ROOT}x", f"{ROOT}/a%2f..", "/.env"],
)
def test_other_paths_do_not_exist(path: str) -> None:
    async def visit(knock: Knock) -> None:
        assert await knock.post(BODY, path=path) == 404
        assert status(await knock.get(path)) == 404

    at_the_door(visit)


def handshake(token: str = TOKEN, challenge: str = "1158201444", mode: str = "subscribe", path: str = ROOT) -> str:
    return f"{path}?hub.mode={mode}&hub.verify_token={token}&hub.challenge={challenge}"


def test_the_handshake_echoes_the_challenge_as_plain_text() -> None:
    async def visit(knock: Knock) -> None:
        answer = await knock.get(handshake())
        assert status(answer) == 200
        assert answer.endswith(b"\r\n\r\n1158201444")
        assert b"content-type: text/plain; charset=utf-8\r\n" in answer
        assert b"x-content-type-options: nosniff\r\n" in answer
        assert status(await knock.get(handshake(path=f"{ROOT}/77"))) == 200
        assert status(await knock.get(handshake(path=f"{ROOT}/78"))) == 403

    at_the_door(visit)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "0", TOKEN.upper()])
def test_a_wrong_verify_token_gets_an_empty_403(token: str) -> None:
    async def visit(knock: Knock) -> None:
        answer = await knock.get(handshake(token))
        assert status(answer) == 403
        assert answer.endswith(b"\r\n\r\n")

    at_the_door(visit)


@pytest.mark.parametrize("challenge", ["", "%3Cscript%3E", "a" * 65, "a%0D%0Ab", "1&hub.challenge=2", "%F0%9F%98%80"])
def test_a_challenge_that_could_be_more_than_a_challenge_is_refused(challenge: str) -> None:
    async def visit(knock: Knock) -> None:
        answer = await knock.get(handshake(challenge=challenge))
        assert status(answer) == 400
        assert b"script" not in answer

    at_the_door(visit)


def test_without_a_verify_token_there_is_no_handshake() -> None:
    async def visit(knock: Knock) -> None:
        assert status(await knock.get(handshake(""))) == 403

    at_the_door(visit, keys=Keys(KEYS.default))


def test_handshakes_are_limited_by_address() -> None:
    async def visit(knock: Knock) -> None:
        answers = [status(await knock.get(handshake("wrong"))) for _ in range(12)]
        assert answers == [403] * 10 + [429] * 2

    at_the_door(visit)


def test_health_is_for_everybody_and_its_details_for_this_machine() -> None:
    async def visit(knock: Knock) -> None:
        assert status(await knock.get("/healthz")) == 200
        knock.patient.busy.append("it is stopping")
        assert status(await knock.get("/healthz")) == 200
        assert status(await knock.get("/readyz")) == 503
        knock.patient.ills.append("intake is dead")
        answer = await knock.get("/healthz")
        assert status(answer) == 503
        assert b"intake is dead" in answer
        assert b"intake is dead" not in await knock.get("/healthz", X_Forwarded_For="203.0.113.9")
        assert status(await knock.raw(request(b"", method="POST", path="/healthz"))) == 405

    at_the_door(visit)


def test_metrics_are_for_this_machine_or_with_the_token() -> None:
    async def visit(knock: Knock) -> None:
        assert b"pytake_up 1" in await knock.get("/metrics")
        assert status(await knock.get("/metrics", X_Forwarded_For="203.0.113.9")) == 403
        wrong = await knock.get("/metrics", X_Forwarded_For="203.0.113.9", Authorization="Bearer x")
        assert status(wrong) == 403
        right = await knock.get("/metrics", X_Forwarded_For="203.0.113.9", Authorization="Bearer metrics-token-1")
        assert status(right) == 200

    at_the_door(visit)
