"""How often one may ask: strangers by address, people by user, sensitive routes by both address and route.

A login that was found good is remembered by its digest for a while, so that a crowd of strangers behind one address
does not shut out the colleagues who sit there too. Counters are memory of this process.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict

from pytake_cli.api.visitors import MOST_REMEMBERED, Limit
from pytake_cli.errors import TooOften

STRANGERS = 100  # requests a minute and address (IPv6: /64) that show no login known to be good
PEOPLE = 1000  # requests a minute and user, over all paths
SENSITIVE = 10  # requests a minute, address and route where passwords or tokens are tried
KNOWN_SECONDS = 15 * 60.0  # as long as an access token lives


class Limits:
    """All counters of one daemon; `now` is monotonic."""

    def __init__(self, strangers: int = STRANGERS, people: int = PEOPLE, sensitive: int = SENSITIVE) -> None:
        self._strangers = Limit(strangers)
        self._people = Limit(people)
        self._sensitive = Limit(sensitive)
        self._known: OrderedDict[bytes, float] = OrderedDict()  # digest of a good login -> until when it is one

    def came(self, visitor: str, bearer: bytes, now: float) -> None:
        """Counts a request against its address, unless its login is known; raises TooOften."""
        if bearer and self._known.get(_digest(bearer), 0.0) > now:
            return
        _count(self._strangers, visitor, now)

    def signed_in(self, user: str, bearer: bytes, now: float) -> None:
        """Counts a request against its user, and remembers the login; raises TooOften."""
        digest = _digest(bearer)
        self._known[digest] = now + KNOWN_SECONDS
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        _count(self._people, user, now)

    def refused(self, bearer: bytes) -> None:
        """The login is good no longer."""
        self._known.pop(_digest(bearer), None)

    def tried(self, visitor: str, route: str, now: float) -> None:
        """Counts a try at a sensitive route; raises TooOften."""
        _count(self._sensitive, f"{visitor} {route}", now)


def _count(limit: Limit, who: str, now: float) -> None:
    if limit.exceeded(who, now):
        raise TooOften(
            "PT-API-RATE",
            "too many requests; come back in {seconds} s",
            fix="wait {seconds} s",
            seconds=math.ceil(limit.wait(who, now)) or 1,
        )


def _digest(bearer: bytes) -> bytes:
    return hashlib.sha256(bearer).digest()
