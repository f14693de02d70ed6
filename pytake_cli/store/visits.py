"""Visits: how often somebody came within a minute, leased in lots to every daemon of one database."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session

from pytake_cli.store.rows import Row, insert, time

WINDOW = timedelta(minutes=1)
AT_ONCE = 500  # forgotten with one lot


class Visit(Row, table=True):
    """The visits of one minute, counted ahead."""

    __tablename__ = "visit"

    key: str = Field(primary_key=True)  # "address:203.0.113.7", "user:1/3"
    began_at: datetime = time(index=True)
    taken: int


visit = Visit.__table__  # type: ignore[attr-defined]


def take(db: Session, key: str, want: int, most: int, now: datetime) -> tuple[int, float]:
    """Takes up to `want` of `most` visits a minute; returns how many there were, and seconds until the minute ends."""
    over = visit.c.began_at <= now - WINDOW
    put = insert(db, visit).values(key=key, began_at=now, taken=want)
    counted = put.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "began_at": sa.case((over, now), else_=visit.c.began_at),
            "taken": sa.case((over, want), else_=visit.c.taken + want),
        },
    ).returning(visit.c.began_at, visit.c.taken)
    began_at, taken = db.connection().execute(counted).one()
    if taken == want:
        _forget_old(db, now)
    return max(0, min(want, most - taken + want)), max(0.0, (began_at + WINDOW - now).total_seconds())


def _forget_old(db: Session, now: datetime) -> None:
    """What other daemons hold just now is left to them: nobody waits here while holding a row."""
    old = sa.select(visit.c.key).where(visit.c.began_at <= now - WINDOW).limit(AT_ONCE)
    gone = old.with_for_update(skip_locked=True).subquery()
    db.connection().execute(sa.delete(visit).where(visit.c.key.in_(sa.select(gone.c.key))))
