"""The inbox: takes what the intake journalled and applies it, in order, in transactions short enough for the intake.

While webhooks wait to become durable, the intake has the store, the longer the more of them there are: what is
journalled is safe and can be applied later, what is not has to be answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pytake_cli import clock
from pytake_cli.services import inbound
from pytake_cli.store import Store
from pytake_cli.store.work import Lane

SHORTEST, LONGEST = 10, 2000  # journal rows in a transaction
AIM_SECONDS = 0.02  # for a transaction: the intake waits behind it
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.002, 0.1  # for each that waits, and never longer than we worked
STATUSES_WAIT_SECONDS = 0.05  # for one another, or for a message: alone each costs six times as much


class Inbox:
    """The handler of `journal`."""

    def __init__(self, store: Store, *, waiting: Callable[[], int] = lambda: 0) -> None:
        self._store = store
        self._waiting = waiting
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._limit = inbound.BATCH_ROWS
        self._stopping = False
        self.rows = 0
        self.messages = 0
        self.statuses = 0
        self.quarantined = 0

    async def handle(self, key: str, lane: Lane) -> None:
        """Drains the journal."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = clock.monotonic()
            applied = await loop.run_in_executor(self._thread, self._drain)
            if applied.rows == 0:
                return
            seconds = clock.monotonic() - started
            self._adapt(applied.rows, seconds)
            self.rows += applied.rows
            self.messages += applied.messages
            self.statuses += applied.statuses
            self.quarantined += applied.quarantined
            if not applied.more:
                return  # what comes from now on is told of
            if others := self._waiting():
                await asyncio.sleep(min(seconds, others * PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))

    def stop(self) -> None:
        """Lets the transaction under way finish and begins no other."""
        self._stopping = True

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _drain(self) -> inbound.Applied:
        return inbound.drain(self._store, clock.now(), limit=self._limit)

    def _adapt(self, rows: int, seconds: float) -> None:
        """Messages cost ten times what statuses cost: the size of the next batch follows the time of the last."""
        if seconds > 2 * AIM_SECONDS:
            self._limit = max(SHORTEST, self._limit // 2)
        elif rows == self._limit and seconds < AIM_SECONDS:
            self._limit = min(LONGEST, self._limit + self._limit // 4 + 1)
