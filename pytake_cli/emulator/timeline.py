"""The emulator's own clock, which can be frozen, moved and sped up, and everything that waits for it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

from pytake_cli import clock

TICK = 0.002  # seconds; timers that fall into one tick run together
Call = Callable[..., None]  # gets the moment it was due, then its own arguments


class Timeline:
    """Seconds since 1970 by the emulator's clock, and one heap of calls that are due at some moment of it."""

    def __init__(self, start_at: float | None = None) -> None:
        self.speed = 1.0
        self.frozen = False
        self._base = clock.now().timestamp() if start_at is None else start_at
        self._since = clock.monotonic()
        self._heap: list[tuple[float, int, Call, tuple[Any, ...]]] = []
        self._count = 0
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")
        self._running = False

    def now(self) -> float:
        if self.frozen:
            return self._base
        return self._base + (clock.monotonic() - self._since) * self.speed

    def at(self, due: float, call: Call, *arguments: Any) -> None:
        """Calls `call(due, *arguments)` once the clock reaches `due`."""
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, call, arguments))
        if due < self._armed_for:
            self._arm()

    def waiting(self) -> int:
        return len(self._heap)

    def busy(self, horizon: float) -> bool:
        """True while something is due within so many seconds."""
        return bool(self._heap) and self._heap[0][0] <= self.now() + horizon

    def start(self) -> None:
        self._running = True
        self._arm()

    def stop(self) -> None:
        self._running = False
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._armed_for = None, float("inf")

    def clear(self) -> None:
        self._heap.clear()
        self._arm()

    def freeze(self, at: float | None = None) -> None:
        self._rebase(at)
        self.frozen = True
        self._arm()

    def resume(self, speed: float = 1.0) -> None:
        """Lets time pass again, `speed` times as fast as outside."""
        self._rebase(None)
        self.frozen, self.speed = False, speed
        self._arm()

    def advance(self, by: float) -> None:
        """Moves the clock; what falls due on the way happens in order, each at its own moment."""
        target = self.now() + by
        self._rebase(target)
        self.run_due()

    def run_due(self) -> None:
        """Calls what is due; timers set meanwhile do not arm anything of their own."""
        now, heap = self.now(), self._heap
        self._armed_for = float("-inf")
        try:
            while heap and heap[0][0] <= now:
                due, _, call, arguments = heapq.heappop(heap)
                call(due, *arguments)
        finally:
            self._arm()

    def _rebase(self, to: float | None) -> None:
        self._base = self.now() if to is None else to
        self._since = clock.monotonic()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._armed_for = None, float("inf")
        if not self._running or self.frozen or not self._heap:
            return
        self._armed_for = self._heap[0][0]
        delay = max((self._armed_for - self.now()) / self.speed, TICK)
        self._handle = asyncio.get_running_loop().call_later(delay, self.run_due)
