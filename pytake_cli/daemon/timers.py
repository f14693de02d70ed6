"""Timers of flows, and snoozes: fires what is due, one at a time, whether or not a message comes."""

from __future__ import annotations

import asyncio

from pytake_cli import clock
from pytake_cli.services import flow_timers, talks
from pytake_cli.store import Store
from pytake_cli.store.work import Lane


class Timers:
    """The handler of `timer`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fired = 0

    async def handle(self, key: str, lane: Lane) -> None:
        """Fires every timer that is due, and wakes the conversations whose snooze is over."""
        await asyncio.to_thread(talks.wake_due, self._store, clock.now())
        self.fired += await asyncio.to_thread(flow_timers.fire_due, self._store, clock.now())
