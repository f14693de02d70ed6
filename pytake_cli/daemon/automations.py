"""Automations: reads what happened and does what is due, beside the lanes that answer people."""

from __future__ import annotations

import asyncio
from datetime import datetime

from pytake_cli import clock
from pytake_cli.daemon.engine import Engine
from pytake_cli.services import automation_events, automation_runs
from pytake_cli.store import Store
from pytake_cli.store import automations as rows
from pytake_cli.store.ahead import Ahead
from pytake_cli.store.events import event
from pytake_cli.store.work import Lane

DUE = "due"
GATHER_SECONDS = 0.05  # what happens meanwhile is read at once
DOUBT_SECONDS = 0.02  # until the next look, while somebody still writes what an event waits for


class Automations:
    """The handler of `automation`. Hears of every event of this daemon, and of due runs by the sweep."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._ahead = Ahead(event)
        self._any = True  # whether anybody had an automation at the last sweep
        self.fired = 0

    async def handle(self, key: str, lane: Lane) -> None:
        done = await asyncio.to_thread(automation_runs.work, self._store, clock.now(), self._ahead)
        self.fired += done.fired
        if done.in_doubt:
            self._engine.poke("automation", DUE, "report", delay=DOUBT_SECONDS)

    def heard(self) -> None:
        """Something was written."""
        if self._any:
            self._engine.poke("automation", DUE, "report", delay=GATHER_SECONDS)

    def sweep(self, now: datetime) -> None:
        """Pokes for what is due, and for what no poke told of; where nobody has an automation nothing does."""
        with self._store.read() as db:
            self._any = rows.any_enabled(db)
            is_due = self._any and automation_events.is_due(db, now)
        if is_due:
            self._engine.poke("automation", DUE, "report")
