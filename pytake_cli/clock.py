"""The only source of time and chance: now(), monotonic(), look(), new_id(), token(), chance(), jitter()."""

from __future__ import annotations

import os
import random
import secrets as _secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

JUMP_SECONDS = 3600.0

_offset = timedelta(seconds=float(os.environ.get("PYTAKE_CLOCK_OFFSET", "0")))  # seconds; for demonstrations and tests
_random = random.Random()  # noqa: S311 - spreads retries, guards nothing


def now() -> datetime:
    """The present, aware and in UTC. Taken once at the entry of a use case and passed down."""
    return datetime.now(UTC) + _offset


def shift(by: timedelta) -> None:
    """Moves this process's wall clock; the monotonic one stays. Tests of clock jumps use it."""
    global _offset
    _offset += by


def monotonic() -> float:
    """Seconds that never jump; for timeouts and durations."""
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Look:
    """Two clocks seen at one moment; `agrees()` tells later whether they have gone on together."""

    wall: datetime
    running: float  # seconds that nobody can set, time asleep among them where the system counts it

    def agrees(self) -> bool:
        """False when the wall clock has been set by more than an hour since: then it proves nothing by itself."""
        since = look()
        return abs((since.wall - self.wall).total_seconds() - (since.running - self.running)) < JUMP_SECONDS


def look() -> Look:
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return Look(now(), time.monotonic() if boot is None else time.clock_gettime(boot))


def new_id() -> str:
    """32 hex characters, unique without asking anybody."""
    return _secrets.token_hex(16)


def token(size_bytes: int = 32) -> str:
    """URL-safe text that cannot be guessed; for tokens and claims."""
    return _secrets.token_urlsafe(size_bytes)


def chance() -> float:
    """A random number from 0 to 1, for whatever is decided by lot."""
    return _random.random()


def jitter(seconds: float) -> float:
    """A random delay between half of `seconds` and all of it, so that retries do not come in step."""
    return seconds * _random.uniform(0.5, 1.0)
