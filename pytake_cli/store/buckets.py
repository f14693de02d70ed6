"""Token buckets: how fast a number may send, leased in small lots so that one row serves thousands a second."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session

from pytake_cli.store.rows import Row, insert, time
from pytake_cli.store.types import UtcTime

SLOWEST = 1 / 64  # of the number's rate, after repeated complaints of Meta's
RECOVERY_PER_SECOND = 0.1  # of the rate, so that a number is back within 10 s of Meta's last complaint
BREAK_SECONDS = 0.5  # nothing goes out after a complaint: longer than the requests that were open with it take


class RateBucket(Row, table=True):
    __tablename__ = "rate_bucket"

    key: str = Field(primary_key=True)  # "number:7"
    tokens: float
    share: float = 1.0  # of the allowed rate; halved when Meta says "too fast"
    updated_at: datetime = time()


bucket = RateBucket.__table__  # type: ignore[attr-defined]
_mine = bucket.c.key == sa.bindparam("of_key")
_READ = sa.select(bucket.c.tokens, bucket.c.share, bucket.c.updated_at).where(_mine).with_for_update()
_WRITE = (
    sa.update(bucket)
    .where(_mine)
    .values(
        tokens=sa.bindparam("left"), share=sa.bindparam("of_rate"), updated_at=sa.bindparam("moment", type_=UtcTime)
    )
)
_ADD = sa.update(bucket).where(_mine).values(tokens=bucket.c.tokens + sa.bindparam("more"))


def take(db: Session, key: str, want: int, *, rate: float, burst: float, reserve: float, now: datetime) -> int:
    """Takes up to `want` tokens (`rate` a second, at most `burst` saved) and leaves `reserve` for more urgent lanes."""
    run = db.connection().execute
    found = run(_READ, {"of_key": key}).first()
    if found is None:
        full = insert(db, bucket).values(key=key, tokens=burst, share=1.0, updated_at=now)
        run(full.on_conflict_do_nothing())  # another lane may be at it
        found = run(_READ, {"of_key": key}).one()
    elapsed = max(0.0, (now - found.updated_at).total_seconds())  # a clock set back adds nothing
    tokens = min(burst, found.tokens + elapsed * rate * found.share)
    taken = max(0, min(want, int(tokens - reserve)))
    share = min(1.0, found.share + RECOVERY_PER_SECOND * elapsed)
    run(_WRITE, {"of_key": key, "left": tokens - taken, "of_rate": share, "moment": now})
    return taken


def give_back(db: Session, key: str, tokens: int) -> None:
    """Returns what a lease did not use."""
    if tokens:
        db.connection().execute(_ADD, {"of_key": key, "more": tokens})


def slow_down(db: Session, key: str, *, rate: float, now: datetime) -> None:
    """Halves the number's share of its rate and holds it for a moment; `take` lets the share recover.

    The requests that were open together are refused together: what comes while the number is held counts no more.
    """
    found = db.connection().execute(_READ, {"of_key": key}).first()
    if found is None or found.tokens < 0:
        return
    share = max(SLOWEST, found.share / 2)
    held = {"left": -BREAK_SECONDS * rate * share, "of_rate": share, "moment": now}
    db.connection().execute(_WRITE, {"of_key": key, **held})
