"""Faults on purpose, and what a client sees of them; what was accepted is told by the ledger."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest

from tests.emulator.stage import CUSTOMER, NUMBER, Stage, stage


async def send(it: Stage, timeout_seconds: float = 0.5) -> Any:
    """HTTP status and text, or the name of what went wrong."""
    body = {
        "messaging_product": "whatsapp",
        "to": CUSTOMER,
        "type": "text",
        "text": {"body": "x"},
        "biz_opaque_callback_data": "k",
    }
    url = f"{it.emulator.url}/v25.0/{NUMBER}/messages"
    try:
        async with it.client.post(url, json=body, timeout=aiohttp.ClientTimeout(total=timeout_seconds)) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("kind", "outcome", "accepted"),
    [
        ("reset", "ServerDisconnectedError", 0),
        ("lost", "ServerDisconnectedError", 1),
        ("half", "ClientPayloadError", 1),
        ("hang", "TimeoutError", 0),
        ("hang_after", "TimeoutError", 1),
        ("html", 502, 0),
        ("html_after", 502, 1),
        ("empty", 500, 0),
        ("no_id", 200, 1),
    ],
)
async def test_each_kind_of_fault(kind: str, outcome: str | int, accepted: int) -> None:
    async with stage() as it:
        await it.say()
        await it.control("faults", kind=kind, count=1)
        result = await send(it)
        assert (result if isinstance(result, str) else result[0]) in (
            outcome,
            "ClientOSError" if outcome != "TimeoutError" else outcome,
        )
        assert (await it.look("ledger/stats"))["accepted"] == accepted
        if kind in ("html", "html_after"):
            assert "<html>" in result[1]
        assert (await send(it))[0] == 200


async def test_errors_by_code_count_and_status() -> None:
    async with stage() as it:
        await it.say()
        await it.control("faults", kind="error", code=130429, http=429, count=2)
        assert [(await send(it))[0] for _ in range(3)] == [429, 429, 200]
        await it.control("faults", kind="error", code=131000, probability=0.5)
        results = [(await send(it))[0] for _ in range(30)]
        assert {200, 500} == set(results)
        found = (await it.look("faults"))["faults"]
        assert found[0]["hits"] == results.count(500)
        async with it.client.delete(f"{it.emulator.url}/_emulator/faults") as answer:
            assert await answer.json() == {"removed": 1}


async def test_faults_can_be_for_some_recipients_or_edges_only() -> None:
    async with stage() as it:
        await it.say()
        await it.control("faults", kind="error", code=131016, to="+5521")
        assert (await send(it))[0] == 200
        await it.refused(131016, "text", {"body": "x"}, to="+5521999990001")
        await it.control("faults", kind="error", code=2, edge="message_templates")
        assert (await it.graph("GET", "1000000000001/message_templates"))[0] == 503
        await it.control("faults", kind="fail", code=131036, to="5511")
        await send(it)
        await it.receiver.until(lambda: any(one["status"] == "failed" for one in it.receiver.statuses))


async def test_latency_has_a_distribution() -> None:
    async with stage(latency="30ms") as it:
        await it.say()
        started = time.monotonic()
        await send(it)
        assert time.monotonic() - started >= 0.03
        await it.control("config", latency="0")
        await it.control("faults", kind="latency", delay="60ms..90ms", count=1)
        started = time.monotonic()
        await send(it)
        assert time.monotonic() - started >= 0.06


async def test_a_magic_number_loses_the_answer() -> None:
    async with stage(magic=True) as it:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "to": "+5511900000999", "type": "template"}
        body["template"] = {"name": "hello_world", "language": {"code": "en_US"}}
        with pytest.raises(aiohttp.ClientError):
            await it.client.post(f"{it.emulator.url}/v25.0/{NUMBER}/messages", json=body)
        assert (await it.look("ledger"))["messages"][0]["to"] == "5511900000999"
