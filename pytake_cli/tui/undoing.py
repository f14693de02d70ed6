"""What a person did and can take back: the last thing for ten seconds, and what a hurried word did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytake_cli.tui.client import Client
from pytake_cli.tui.safe import Safe

UNDO_SECONDS = 10.0
LOOK_SECONDS = 0.02  # between looks whether the server has answered
MOST_KEPT = 5


@dataclass(frozen=True, slots=True)
class Undo:
    """Something that was done; the server takes it back by the number of its change or batch."""

    what: Safe
    change: int | None
    batch: int | None
    at: float  # monotonic


class Undoing:
    """`with acting(): …; done(what, change=7)`, then `last()` within ten seconds, or `since(moment)`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lately: list[Undo] = []
        self._last: Undo | None = None
        self._acting = 0

    @contextmanager
    def acting(self) -> Iterator[None]:
        """While the server is asked to do something."""
        self._acting += 1
        try:
            yield
        finally:
            self._acting -= 1

    def done(self, what: Safe, change: int | None, batch: int | None) -> None:
        self._last = Undo(what, change, batch, time.monotonic())
        self._lately = [*self._lately[1 - MOST_KEPT :], self._last]

    @property
    def possible(self) -> bool:
        return self._last is not None and time.monotonic() < self._last.at + UNDO_SECONDS

    async def last(self) -> Safe | None:
        """Takes back the last thing; what it was, or None when it is too late."""
        undo = self._last if self.possible else None
        self._last = None
        if undo is None:
            return None
        await self._client.undo(change=undo.change, batch=undo.batch)
        return undo.what

    async def since(self, moment: float) -> None:
        """Takes back all that was done since a monotonic moment, the last thing first; what is on its way as well."""
        while self._acting:
            await asyncio.sleep(LOOK_SECONDS)
        while self._lately and self._lately[-1].at >= moment:
            undo = self._lately.pop()
            await self._client.undo(change=undo.change, batch=undo.batch)
        self._last = None
