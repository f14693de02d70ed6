"""How a number behaves when Meta cannot be reached: pauses that grow, then one message until one gets through."""

from __future__ import annotations

from dataclasses import dataclass

from pytake_cli import clock

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds


@dataclass(slots=True)
class Trouble:
    """`most` is how many requests may be open in good times. Times are monotonic."""

    most: int
    allowed: int = 0
    failures: int = 0
    until: float = 0.0

    def __post_init__(self) -> None:
        self.allowed = self.most

    def failed(self, now: float) -> None:
        """Notes a failure of the transport; those of requests that were open together count as one."""
        if now < self.until:
            return
        self.until = now + clock.jitter(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.failures, 10)))
        self.failures += 1
        self.allowed = 1

    def worked(self) -> None:
        """Notes that Meta answered."""
        self.failures = 0
        if self.allowed < self.most:
            self.allowed = min(self.most, self.allowed * 2)

    def pause_seconds(self, now: float) -> float:
        return max(0.0, self.until - now)
