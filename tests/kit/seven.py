"""The screens beside the inbox with a fake API behind them, a connection that stands still, and a clock that does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytake_cli.tui
from pytake_cli.tui.app import InboxApp
from pytake_cli.tui.live import Live
from pytake_cli.tui.options import Options
from tests.kit.api_answers import FakeApi

NOW = datetime(2026, 11, 24, 1, 11, 48, tzinfo=UTC)
ME = {
    "id": 3, "name": "ana", "kind": "session", "role": "ORG_ADMIN", "permissions": ["*"], "availability": "online",
    "org": {"id": 1, "slug": "loja-sul", "name": "loja-sul", "tz": "America/Sao_Paulo", "lang": "pt_BR"},
}  # fmt: skip


STILL = Options(zone=ZoneInfo("America/Sao_Paulo"), theme="pytake-dark")


class StillLive(Live):
    """The wire at its transport: connected at once, and then silent until a test says something."""

    async def _connection(self) -> None:
        self._frame({"type": "ready", "cursor": 1, "missed": 0, "now": "2026-11-24T01:11:48Z", "viewers": []})
        await asyncio.Event().wait()


class Seven(InboxApp):
    """The inbox opened at one of its numbered screens."""

    CSS_PATH = str(Path(pytake_cli.tui.__file__).parent / "pytake.tcss")

    def __init__(self, api: FakeApi, place: str, *, language: str = "en", options: Options | None = None) -> None:
        self.DEFAULT_MODE = place  # type: ignore[misc]  # what Textual opens first
        super().__init__(api.client(language), options or STILL)
        self.api = api
        live = self.live
        self.live = StillLive(
            self.client.url,
            self.client.login,
            on_event=live._on_event,
            on_rows=live._on_rows,
            on_tail=live._on_tail,
            on_ready=live._on_ready,
            on_link=live._on_link,
        )


def desk(**answers: Any) -> FakeApi:
    """An API that knows who is logged in, and what the test says."""
    return FakeApi({"GET /me": ME, "GET /views": {"items": []}, **answers})
