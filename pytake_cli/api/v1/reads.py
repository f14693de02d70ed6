"""Who looked at whose data: gathered in memory and written into the audit log every few seconds.

The same look by the same person counts once in ten minutes; a crash loses what of the last seconds was not written.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import datetime, timedelta

from pytake_cli.errors import StoreUnavailable
from pytake_cli.services import audit
from pytake_cli.services.principals import Principal
from pytake_cli.store import Store

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
SAME = timedelta(minutes=10)
MOST = 10_000  # looks that are remembered

Look = tuple[Principal, str, str, datetime]


class Reads:
    """The looks of one process."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int | None, str, str, str], datetime] = {}
        self._waiting: list[Look] = []
        self._lock = threading.Lock()

    def note(self, who: Principal, action: str, target: str, now: datetime) -> None:
        key = (who.org_id, who.user_id, who.name, action, target)
        with self._lock:
            before = self._seen.get(key)
            if before is not None and now - before < SAME:
                return
            if len(self._seen) >= MOST:
                self._seen.clear()
            self._seen[key] = now
            self._waiting.append((who, action, target, now))

    def write(self, store: Store) -> int:
        """Writes what waits; returns how many that were."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        if not taken:
            return 0
        try:
            with store.write() as db:
                for who, action, target, at in taken:
                    audit.note(db, who, action, target, now=at)
        except StoreUnavailable:
            with self._lock:
                self._waiting = taken + self._waiting
            raise
        return len(taken)

    async def run(self, store: Store) -> None:
        """Writes for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await asyncio.to_thread(self.write, store)
            except StoreUnavailable as error:
                log.warning("reads wait for the store", extra={"reason": str(error)})
