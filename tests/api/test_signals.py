"""The door for signals: what gets in, what is refused, and that wrong tokens are few."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytake_cli.api.app import application
from pytake_cli.api.connection import Places
from pytake_cli.api.probes import Probes
from pytake_cli.api.server import Server
from pytake_cli.api.signals import MOST_BYTES, ROOT, Signals
from pytake_cli.api.visitors import Proven, Proxies
from pytake_cli.errors import Conflict, NotFound, PytakeError, StoreUnavailable
from tests.kit.door import Knock, Well, request, status

TOKEN = "7-" + "a" * 32
Post = Callable[..., Awaitable[int]]


class Desk:
    """Takes signals for TOKEN; the test may make it answer with an error."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, Any]] = []
        self.causes: list[str] = []
        self.error: PytakeError | None = None

    async def give(self, token: str, name: str, value: Any, cause: str) -> bool:
        if self.error is not None:
            raise self.error
        if token != TOKEN:
            raise NotFound("PT-FLOW-SIGNAL", "no")
        known = cause in self.causes
        self.causes.append(cause)
        self.given.append((token, name, value))
        return not known


def at_the_door(visit: Callable[[Desk, Post, Signals], Awaitable[None]]) -> Desk:
    async def run() -> Desk:
        desk, proven, proxies = Desk(), Proven(), Proxies()
        signals = Signals(desk.give, proxies)
        places = Places(proven=proven, proxies=proxies, idle_seconds=5.0, most_body_bytes=4 * 1024 * 1024)

        async def no_webhooks(scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError("a signal went to the webhook door")

        server = Server(application(no_webhooks, Probes(Well(), lambda: None), signals), places)
        url = await server.listen("127.0.0.1", 0, None)
        watchman = asyncio.ensure_future(server.run())
        knock = Knock(urlsplit(url).port or 0, None, server, places, Well())  # type: ignore[arg-type]

        async def post(body: bytes = b"", path: str = TOKEN, method: str = "POST", **headers: str) -> int:
            return status(await knock.raw(request(body, path=ROOT + path, method=method, headers=headers)))

        try:
            await visit(desk, post, signals)
        finally:
            watchman.cancel()
            await server.close(1.0)
        return desk

    return asyncio.run(run())


def test_a_signal_is_handed_on_with_its_name_and_value() -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        assert await post(b'{"amount": 10.5, "by": "Ana"}', f"{TOKEN}?name=paid") == 200
        assert await post(b"") == 200
        assert await post(b"  null ") == 200
        assert await post(b'"x"', Content_Type="text/plain") == 200

    assert at_the_door(visit).given == [
        (TOKEN, "paid", {"amount": 10.5, "by": "Ana"}),
        (TOKEN, "", None),
        (TOKEN, "", None),
        (TOKEN, "", "x"),
    ]


def test_the_senders_own_key_makes_it_the_same_signal() -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        for _ in range(2):
            await post(b"1", Idempotency_Key="order 1".replace(" ", "-"))
            await post(b"1", Webhook_Id="msg_1")
            await post(b"1")

    assert sorted(Counter(at_the_door(visit).causes).values()) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b"\xff",
        b'{"a": NaN}',
        b'"\\u0000"',
        b'"\\ud800"',
        b"[" * 100 + b"]" * 100,
        b"[" * 5000,
        b"paid=1",
    ],
)
def test_what_is_no_value_is_refused(body: bytes) -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        assert await post(body) == 400

    assert at_the_door(visit).given == []


def test_what_is_too_large_packed_or_no_name_is_refused() -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        assert await post(b'"' + b"x" * (MOST_BYTES - 2) + b'"') == 200
        assert await post(b'"' + b"x" * MOST_BYTES + b'"') == 413
        assert await post(b"1", Content_Encoding="gzip") == 413
        for name in ("?name=a%20b", "?name=%00", "?name=a&name=b", "?name=" + "a" * 41, "?name=../x"):
            assert await post(b"1", TOKEN + name) == 400
        assert signals.refused == {"size": 2, "name": 5}

    assert len(at_the_door(visit).given) == 1


@pytest.mark.parametrize("path", ["", "a/b", "..%2f", "x" * 65, "a b".replace(" ", "%20"), "7-aaa/"])
def test_other_paths_are_not_found(path: str) -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        assert await post(b"1", path) == 404

    assert at_the_door(visit).given == []


def test_only_post_is_taken() -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        for method in ("GET", "PUT", "DELETE", "OPTIONS"):
            assert await post(b"", method=method) == 405

    assert at_the_door(visit).given == []


def test_wrong_tokens_are_few_and_right_ones_too() -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        answers = Counter([await post(b"1", f"{number}-" + "b" * 32) for number in range(1, 16)])
        assert answers == {404: 10, 429: 5}
        assert await post(b"1") == 200
        answers = Counter([await post(b"1") for _ in range(120)])
        assert answers == {200: 104, 429: 16}

    at_the_door(visit)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [(Conflict("PT-FLOW-SIGNAL", "ended"), 409), (StoreUnavailable("PT-STORE", "locked"), 503)],
)
def test_a_session_that_does_not_wait_and_a_store_that_is_away_say_so(error: PytakeError, wanted: int) -> None:
    async def visit(desk: Desk, post: Post, signals: Signals) -> None:
        desk.error = error
        assert await post(b"1") == wanted

    at_the_door(visit)
