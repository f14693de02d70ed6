"""Graph: what a failure means, what is sent and what is not, and that the token never leaves its header."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from typing import Any

import orjson
import pytest
from aiohttp import web

from pytake_cli.errors import SLUGS, SendError
from pytake_cli.whatsapp import messages, numbers
from pytake_cli.whatsapp.client import Graph, GraphError, Sent, Usage, parse_usage
from pytake_cli.whatsapp.errors import Action
from tests.whatsapp.samples import TO
from tests.whatsapp.server import Asked, Handler, Server, always, in_turn, refusal, run

TOKEN = "EAAG-very-secret-token"
ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+5511968184101", "wa_id": "551168184101", "user_id": "BR.1"}],
    "messages": [{"id": "wamid.1", "message_status": "accepted"}],
}
REQUEST = messages.request(messages.text("olá").body, TO)


async def sending(answer: Handler, *, read_timeout: float = 5, sends: int = 1) -> tuple[Any, Server]:
    async with Server(answer) as server, Graph(TOKEN, url=server.url, read_timeout=read_timeout) as graph:
        results = await asyncio.gather(*(graph.send("1", REQUEST) for _ in range(sends)), return_exceptions=True)
        return results[0] if sends == 1 else results, server


def failed(answer: Handler, **options: Any) -> GraphError:
    error, _ = run(sending(answer, **options))
    assert isinstance(error, GraphError), error
    assert error.slug in SLUGS or error.slug.removeprefix("PT-WA-").isdigit()
    assert str(error)
    return error


def test_a_send_is_one_post_with_the_token_in_its_header() -> None:
    sent, server = run(sending(always(ACCEPTED)))
    assert sent == Sent("wamid.1", "551168184101", "BR.1", "accepted")
    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/v25.0/1/messages")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("pytake/")
    assert asked.json == REQUEST


def test_an_answer_without_contacts_is_enough() -> None:
    sent, _ = run(sending(always({"messages": [{"id": "wamid.1"}]})))
    assert sent == Sent("wamid.1", None, None, "")


def test_a_refusal_keeps_code_details_and_trace_and_says_what_to_do() -> None:
    answer = {
        "error": {
            "message": "(#131047) Re-engagement message",
            "type": "OAuthException",
            "code": 131047,
            "error_data": {"messaging_product": "whatsapp", "details": "24 h are over"},
            "fbtrace_id": "Az8or2y",
        }
    }
    error = failed(always(answer, 400, x_fb_trace_id="T1", x_fb_request_id="R1"))
    assert (error.slug, error.code, error.retryable, error.unknown) == ("PT-WA-131047", 131047, False, False)
    assert error.rule.action is Action.FIX
    assert error.details == "24 h are over"
    assert error.answer.trace == "Az8or2y T1 R1"
    assert "131047" in str(error)
    assert "24 h are over" in str(error)


@pytest.mark.parametrize(
    ("answer", "code", "retryable", "unknown"),
    [
        (lambda: refusal(130429), 130429, True, False),
        (lambda: refusal(131056, 403), 131056, True, False),
        (lambda: refusal(190, 401), 190, False, False),
        (lambda: refusal(987654), 987654, False, False),
        (lambda: refusal(987654, 500), 987654, True, False),
        (lambda: refusal(987654, 429), 987654, True, False),
        (lambda: refusal(987654, is_transient=True), 987654, True, False),
        (lambda: refusal(100, error_subcode=2388299), 100, False, False),
        (lambda: refusal(1, error_data="blame text"), 1, True, False),
        (lambda: web.Response(status=500, text="<html>oops</html>"), None, False, True),
        (lambda: web.Response(status=502), None, False, True),
        (lambda: web.Response(status=503, text="{}"), None, False, True),
        (lambda: web.Response(status=504, text='{"error": 7}'), None, False, True),
        (lambda: web.Response(status=408), None, False, True),
        (lambda: web.Response(status=200, text="<html>"), None, False, True),
        (lambda: web.Response(status=200, text="[]"), None, False, True),
        (lambda: web.json_response({}), None, False, True),
        (lambda: web.json_response({"messages": []}), None, False, True),
        (lambda: web.json_response({"messages": [{"id": ""}]}), None, False, True),
        (lambda: web.json_response({"messages": "wamid.1"}), None, False, True),
        (lambda: web.Response(body=b"x" * 300_000), None, False, True),
        (lambda: web.Response(status=429, text="slow"), None, True, False),
        (lambda: web.Response(status=404, text="<html>"), None, False, False),
        (lambda: web.Response(status=302, headers={"location": "https://example.com/"}), None, False, False),
        (lambda: None, None, False, True),
    ],
)  # fmt: skip
def test_each_answer_is_a_refusal_a_retry_or_unknown(
    answer: Any, code: int | None, retryable: bool, unknown: bool
) -> None:
    error = failed(in_turn(answer))
    assert (error.code, error.retryable, error.unknown) == (code, retryable, unknown)


def test_a_subcode_speaks_where_the_code_is_100() -> None:
    error = failed(in_turn(lambda: refusal(100, error_subcode=2388299)))
    assert error.rule.code == 2388299
    assert error.slug == "PT-WA-2388299"


def test_a_refused_connection_has_sent_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = run(_to(f"http://127.0.0.1:{port}"))
    assert (error.slug, error.retryable, error.unknown, error.code) == ("PT-WA-CONNECT", True, False, None)


def test_a_host_without_address_has_got_nothing() -> None:
    error = run(_to("http://graph.invalid"))
    assert (error.slug, error.retryable, error.unknown) == ("PT-WA-CONNECT", True, False)


def test_a_server_that_is_no_tls_server_has_got_nothing() -> None:
    async def work() -> GraphError:
        async with Server(always(ACCEPTED)) as server:
            return await _to(server.url.replace("http://", "https://"))

    error = run(work())
    assert (error.slug, error.retryable, error.unknown) == ("PT-WA-CONNECT", True, False)


async def _to(url: str) -> GraphError:
    async with Graph(TOKEN, url=url, connect_timeout=2) as graph:
        with pytest.raises(GraphError) as caught:
            await graph.send("1", REQUEST)
        return caught.value


def test_waiting_in_vain_for_a_free_connection_has_sent_nothing() -> None:
    async def slowly(_asked: Asked, _request: web.Request) -> dict[str, Any]:
        await asyncio.sleep(0.6)
        return ACCEPTED

    async def work() -> tuple[list[Any], int]:
        async with Server(slowly) as server:
            async with Graph(TOKEN, url=server.url, connect_timeout=0.2, max_connections=1) as graph:
                results = await asyncio.gather(*(graph.send("1", REQUEST) for _ in range(2)), return_exceptions=True)
            return list(results), len(server.asked)

    (first, second), asked = run(work())
    assert isinstance(first, Sent)
    assert isinstance(second, GraphError)
    assert (second.slug, second.unknown, asked) == ("PT-WA-CONNECT", False, 1)


def test_an_answer_that_never_comes_leaves_the_send_unknown() -> None:
    async def never(_asked: Asked, _request: web.Request) -> dict[str, Any]:
        await asyncio.sleep(3)
        return ACCEPTED

    error = failed(never, read_timeout=0.2)
    assert (error.slug, error.unknown, error.retryable) == ("PT-WA-UNKNOWN", True, False)


def test_an_answer_that_drips_hits_the_deadline() -> None:
    async def drip(_asked: Asked, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async def work() -> GraphError:
        async with Server(drip) as server, Graph(TOKEN, url=server.url, connect_timeout=0.2, read_timeout=0.3) as graph:
            with pytest.raises(GraphError) as caught:
                await graph.send("1", REQUEST)
            return caught.value

    assert run(work()).unknown


def test_half_an_answer_leaves_the_send_unknown() -> None:
    async def half(_asked: Asked, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "500"})
        await response.prepare(request)
        await response.write(b'{"messages": [')
        assert request.transport is not None
        request.transport.close()
        return response

    assert failed(half).unknown


def test_an_endless_answer_is_cut_off() -> None:
    async def endless(_asked: Asked, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b"x" * 65536)
        return response

    assert failed(endless).unknown


def test_a_lost_get_may_simply_be_asked_again() -> None:
    async def work() -> GraphError:
        async with Server(in_turn(None)) as server, Graph(TOKEN, url=server.url) as graph:
            with pytest.raises(GraphError) as caught:
                await numbers.get(graph, "1")
            return caught.value

    error = run(work())
    assert (error.retryable, error.unknown) == (True, False)


def test_redirects_are_not_followed_and_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    sent, server = run(sending(in_turn(lambda: web.json_response(ACCEPTED))))
    assert isinstance(sent, Sent)
    error, server = run(sending(in_turn(lambda: web.Response(status=307, headers={"location": "/elsewhere"}))))
    assert isinstance(error, GraphError)
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [lambda: refusal(190, 401), lambda: web.Response(status=500), lambda: None])
def test_the_token_stands_in_no_error_no_log_and_no_repr(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> list[str]:
        async with Server(in_turn(answer)) as server, Graph(TOKEN, url=server.url) as graph:
            texts = [repr(graph), str(graph)]
            for call in (graph.send("1", REQUEST), numbers.debug_token(graph, TOKEN)):
                with pytest.raises(SendError) as caught:
                    await call
                texts += [str(caught.value), repr(caught.value), repr(vars(caught.value))]
                texts += traceback.format_exception(caught.value)
            return texts

    with caplog.at_level(logging.DEBUG):
        texts = run(work())
    assert caplog.records
    assert not any(TOKEN in text for text in (*texts, *(str(vars(record)) for record in caplog.records)))


def test_another_token_is_used_from_the_next_call_on() -> None:
    async def work() -> list[Asked]:
        async with Server(always(ACCEPTED)) as server, Graph(TOKEN, url=server.url) as graph:
            await graph.send("1", REQUEST)
            graph.use_token("other")
            await graph.send("1", REQUEST)
            await graph.call("GET", "1")
            return server.asked

    assert [asked.headers["authorization"] for asked in run(work())] == [
        f"Bearer {TOKEN}",
        "Bearer other",
        "Bearer other",
    ]


def test_usage_is_read_from_the_header_and_nonsense_is_left_out() -> None:
    header = orjson.dumps(
        {
            "1021": [
                {"type": "whatsapp", "call_count": 28, "total_cputime": 40, "estimated_time_to_regain_access": 5},
                7,
            ],
            "x": None,
        }
    ).decode()

    async def work() -> Any:
        answer = always(ACCEPTED, 200, x_business_use_case_usage=header)
        async with Server(answer) as server, Graph(TOKEN, url=server.url) as graph:
            assert graph.usage == {}
            await graph.send("1", REQUEST)
            return graph.usage

    assert run(work()) == {"1021": (Usage("whatsapp", 40, 5),), "x": ()}
    assert parse_usage("{") == {}


def test_pages_follow_next_past_an_empty_page_without_its_token_and_host() -> None:
    pages: list[dict[str, Any]] = [
        {"data": [{"id": "1"}], "paging": {"next": "https://evil.example/v1.0/9/x?limit=25&after=A&access_token=LEAK"}},
        {"data": [], "paging": {"next": "https://graph.facebook.com/v25.0/1/x?limit=25&after=B&access_token=LEAK"}},
        {"data": [{"id": "2"}, 7], "paging": {"cursors": {"after": "C"}}},
    ]

    async def work() -> tuple[list[str], list[Asked]]:
        async with Server(in_turn(*pages)) as server, Graph(TOKEN, url=server.url) as graph:
            found = [str(one["id"]) async for one in graph.pages("1/x", params={"fields": "id", "limit": 25})]
            return found, server.asked

    found, asked = run(work())
    assert found == ["1", "2"]
    assert [(one.path, one.query.get("after"), one.query["fields"]) for one in asked] == [
        ("/v25.0/1/x", None, "id"),
        ("/v25.0/1/x", "A", "id"),
        ("/v25.0/1/x", "B", "id"),
    ]
    assert not any("access_token" in one.query for one in asked)


def test_a_list_that_goes_in_circles_ends() -> None:
    page = {"data": [{"id": "1"}], "paging": {"next": "https://graph.facebook.com/v25.0/1/x?after=A"}}

    async def work() -> int:
        async with Server(in_turn(page)) as server, Graph(TOKEN, url=server.url) as graph:
            return len([one async for one in graph.pages("1/x")])

    assert run(work()) == 2


def test_using_a_graph_that_is_not_open_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        run(Graph(TOKEN).send("1", REQUEST))
