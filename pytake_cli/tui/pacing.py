"""How often something is done: some at once while there was quiet, then one by one."""

from __future__ import annotations

import time


class Allowance:
    """Lets `most` through at once and then one every `seconds`; what is not used is saved up."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._saved, self._at = float(most), time.monotonic()

    def wait(self, keep: int = 0) -> float:
        """Seconds until one may go and `keep` are left for what is more urgent."""
        return max(0.0, (1 + keep - self._count()) * self._seconds)

    def take(self) -> None:
        self._saved = max(0.0, self._count() - 1)

    def _count(self) -> float:
        now = time.monotonic()
        self._saved = min(self._most, self._saved + (now - self._at) / self._seconds)
        self._at = now
        return self._saved
