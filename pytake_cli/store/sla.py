"""Promised times: what the organisation promises to whom, and every promise that was broken."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Owned, primary_key, reference, time
from pytake_cli.store.types import BigId


class SlaPolicy(Owned, table=True):
    """Spans are seconds; of several policies that fit the one that says most about the conversation holds."""

    __tablename__ = "sla_policy"
    __table_args__ = (UniqueConstraint("org_id", "slug"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    slug: str
    team_id: int | None = Field(default=None, sa_type=BigId)
    priority: str = ""
    label: str = ""
    first_reply: int | None = None
    next_reply: int | None = None
    resolution: int | None = None
    business_hours: bool = True  # counts only while the team is open
    warn_percent: int = 80  # of the span that is over when people are warned
    version: int = 1
    created_at: datetime = time()
    updated_at: datetime = time()


class SlaBreach(Owned, table=True):
    """One line a broken promise."""

    __tablename__ = "sla_breach"
    __table_args__ = (Index("ix_sla_breach_due", "org_id", "due_at"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    conversation_id: int = reference("conversation.id", index=True)
    policy_id: int | None = Field(default=None, sa_type=BigId)
    clock: str  # first_reply | next_reply | resolution
    due_at: datetime = time()
    team_id: int | None = Field(default=None, sa_type=BigId)
    user_id: int | None = Field(default=None, sa_type=BigId)  # who had the conversation
    at: datetime = time()


sla_policy = SlaPolicy.__table__  # type: ignore[attr-defined]
sla_breach = SlaBreach.__table__  # type: ignore[attr-defined]


def everyone(db: Session, org_id: int) -> list[SlaPolicy]:
    return list(db.exec(select(SlaPolicy).where(SlaPolicy.org_id == org_id).order_by(SlaPolicy.slug)))


def organisations(db: Session) -> list[int]:
    """The organisations that promise anything."""
    query = sa.select(sla_policy.c.org_id).distinct().order_by(sla_policy.c.org_id)
    return list(db.connection().execute(query).scalars())
