"""A stage for tests: an emulator, a receiver for its webhooks, and a client that speaks to both APIs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from pytake_cli.emulator import Config, Emulator, defaults
from pytake_cli.emulator.world import World
from tests.emulator.receiver import Receiver

CUSTOMER = "+5511968184101"
NUMBER = defaults.PHONE_NUMBER_ID
WABA = defaults.WABA_ID


class Stage:
    """`graph` and `control` are calls with a token; answers are (HTTP status, JSON)."""

    def __init__(self, emulator: Emulator, receiver: Receiver, client: aiohttp.ClientSession) -> None:
        self.emulator, self.receiver, self.client = emulator, receiver, client

    @property
    def world(self) -> World:
        return self.emulator.world

    async def graph(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        url = path if path.startswith("http") else f"{self.emulator.url}/v25.0/{path}"
        async with self.client.request(method, url, **more) as answer:
            return answer.status, await answer.json(content_type=None)

    async def control(self, name: str, /, **body: Any) -> Any:
        async with self.client.post(f"{self.emulator.url}/_emulator/{name}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def look(self, name: str = "", /, **query: str) -> Any:
        async with self.client.get(f"{self.emulator.url}/_emulator/{name}", params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def send(self, kind: str = "text", content: Any = None, to: str = CUSTOMER, **more: Any) -> tuple[int, Any]:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "to": to, "type": kind}
        body[kind] = {"body": "olá"} if content is None else content
        return await self.graph("POST", f"{NUMBER}/messages", json=body | more)

    async def say(self, text: str = "oi", contact: str = CUSTOMER, **more: Any) -> Any:
        return await self.control("say", contact=contact, text=text, **more)

    async def refused(self, code: int, kind: str, content: Any, **more: Any) -> str:
        """Sends what must be refused with `code`; returns the details."""
        status, answer = await self.send(kind, content, **more)
        assert status >= 400, answer
        assert answer["error"]["code"] == code, answer
        return str(answer["error"].get("error_data", {}).get("details", ""))


def quick(**more: Any) -> Config:
    """Everything at once: statuses within milliseconds, a fixed seed."""
    config = Config(port=0, seed=7)
    config.apply({"sent_delay": "5ms", "delivered_delay": "5ms", "read_delay": "5ms", "played_delay": "5ms"} | more)
    return config


@asynccontextmanager
async def stage(**more: Any) -> AsyncIterator[Stage]:
    client = aiohttp.ClientSession(headers={"Authorization": "Bearer any"})
    async with (
        Receiver() as receiver,
        client,
        Emulator(
            quick(webhook_url=receiver.url) if not more else quick(**({"webhook_url": receiver.url} | more))
        ) as emulator,
    ):
        yield Stage(emulator, receiver, client)
