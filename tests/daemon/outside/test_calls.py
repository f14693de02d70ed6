"""`http` steps: what goes out, what comes back, and that secrets are in neither the store nor the answer."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pytake_cli import clock, secrets, settings
from pytake_cli.daemon.jobs import Workshop
from pytake_cli.daemon.outside import calls
from pytake_cli.daemon.outside.answers import MOST_BYTES, Failed
from pytake_cli.errors import ConfigError
from pytake_cli.store import Store
from pytake_cli.store.jobs import Job
from tests.kit.peer import Act, Peer, http, json, peer, saying

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def job(**effect: Any) -> Job:
    payload = {"session": 7, "effect": {"token": "3.slots", "method": "GET", **effect}}
    now = clock.now()
    return Job(id=5, org_id=1, kind="flow.http", key="flow:7:3.slots", payload=payload, due_at=now, created_at=now)


def visiting(store: Store, act: Act, visit: Callable[[Peer, Workshop], Awaitable[None]]) -> Peer:
    async def run() -> Peer:
        async with peer(act) as opened:
            settings.load({"flows.http_allow": [opened.host]})
            shop = Workshop(store)
            try:
                await visit(opened, shop)
            finally:
                await shop.close()
            return opened

    return asyncio.run(run())


def test_json_goes_out_and_comes_back(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        value = await calls.call(shop, job(method="POST", url=f"{opened.url}/slots", json={"day": "ção"}))
        assert value == {
            "status": 200,
            "headers": {"content-type": "application/json", "x-request-id": "r1"},
            "json": {"slots": ["10:00"]},
        }

    asked = visiting(store, saying(json({"slots": ["10:00"]}, x_request_id="r1", set_cookie="a=b")), visit).asked[0]
    assert asked.body == '{"day":"ção"}'.encode()
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["idempotency-key"] == "flow:7:3.slots"
    assert asked.headers["user-agent"].startswith("PyTake")


def test_forms_and_plain_bodies_go_out_as_what_they_are(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        await calls.call(shop, job(method="PUT", url=opened.url, form={"a": "1&2", "b": "é"}))
        await calls.call(shop, job(method="PATCH", url=opened.url, body="olá", headers={"Content-Type": "text/x"}))

    first, second = visiting(store, saying(http(204)), visit).asked
    assert (first.body, first.headers["content-type"]) == (b"a=1%262&b=%C3%A9", "application/x-www-form-urlencoded")
    assert (second.body, second.headers["content-type"]) == ("olá".encode(), "text/x")


def test_an_answer_that_is_no_success_fails_with_what_there_was_of_it(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        for body in ({"error": "full"}, "full", None):
            with pytest.raises(Failed) as caught:
                await calls.call(shop, job(url=opened.url))
            assert caught.value.reason == "http"
            assert caught.value.value["status"] == 409
            assert caught.value.value.get("json", caught.value.value.get("text", "")) == (body or "")

    broken = http(409, content_type="application/json")
    visiting(store, saying(json({"error": "full"}, 409), http(409, b"full"), broken), visit)


def test_what_says_it_is_json_and_is_none_is_a_failure(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        for _ in range(3):
            with pytest.raises(Failed, match="invalid"):
                await calls.call(shop, job(url=opened.url))

    kind = {"content_type": "application/json"}
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    visiting(store, saying(http(200, b"{", **kind), http(200, b'{"a":NaN}', **kind), http(200, deep, **kind)), visit)


def test_what_the_databases_cannot_hold_is_made_fit(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        value = await calls.call(shop, job(url=opened.url))
        assert value["json"] == {"nul": "ab", "big": str(2**63), "many": float(10**40)}
        value = await calls.call(shop, job(url=opened.url))
        assert value["text"] == "a�b"

    body = b'{"nul":"a\\u0000b","big":9223372036854775808,"many":1e40}'
    visiting(
        store,
        saying(http(200, body, content_type="application/json"), http(200, b"a\xff\x00b", content_type="text/html")),
        visit,
    )


def test_a_secret_goes_out_in_its_header_and_comes_back_nowhere(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    secrets.put("crm_key", "s3cret-of-the-crm")
    wanted = job(url="", headers={"Authorization": "Bearer secret:crm_key", "X-Key": "secret:crm_key"})

    async def visit(opened: Peer, shop: Workshop) -> None:
        wanted.payload["effect"]["url"] = opened.url
        value = await calls.call(shop, wanted)
        assert value["json"] == {"you sent": "Bearer [removed]", "[removed]": ["[removed]"]}

    echo = {"you sent": "Bearer s3cret-of-the-crm", "s3cret-of-the-crm": ["s3cret-of-the-crm"]}
    with caplog.at_level(0):
        asked = visiting(store, saying(json(echo)), visit).asked[0]
    assert (asked.headers["authorization"], asked.headers["x-key"]) == ("Bearer s3cret-of-the-crm", "s3cret-of-the-crm")
    assert "s3cret" not in str(wanted.payload)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "name", ["app_secret", "access_token", "verify_token", "ai_key", "webhook_ops", "app_secret_previous"]
)
def test_what_opens_pytake_itself_goes_out_for_no_flow(store: Store, name: str) -> None:
    secrets.put(name, "x" * 40)

    async def visit(opened: Peer, shop: Workshop) -> None:
        with pytest.raises(Failed, match="not for flows"):
            await calls.call(shop, job(url=opened.url, headers={"X": f"secret:{name}"}))

    assert visiting(store, saying(http(200)), visit).asked == []


def test_a_secret_that_is_not_set_or_holds_a_line_break_sends_nothing(store: Store) -> None:
    secrets.put("torn", "a\r\nHost: evil")

    async def visit(opened: Peer, shop: Workshop) -> None:
        with pytest.raises(ConfigError):
            await calls.call(shop, job(url=opened.url, headers={"X": "secret:nothing"}))
        with pytest.raises(Failed, match="refused"):
            await calls.call(shop, job(url=opened.url, headers={"X": "secret:torn"}))

    assert visiting(store, saying(http(200)), visit).asked == []


def test_words_about_secrets_inside_a_value_are_only_words(store: Store) -> None:
    secrets.put("crm_key", "s3cret-of-the-crm")

    async def visit(opened: Peer, shop: Workshop) -> None:
        await calls.call(
            shop, job(url=opened.url, headers={"X-Name": "Ana secret:crm_key Souza"}, body="secret:crm_key")
        )

    assert b"s3cret" not in visiting(store, saying(http(200)), visit).asked[0].raw


def test_what_is_too_big_to_go_out_or_to_keep_fails(store: Store) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        with pytest.raises(Failed, match="too_big"):
            await calls.call(shop, job(method="POST", url=opened.url, body="x" * (MOST_BYTES + 1)))
        with pytest.raises(Failed, match="too_big"):
            await calls.call(shop, job(url=opened.url))

    swelling = gzip.compress(b"\\" * (MOST_BYTES - 100))
    assert (
        len(
            visiting(
                store, saying(http(200, swelling, content_type="text/plain", content_encoding="gzip")), visit
            ).asked
        )
        == 1
    )


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GET / HTTP/1.1\r\nX:", "", "PROPFIND"])
def test_only_the_usual_methods_are_used(store: Store, method: str) -> None:
    async def visit(opened: Peer, shop: Workshop) -> None:
        with pytest.raises(Failed, match="refused"):
            await calls.call(shop, job(method=method, url=opened.url))

    assert visiting(store, saying(http(200)), visit).connections == 0


@pytest.mark.parametrize(
    ("effect", "wanted"),
    [
        ({"method": "GET"}, True),
        ({"method": "head"}, True),
        ({"method": "POST"}, False),
        ({"method": "PUT"}, False),
        ({"method": "DELETE", "retries": 0}, False),
        ({"method": "POST", "retries": 1}, True),
    ],
)
def test_only_what_changes_nothing_or_says_retries_is_done_again_after_a_crash(
    effect: dict[str, Any], wanted: bool, database: str
) -> None:
    assert calls.repeatable({"effect": effect}) is wanted
