"""What language models cost: tokens and money by day, for the organisation, each flow and each contact."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Owned, insert, primary_key, reference
from pytake_cli.store.types import BigId


class AiUse(Owned, table=True):
    """One line a day and scope, written before a call with what it may cost, and after it with what it did."""

    __tablename__ = "ai_use"
    __table_args__ = (UniqueConstraint("org_id", "day", "scope"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    day: str  # "2026-11-22" where the organisation is
    scope: str  # org | flow:7 | contact:812
    calls: int = 0
    tokens: int = Field(default=0, sa_type=BigId)
    micros: int = Field(default=0, sa_type=BigId)  # millionths of the money that the prices are in
    told: int = 0  # percent of a cap that people were told of: 0, 50, 80, 100


ai_use = AiUse.__table__  # type: ignore[attr-defined]


def locked(db: Session, org_id: int, day: str, scope: str) -> AiUse:
    """The line, made if need be, and kept from others until the transaction ends: org first, then flow, contact."""
    values = {"org_id": org_id, "day": day, "scope": scope, "calls": 0, "tokens": 0, "micros": 0, "told": 0}
    new = insert(db, ai_use).values(**values)
    db.connection().execute(new.on_conflict_do_nothing(index_elements=["org_id", "day", "scope"]))
    mine = select(AiUse).where(AiUse.org_id == org_id, AiUse.day == day, AiUse.scope == scope).with_for_update()
    return db.exec(mine.execution_options(populate_existing=True)).one()


def of_day(db: Session, org_id: int, day: str) -> list[AiUse]:
    """A day's lines, the dearest first."""
    query = select(AiUse).where(AiUse.org_id == org_id, AiUse.day == day)
    return sorted(db.exec(query), key=lambda line: (-line.micros, -line.tokens))
