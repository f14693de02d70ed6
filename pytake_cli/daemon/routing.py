"""Routing: gives queued conversations to people as soon as anything changes; once a second by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from pytake_cli import clock
from pytake_cli.services import availability, rating_questions, routing, sla
from pytake_cli.store import Store, teams
from pytake_cli.store.work import Lane


class Routing:
    """The handler of `route:<organisation>`, and the tick that finds what no poke told of."""

    def __init__(self, store: Store, present: Callable[[], Collection[int]] = tuple) -> None:
        """`present` are the users whose inboxes are open."""
        self._store = store
        self._present = present
        self._with_teams: frozenset[int] | None = None  # organisations, as the last look found them

    async def handle(self, key: str, lane: Lane) -> None:
        if self._with_teams is None or int(key) in self._with_teams:
            await asyncio.to_thread(routing.route, self._store, int(key), clock.now())

    def look(self) -> None:
        """Whoever closed the inbox is offline; everything that can be is given, and what was promised is watched."""
        now = clock.now()
        present = self._present()
        with self._store.read() as db:
            self._with_teams = frozenset(teams.organisations(db))
            changes = availability.someone_is_gone(db, now) or availability.someone_came(db, present, now)
        if changes:
            with self._store.write() as db:
                for user_id in sorted(present):
                    availability.heard(db, user_id, now)
                availability.gone(db, now)
        routing.route_all(self._store, now)
        sla.keep(self._store, now)
        rating_questions.ask_due(self._store, now)
