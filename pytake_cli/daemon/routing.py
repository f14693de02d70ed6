"""Routing: gives queued conversations to people as soon as anything changes; once a second by itself."""

from __future__ import annotations

import asyncio

from pytake_cli import clock
from pytake_cli.services import availability, rating_questions, routing, sla
from pytake_cli.store import Store
from pytake_cli.store.work import Lane


class Routing:
    """The handler of `route:<organisation>`, and the tick that finds what no poke told of."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, key: str, lane: Lane) -> None:
        await asyncio.to_thread(routing.route, self._store, int(key), clock.now())

    def look(self) -> None:
        """Whoever closed the inbox is offline; everything that can be is given, and what was promised is watched."""
        now = clock.now()
        with self._store.read() as db:
            someone_is_gone = availability.someone_is_gone(db, now)
        if someone_is_gone:
            with self._store.write() as db:
                availability.gone(db, now)
        routing.route_all(self._store, now)
        sla.keep(self._store, now)
        rating_questions.ask_due(self._store, now)
