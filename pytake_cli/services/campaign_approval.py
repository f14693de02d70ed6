"""The second person: where an organisation wants one, somebody else approves a large launch before it happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli.errors import Forbidden, LimitReached, UsageError
from pytake_cli.policy.campaigns import Definition
from pytake_cli.services import audit, campaign_checks
from pytake_cli.services.principals import Principal
from pytake_cli.store import approvals
from pytake_cli.store.approvals import PlanApproval
from pytake_cli.store.campaigns import Plan
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User

RIGHT = "campaigns:launch"
HOLDS = timedelta(hours=24)  # an approval, as long as a plan


def above(db: Session, plan: Plan) -> int | None:
    """The number of recipients that this plan is above, so that a second person is needed; None when it needs none.

    One that recurs always needs one: nobody knows today how many its runs will reach.
    """
    most = db.get_one(Organisation, plan.org_id).second_person_above
    recurs = Definition.of_json(plan.definition).recurrence is not None
    return most if most and (recurs or plan.recipients > most) else None


def warnings(db: Session, plan: Plan) -> Iterator[LimitReached]:
    """That somebody else has to approve the plan."""
    most = above(db, plan)
    if most is not None:
        yield LimitReached(
            "PT-CAMP-SECOND",
            "another person has to approve it before it is launched",
            why="the organisation's rule: above {most}",
            fix="a colleague: pytake campaign approve {plan} --as EMAIL",
            most=most,
            plan=plan.id,
        )


def given(db: Session, plan: Plan, now: datetime) -> list[PlanApproval]:
    """Who approved the plan within a day, and no launch has used that; people who left do not count."""
    found = approvals.unused(db, plan.org_id, plan.id, now - HOLDS)
    active = select(User.id).where(col(User.id).in_([each.user_id for each in found]), col(User.active))
    still = set(db.exec(active))
    return [each for each in found if each.user_id in still]


def require(db: Session, plan: Plan, user_id: int | None, now: datetime, series_id: int | None = None) -> None:
    """Raises LimitReached unless the plan needs nobody, or somebody else than `user_id` has approved it.

    Runs of a series need nothing but the approval of the series.
    """
    most = above(db, plan)
    if most is None or (series_id is not None and approvals.of_launch(db, plan.org_id, series_id)):
        return
    if user_id is None and series_id is None:
        raise UsageError(
            "PT-CAMP-WHO",
            "who launches {name} has to be known: another person has to have approved it",
            fix="--as EMAIL",
            name=plan.name,
        )
    approved = given(db, plan, now)
    if any(each.user_id != user_id for each in approved):
        return
    raise LimitReached(
        "PT-CAMP-SECOND",
        "{name} goes to {count} people, and another person has to approve that first",
        why="only {who} approved it, who launches it too" if approved else "the organisation's rule: above {most}",
        fix="a colleague: pytake campaign approve {plan} --as EMAIL",
        name=plan.name,
        count=plan.recipients,
        most=most,
        plan=plan.id,
        who=approved[0].name if approved else "",
    )


def check(db: Session, plan: Plan, principal: Principal, now: datetime) -> None:
    """Raises what keeps somebody from approving a plan: no right, no person, a plan that is too old."""
    principal.require(RIGHT)
    if principal.user_id is None or principal.kind == "token":
        raise Forbidden(
            "PT-CAMP-APPROVER",
            "a launch is approved by a person, not by a program",
            fix="pytake campaign approve {plan} --as EMAIL",
            plan=plan.id,
        )
    if now >= plan.expires_at:
        raise campaign_checks.expired(plan)


def approve(db: Session, plan: Plan, principal: Principal, now: datetime) -> PlanApproval:
    """Approves the launch of exactly this plan; twice by the same person is once."""
    check(db, plan, principal, now)
    for each in given(db, plan, now):
        if each.user_id == principal.user_id:
            return each
    row = PlanApproval(org_id=plan.org_id, plan_id=plan.id, user_id=principal.user_id or 0, name=principal.name, at=now)
    db.add(row)
    details = {"campaign": plan.name, "recipients": plan.recipients}
    audit.note(db, principal, "campaign.approved", f"plan:{plan.id}", details, now=now)
    db.flush()
    return row
