"""The engine's port: whoever implements it hears pokes and runs their handlers, whatever carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from pytake_cli.store.work import Lane, Waker

# Gets the key and the lane of a poke ("journal" has the key ""), drains what it finds, and may run any number of times.
Handler = Callable[[str, Lane], Awaitable[None]]


class Engine(Waker, Protocol):
    """Runs handlers for pokes: each (kind, key) once at a time per lane, again if poked while it ran.

    A poke is a hint. Handlers look at rows, take them by claims, and never rely on an engine's locks.
    """

    def poke(self, kind: str, key: str = "", lane: Lane = "live", *, delay: float = 0.0) -> None:
        """Wakes a handler, after `delay` seconds; from any thread."""

    async def run(self, handlers: Mapping[str, Handler]) -> None:
        """Works until `stop`; raises what should never happen."""

    async def stop(self, seconds: float) -> None:
        """Starts no more handlers and gives the running ones `seconds` to finish."""
