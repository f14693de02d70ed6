"""Canned replies: texts that agents insert by a key, the organisation's and everybody's own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col, select

from pytake_cli.store.rows import Owned, json, primary_key, reference, time
from pytake_cli.store.types import BigId

SHARED = 0  # as an owner: everybody's


class Canned(Owned, table=True):
    __tablename__ = "canned"
    __table_args__ = (UniqueConstraint("org_id", "owner_id", "key"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    owner_id: int = Field(default=SHARED, sa_type=BigId)  # a user's id, or SHARED
    key: str  # what is typed behind the slash
    title: str = ""
    texts: dict[str, str] = json(dict)  # language -> text; "": whatever the language
    labels: list[str] = json(list)  # what it is about, to narrow long lists
    uses: int = 0
    used_at: datetime | None = time(nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


canned = Canned.__table__  # type: ignore[attr-defined]


def seen_by(db: Session, org_id: int, user_id: int | None) -> list[Canned]:
    """The shared ones and the user's own; one's own stands in the place of a shared one of the same key."""
    owners = [SHARED, *([user_id] if user_id else [])]
    query = select(Canned).where(Canned.org_id == org_id, col(Canned.owner_id).in_(owners))
    found = {row.key: row for row in db.exec(query.order_by(col(Canned.owner_id), col(Canned.key)))}
    return [found[key] for key in sorted(found)]


def of_owner(db: Session, org_id: int, owner_id: int, key: str) -> Canned | None:
    mine = (Canned.org_id == org_id, Canned.owner_id == owner_id, Canned.key == key)
    return db.exec(select(Canned).where(*mine)).first()


def used(db: Session, id_: int, now: datetime) -> None:
    """Counts one use, whoever else counts one at the same time."""
    counted = sa.update(canned).where(canned.c.id == id_)
    db.connection().execute(counted.values(uses=canned.c.uses + 1, used_at=now))
