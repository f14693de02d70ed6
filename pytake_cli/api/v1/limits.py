"""How often one may ask: strangers by address, people by user, sensitive routes by both address and route.

A login that was found good is remembered by its digest for a while, so that a crowd of strangers behind one address
does not shut out the colleagues who sit there too. Counters are memory of this process, or, where several daemons
serve one database, leases of what is counted there.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable

from pytake_cli.api.visitors import MOST_REMEMBERED, Limit
from pytake_cli.errors import TooOften

STRANGERS = 100  # requests a minute and address (IPv6: /64) that show no login known to be good
PEOPLE = 1000  # requests a minute and user, over all paths
SENSITIVE = 10  # requests a minute, address and route where passwords or tokens are tried
KNOWN_SECONDS = 15 * 60.0  # as long as an access token lives
LOTS = 10  # in which a daemon leases what one visitor may do: so few of a minute's requests ask the store

# (visitor, how many requests, the most a minute) -> how many of them may be, seconds until the minute ends
Take = Callable[[str, int, int], tuple[int, float]]


class SharedLimit:
    """As Limit, for all daemons of one database together."""

    def __init__(self, most: int, take: Take) -> None:
        self._most, self._lot, self._take = most, max(1, most // LOTS), take
        self._leases: OrderedDict[str, tuple[int, float, bool]] = OrderedDict()  # left, until when, nothing follows
        self._lock = threading.Lock()

    def exceeded(self, visitor: str, now: float) -> bool:
        """Counts one event; True when it was one too many. Every tenth or so asks the store."""
        with self._lock:
            left, until, last = self._lease(visitor, now)
            if left or last:
                self._leases[visitor] = max(0, left - 1), until, last
                return not left
        granted, seconds = self._take(visitor, self._lot, self._most)
        with self._lock:
            left, _, _ = self._lease(visitor, now)
            self._leases[visitor] = max(0, left + granted - 1), now + seconds, granted < self._lot
            self._leases.move_to_end(visitor)
            if len(self._leases) > MOST_REMEMBERED:
                self._leases.popitem(last=False)
        return not granted

    def wait(self, visitor: str, now: float) -> float:
        """Seconds until this visitor may come again; 0 if at once. Counts nothing."""
        left, until, last = self._lease(visitor, now)
        return until - now if last and not left else 0.0

    def _lease(self, visitor: str, now: float) -> tuple[int, float, bool]:
        found = self._leases.get(visitor)
        return found if found is not None and now < found[1] else (0, 0.0, False)


class Limits:
    """All counters of one daemon; `now` is monotonic. With `take` they are one with those of other daemons."""

    def __init__(
        self,
        strangers: int = STRANGERS,
        people: int = PEOPLE,
        sensitive: int = SENSITIVE,
        take: Take | None = None,
    ) -> None:
        self._strangers, self._people, self._sensitive = (
            Limit(most) if take is None else SharedLimit(most, take) for most in (strangers, people, sensitive)
        )
        self._known: OrderedDict[bytes, float] = OrderedDict()  # digest of a good login -> until when it is one

    async def came(self, visitor: str, bearer: bytes, now: float) -> None:
        """Counts a request against its address, unless its login is known; raises TooOften."""
        if bearer and self._known.get(_digest(bearer), 0.0) > now:
            return
        if isinstance(self._strangers, SharedLimit):
            await asyncio.to_thread(_count, self._strangers, f"address:{visitor}", now)
        else:
            _count(self._strangers, f"address:{visitor}", now)

    def signed_in(self, user: str, bearer: bytes, now: float) -> None:
        """Counts a request against its user, and remembers the login; raises TooOften."""
        self.knows(bearer, now)
        _count(self._people, f"user:{user}", now)

    def knows(self, bearer: bytes, now: float) -> None:
        """The login is good."""
        digest = _digest(bearer)
        self._known[digest] = now + KNOWN_SECONDS
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def refused(self, bearer: bytes) -> None:
        """The login is good no longer."""
        self._known.pop(_digest(bearer), None)

    def tried(self, visitor: str, route: str, now: float) -> None:
        """Counts a try at a sensitive route; raises TooOften."""
        _count(self._sensitive, f"try:{visitor} {route}", now)


def _count(limit: Limit | SharedLimit, who: str, now: float) -> None:
    if limit.exceeded(who, now):
        raise TooOften(
            "PT-API-RATE",
            "too many requests; come back in {seconds} s",
            fix="wait {seconds} s",
            seconds=math.ceil(limit.wait(who, now)) or 1,
        )


def _digest(bearer: bytes) -> bytes:
    return hashlib.sha256(bearer).digest()
