"""The thin path: a customer writes, the business answers, statuses come back, all over real sockets."""

from __future__ import annotations

from typing import Any

import aiohttp

from pytake_cli.emulator import Config, Emulator, defaults
from pytake_cli.emulator.durations import Delay
from tests.emulator.receiver import Receiver

SOON = Delay(0.005, 0.005)


def fast(url: str | None = None, **more: Any) -> Config:
    config = Config(port=0, webhook_url=url, seed=7, sent_delay=SOON, delivered_delay=SOON, read_delay=SOON)
    config.apply(more)
    return config


async def _round_trip() -> None:
    async with Receiver() as receiver, Emulator(fast(receiver.url)) as emulator:
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer any"}) as client:
            said = await client.post(f"{emulator.url}/_emulator/say", json={"contact": "+5511968184101", "text": "oi"})
            assert said.status == 200
            await receiver.until(lambda: len(receiver.messages) == 1)
            body = {"messaging_product": "whatsapp", "to": "+5511968184101", "type": "text", "text": {"body": "olá"}}
            body["biz_opaque_callback_data"] = "key/1"
            sent = await client.post(f"{emulator.url}/v25.0/{defaults.PHONE_NUMBER_ID}/messages", json=body)
            answer = await sent.json()
            await receiver.until(lambda: len(receiver.statuses) == 3)
    assert receiver.handshakes == 1
    assert receiver.bad_signatures == 0
    assert receiver.messages[0]["text"] == {"body": "oi"}
    assert answer["contacts"] == [{"input": "+5511968184101", "wa_id": "5511968184101"}]
    assert [status["status"] for status in receiver.statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in receiver.statuses} == {answer["messages"][0]["id"]}
    assert {status["biz_opaque_callback_data"] for status in receiver.statuses} == {"key/1"}


def test_a_customer_writes_and_the_answer_gets_all_its_statuses() -> None:
    import asyncio

    asyncio.run(_round_trip())
