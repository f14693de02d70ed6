"""A conversation with Meta from a command: a Graph of the settings, and the waiting said aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pytake_cli import nearby, secrets
from pytake_cli.cli.context import context
from pytake_cli.cli.output import say
from pytake_cli.errors import ConfigError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.whatsapp.client import Graph

Answer = TypeVar("Answer")
META = "https://graph.facebook.com"


def ask(token: str, question: Callable[[Graph], Awaitable[Answer]], *, quiet: bool = False) -> Answer:
    """Runs `question` with an open Graph; no transaction may be open meanwhile."""
    from pytake_cli.whatsapp.client import Graph

    graph_settings = context().settings.whatsapp
    url = nearby.graph_url()
    if not quiet:
        if url == META:
            say(_("Talking to Meta…"))
        else:
            say(_("Talking to {url}…").format(url=url))

    async def conversation() -> Answer:
        async with Graph(
            token,
            url=url,
            version=graph_settings.version,
            connect_timeout=graph_settings.connect_timeout_seconds,
            read_timeout=min(graph_settings.read_timeout_seconds, context().timeout_seconds),
        ) as graph:
            return await question(graph)

    return asyncio.run(conversation())


def token_of(phone_number_id: str) -> str:
    """The number's access token, or how to set it."""
    token = secrets.get("access_token", phone_number_id)
    if token is None:
        raise ConfigError(
            "PT-NUMBER-TOKEN",
            "there is no access token for the number {id}",
            fix="pytake secret set access_token - --scope {id}",
            id=phone_number_id,
        )
    return token
