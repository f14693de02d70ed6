"""Marks of erased people's numbers: nobody can read a number from one, but a number can be held against them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session

from pytake_cli.store.rows import Owned, insert, reference, time

AT_ONCE = 5_000  # digests in a query


class ErasedNumber(Owned, table=True):
    """`digest` is keyed with a secret that is not in the store: a stolen store tells no numbers."""

    __tablename__ = "erased_number"

    org_id: int = reference("organisation.id", primary_key=True)
    digest: str = Field(primary_key=True)
    at: datetime = time()


erased_number = ErasedNumber.__table__  # type: ignore[attr-defined]


def add(db: Session, org_id: int, digests: Collection[str], now: datetime) -> None:
    rows = [{"org_id": org_id, "digest": digest, "at": now} for digest in sorted(digests)]
    if rows:
        db.connection().execute(insert(db, erased_number).on_conflict_do_nothing(), rows)


def any_of(db: Session, org_id: int) -> bool:
    """Whether the organisation has erased anybody; most never do."""
    mine = sa.select(erased_number.c.digest).where(erased_number.c.org_id == org_id)
    return db.connection().execute(mine.limit(1)).first() is not None


def among(db: Session, org_id: int, digests: Collection[str]) -> set[str]:
    """Which of the digests are marked."""
    mine = sa.select(erased_number.c.digest).where(erased_number.c.org_id == org_id)
    found: set[str] = set()
    wanted = sorted(digests)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        found.update(db.connection().execute(mine.where(erased_number.c.digest.in_(some))).scalars())
    return found


def remove(db: Session, org_id: int, digests: Collection[str]) -> bool:
    """Lifts marks; False if there was none."""
    mine = (erased_number.c.org_id == org_id, erased_number.c.digest.in_(digests))
    return bool(db.connection().execute(sa.delete(erased_number).where(*mine)).rowcount)
