"""How fast a number may send: to everybody (throughput) and to one person (the pair limit)."""

from __future__ import annotations

from datetime import datetime, timedelta

HEADROOM = 0.9  # Meta counts incoming messages into a number's throughput as well
BURST_SECONDS = 0.1  # of the rate may go out at once: any second then holds at most 100 % of Meta's figure
LIVE_RESERVE = 0.25  # of the bucket is kept from campaigns for people who wait


def sending_rate(throughput_per_second: int) -> float:
    return max(1.0, throughput_per_second * HEADROOM)


def burst(rate_per_second: float) -> float:
    return max(4.0, rate_per_second * BURST_SECONDS)


def reserve(burst_size: float, *, live: bool) -> float:
    return 0.0 if live else burst_size * LIVE_RESERVE


def pair_horizon(now: datetime, interval_seconds: float, burst_size: int) -> datetime:
    """A pair may send while its `free_at` is not later than this: 1 per 6 s, up to 45 borrowed from the future."""
    return now + timedelta(seconds=interval_seconds * (burst_size - 1))


def next_pair_free_at(free_at: datetime | None, now: datetime, interval_seconds: float) -> datetime:
    """The pair's `free_at` after one more message (generic cell rate algorithm)."""
    return max(free_at or now, now) + timedelta(seconds=interval_seconds)
