"""Token buckets: how fast a number may send, leased in small lots so that one row serves thousands a second."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session

from pytake_cli.store.rows import Row, insert, time

SLOWEST = 1 / 64  # of the number's rate, after repeated complaints of Meta's
RECOVERY_PER_SECOND = 0.1  # of the rate, so that a number is back within 10 s of Meta's last complaint
BREAK_SECONDS = 0.5  # nothing goes out after a complaint: longer than the requests that were open with it take


class RateBucket(Row, table=True):
    __tablename__ = "rate_bucket"

    key: str = Field(primary_key=True)  # "number:7"
    tokens: float
    share: float = 1.0  # of the allowed rate; halved when Meta says "too fast"
    updated_at: datetime = time()


def take(db: Session, key: str, want: int, *, rate: float, burst: float, reserve: float, now: datetime) -> int:
    """Takes up to `want` tokens (`rate` a second, at most `burst` saved) and leaves `reserve` for more urgent lanes."""
    bucket = db.get(RateBucket, key, with_for_update=True)
    if bucket is None:
        full = insert(db, RateBucket.__table__).values(key=key, tokens=burst, share=1.0, updated_at=now)  # type: ignore[attr-defined]
        db.connection().execute(full.on_conflict_do_nothing())  # another lane may be at it
        bucket = db.get_one(RateBucket, key, with_for_update=True)
    elapsed = max(0.0, (now - bucket.updated_at).total_seconds())  # a clock set back adds nothing
    bucket.tokens = min(burst, bucket.tokens + elapsed * rate * bucket.share)
    bucket.share = min(1.0, bucket.share + RECOVERY_PER_SECOND * elapsed)
    bucket.updated_at = now
    taken = max(0, min(want, int(bucket.tokens - reserve)))
    bucket.tokens -= taken
    return taken


def give_back(db: Session, key: str, tokens: int) -> None:
    """Returns what a lease did not use."""
    bucket = db.get(RateBucket, key)
    if bucket is not None:
        bucket.tokens += tokens


def slow_down(db: Session, key: str, *, rate: float, now: datetime) -> None:
    """Halves the number's share of its rate and holds it for a moment; `take` lets the share recover.

    The requests that were open together are refused together: what comes while the number is held counts no more.
    """
    bucket = db.get(RateBucket, key, with_for_update=True)
    if bucket is None or bucket.tokens < 0:
        return
    bucket.share = max(SLOWEST, bucket.share / 2)
    bucket.tokens = -BREAK_SECONDS * rate * bucket.share
    bucket.updated_at = now
