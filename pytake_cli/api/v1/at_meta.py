"""What the API asks Meta while somebody waits for the answer; never while a transaction is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pytake_cli import nearby, secrets, settings
from pytake_cli.errors import Conflict, PytakeError
from pytake_cli.services import contact_blocking
from pytake_cli.services.contact_blocking import Place
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import blocklist
from pytake_cli.whatsapp.client import Graph

T = TypeVar("T")


def ask(phone_number_id: str, question: Callable[[Graph], Awaitable[T]]) -> T:
    """Runs `question` with an open Graph and the number's access token; Conflict while it has none."""
    token = secrets.get("access_token", phone_number_id)
    if token is None:
        raise Conflict(
            "PT-NUMBER-TOKEN",
            "there is no access token for the number {id}",
            fix="pytake secret set access_token - --scope {id}",
            id=phone_number_id,
        )
    config = settings.current().whatsapp

    async def conversation() -> T:
        async with Graph(
            token,
            url=nearby.graph_url(),
            version=config.version,
            connect_timeout=config.connect_timeout_seconds,
            read_timeout=config.read_timeout_seconds,
        ) as graph:
            return await question(graph)

    return asyncio.run(conversation())


def block(number: Number, places: Sequence[Place], blocked: bool) -> dict[str, Any]:
    """Has Meta block or unblock people for one number; what it refuses is told, for here it holds all the same."""
    act = blocklist.block if blocked else blocklist.unblock
    addresses = [each.address for each in places]
    told = {"number": number.display, "why": ""}
    try:
        result = ask(number.phone_number_id, lambda graph: act(graph, number.phone_number_id, addresses))
    except PytakeError as error:
        return {**told, "state": "not asked", "why": str(error)}
    if result.refused:
        return {**told, "state": "refused", "why": contact_blocking.plain_words(result.refused[0].error)}
    return {**told, "state": "done"}
