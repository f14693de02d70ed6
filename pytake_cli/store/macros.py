"""Macros: several steps under one name, done in a conversation by one key."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, long_text, primary_key, reference, time


class Macro(Owned, table=True):
    __tablename__ = "macro"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str
    title: str = ""
    source: str = long_text()  # its steps, as the file says them
    uses: int = 0
    used_at: datetime | None = time(nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


macro = Macro.__table__  # type: ignore[attr-defined]


def everyone(db: Session, org_id: int) -> list[Macro]:
    """The most used first."""
    return list(db.exec(select(Macro).where(Macro.org_id == org_id).order_by(macro.c.uses.desc(), macro.c.name)))


def by_name(db: Session, org_id: int, name: str) -> Macro | None:
    return db.exec(select(Macro).where(Macro.org_id == org_id, Macro.name == name)).first()


def used(db: Session, id_: int, now: datetime) -> None:
    """Counts one use, whoever else counts one at the same time."""
    counted = sa.update(macro).where(macro.c.id == id_)
    db.connection().execute(counted.values(uses=macro.c.uses + 1, used_at=now))
