"""Campaigns: moves a running one on, a chunk at a time, and launches what recurring ones have due."""

from __future__ import annotations

import asyncio
from datetime import datetime

from pytake_cli import clock
from pytake_cli.daemon.engine import Engine
from pytake_cli.services import campaign_feed, campaign_launch, campaign_series, campaigns
from pytake_cli.services.campaign_quota import Quotas
from pytake_cli.store import Store
from pytake_cli.store.work import Lane


class Campaigns:
    """Rows say what is to be done; only what is left of Meta's quota is remembered for some seconds."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._quotas = Quotas()

    async def handle(self, key: str, lane: Lane) -> None:
        wait = await asyncio.to_thread(campaign_feed.step, self._store, int(key), clock.now(), self._quotas)
        if wait is not None:
            self._engine.poke("campaign", key, lane, delay=wait)

    async def handle_series(self, key: str, lane: Lane) -> None:
        """Launches what recurring campaigns have due."""
        await asyncio.to_thread(campaign_series.launch_due, self._store, clock.now())

    def sweep(self, now: datetime) -> list[int]:
        """Campaigns that want a look, in case their poke was lost."""
        with self._store.read() as db:
            return campaigns.due(db, now, frozen_before=now - campaign_launch.DEAD_AFTER)
