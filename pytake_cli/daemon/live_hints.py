"""Hints between the daemons of one PostgreSQL: that there are new events, and who is where. Losing one costs a second.

They go out together, some milliseconds later, in a transaction of their own: PostgreSQL makes commits with NOTIFY wait
for each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from pytake_cli import clock
from pytake_cli.errors import StoreUnavailable
from pytake_cli.store import Store
from pytake_cli.store.database import translated

log = logging.getLogger(__name__)

CHANNEL = "pytake_live"
GATHER_SECONDS = 0.01
AGAIN_SECONDS = 1.0  # until the next try to listen
MOST_CHARACTERS = 2000  # of one hint; PostgreSQL takes 7,999 bytes
_NOTIFY = sa.text("SELECT pg_notify(:channel, :words)")


@dataclass
class Hints:
    """`heard` gets what other daemons say, "" when nobody knows what was missed. On SQLite there is nobody else."""

    store: Store
    heard: Callable[[str], None]
    _me: str = field(default_factory=clock.new_id)
    _waiting: dict[str, None] = field(default_factory=dict)
    _sending: asyncio.Task[None] | None = None

    def tell(self, words: str) -> None:
        """Tells the others soon; the same words twice count once."""
        if self.store.is_sqlite or len(words) > MOST_CHARACTERS:
            return
        self._waiting[words] = None
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def run(self) -> None:
        """Listens for ever."""
        if self.store.is_sqlite:
            await asyncio.get_running_loop().create_future()
        import psycopg

        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("live hints are not heard", extra={"reason": type(error).__name__})
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self) -> None:
        import psycopg

        address = self.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self.heard("")
            async for told in connection.notifies():
                sender, _, words = told.payload.partition(" ")
                if sender != self._me:
                    self.heard(words)

    async def _send(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            words, self._waiting = list(self._waiting), {}
            with contextlib.suppress(StoreUnavailable):
                await asyncio.to_thread(self._notify, words)

    def _notify(self, words: list[str]) -> None:
        with translated(self.store), self.store.writer.begin() as connection:
            for each in words:
                connection.execute(_NOTIFY, {"channel": CHANNEL, "words": f"{self._me} {each}"})
