"""Automations: reads what happened and does what is due, beside the lanes that answer people."""

from __future__ import annotations

import asyncio

from pytake_cli import clock
from pytake_cli.services import automation_runs
from pytake_cli.store import Store
from pytake_cli.store.work import Lane

DUE = "due"


class Automations:
    """The handler of `automation`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fired = 0

    async def handle(self, key: str, lane: Lane) -> None:
        self.fired += await asyncio.to_thread(automation_runs.work, self._store, clock.now())
