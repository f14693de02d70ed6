"""Token buckets: how fast a number may send, leased in small lots so that one row serves thousands a second."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session

from pytake_cli.store.rows import Row, time


class RateBucket(Row, table=True):
    __tablename__ = "rate_bucket"

    key: str = Field(primary_key=True)  # "number:7"
    tokens: float
    rate_per_second: float
    burst: float
    updated_at: datetime = time()


def take(
    db: Session, key: str, want: int, *, rate_per_second: float, burst: float, reserve: float, now: datetime
) -> int:
    """Takes up to `want` tokens and leaves `reserve` for more urgent lanes; returns how many it got."""
    bucket = db.get(RateBucket, key, with_for_update=True)
    if bucket is None:
        bucket = RateBucket(key=key, tokens=burst, rate_per_second=rate_per_second, burst=burst, updated_at=now)
        db.add(bucket)
    elapsed = max(0.0, (now - bucket.updated_at).total_seconds())  # a clock set back adds nothing
    bucket.tokens = min(burst, bucket.tokens + elapsed * bucket.rate_per_second)
    bucket.rate_per_second = min(rate_per_second, bucket.rate_per_second * (1 + 0.05 * elapsed / 60) + 0.01 * elapsed)
    bucket.burst = burst
    bucket.updated_at = now
    taken = max(0, min(want, int(bucket.tokens - reserve)))
    bucket.tokens -= taken
    return taken


def slow_down(db: Session, key: str, now: datetime) -> None:
    """Halves the rate (Meta said "too fast") and empties the bucket; `take` lets the rate grow back by 5 % a minute."""
    bucket = db.get(RateBucket, key, with_for_update=True)
    if bucket is not None:
        bucket.rate_per_second = max(1.0, bucket.rate_per_second / 2)
        bucket.tokens = 0.0
        bucket.updated_at = now
