"""Approvals: who has read a plan and agreed to its launch, where an organisation wants a second person."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Index
from sqlmodel import Field, Session, col, select

from pytake_cli.store.rows import Owned, primary_key, reference, time
from pytake_cli.store.types import BigId


class PlanApproval(Owned, table=True):
    """`campaign_id` is the launch that used it up: whoever launches a plan once more needs another one."""

    __tablename__ = "plan_approval"
    __table_args__ = (Index("ix_plan_approval_plan", "org_id", "plan_id"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    plan_id: str  # a hash of all that matters: another audience or text is another plan
    user_id: int = reference("user_account.id")
    name: str  # as they were called then
    at: datetime = time()
    campaign_id: int | None = Field(default=None, sa_type=BigId)


plan_approval = PlanApproval.__table__  # type: ignore[attr-defined]


def unused(db: Session, org_id: int, plan_id: str, since: datetime) -> list[PlanApproval]:
    """The approvals of a plan that no launch has used up, the oldest first."""
    mine = select(PlanApproval).where(PlanApproval.org_id == org_id, PlanApproval.plan_id == plan_id)
    open_ = mine.where(col(PlanApproval.campaign_id).is_(None), PlanApproval.at >= since)
    return list(db.exec(open_.order_by(col(PlanApproval.id))))


def of_launch(db: Session, org_id: int, campaign_id: int) -> list[PlanApproval]:
    """Who approved what became this campaign."""
    mine = select(PlanApproval).where(PlanApproval.org_id == org_id, PlanApproval.campaign_id == campaign_id)
    return list(db.exec(mine.order_by(col(PlanApproval.id))))


def use_up(db: Session, org_id: int, plan_id: str, campaign_id: int) -> None:
    """The launch of `campaign_id` has what was approved."""
    mine = (plan_approval.c.org_id == org_id, plan_approval.c.plan_id == plan_id, plan_approval.c.campaign_id.is_(None))
    db.connection().execute(sa.update(plan_approval).where(*mine).values(campaign_id=campaign_id))
