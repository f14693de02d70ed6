"""Plans: what a launch would do, found out before it is done, under an id that is the hash of all that matters."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.policy import pricing
from pytake_cli.policy.audience import REASONS
from pytake_cli.policy.campaigns import Definition, digest_of
from pytake_cli.policy.pricing import Estimate
from pytake_cli.services import (
    campaign_approval,
    campaign_checks,
    campaign_flows,
    campaign_recurrence,
    campaign_timing,
    contacts,
    numbers,
    prices,
    templates,
)
from pytake_cli.services.campaign_audience import Target, target
from pytake_cli.services.campaign_count import Progress, Tally, count, drifted
from pytake_cli.services.campaign_rows import Found
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, Plan, audience_row, campaign
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp.numbers import TIERS

VALID = timedelta(hours=24)
MAX_DRIFT = 0.01  # of the people may be others at the launch
UNTOLD_TIER = 250  # people a day: what a portfolio begins with, while Meta has not told its tier


def make(
    store: Store,
    org_id: int,
    definition: Definition,
    now: datetime,
    progress: Progress | None = None,
    *,
    file: Found | None = None,
    keep: bool = True,
) -> Plan:
    """Plans a campaign and keeps the plan for 24 hours; `problems` of its content are what a launch refuses.

    {"audience": 12588, "recipients": 12000, "exclusions": [{"reason": "no-consent", "count": 588}],
     "cost": {"min": {…}, "max": {"amount": "750.00", "currency": "USD"}, …}, "quota": {"ok": true, …}, …}
    """
    with store.read(org_id) as db:
        org = db.get_one(Organisation, org_id)
        found = target(db, org_id, definition)
        tally = count(db, found, definition, now, progress)
        plan = _plan(db, org, found, definition, tally, now)
        plan.content["file"] = file.to_json() if file else None
    if keep:
        with store.write(org_id) as db:
            _forget_old(db, org_id, now)
            db.merge(plan)
    return plan


def hash_of(definition: Definition) -> str:
    """Of what was asked for, not of who it was or when: the same script finds other people the second time."""
    return replace(definition, name="", at=None).hash


def find(db: Session, org_id: int, plan_id: str) -> Plan:
    """A plan by its id or how that begins; raises NotFound."""
    wanted = plan_id if plan_id.startswith("plan_") else f"plan_{plan_id}"
    mine = select(Plan).where(Plan.org_id == org_id, col(Plan.id).startswith(wanted, autoescape=True))
    plans = db.exec(mine.limit(2)).all()
    if len(plans) == 1 and len(wanted) > len("plan_"):
        return plans[0]
    raise NotFound(
        "PT-CAMP-PLAN",
        "there is no plan {plan}",
        why="a plan is kept for 24 hours",
        fix="pytake campaign plan NAME",
        plan=plan_id,
    )


def recheck(db: Session, plan: Plan, now: datetime, max_drift: float = MAX_DRIFT) -> float:
    """Which share of a plan's people are others now; raises Conflict when it does not hold any more: it is old, or
    what it was made of is not the same."""
    if now >= plan.expires_at:
        raise campaign_checks.expired(plan)
    definition = Definition.of_json(plan.definition)
    found = target(db, plan.org_id, definition)
    for error in campaign_checks.of_target(found, definition, now):
        raise error
    was, now_is = plan.content["templates"], _templates(found)
    if was != now_is:
        changed = next(now_one for one, now_one in zip(was, now_is, strict=True) if one != now_one)
        raise _drifted(plan, template=changed["name"])
    share = drifted(db, found, definition, now, plan.content["sketch"])
    if share > max_drift:
        raise _drifted(plan, share=round(share * 100, 1), most=round(max_drift * 100, 1))
    return share


def _drifted(plan: Plan, **values: Any) -> Conflict:
    """Because of `template`, or because `share` percent of the people are others."""
    return Conflict(
        "PT-CAMP-DRIFT",
        "the plan {plan} does not hold any more",
        why="the template {template} changed since"
        if "template" in values
        else "of its people {share} % are others now, and {most} % may be",
        fix="pytake campaign plan {name}",
        plan=plan.id,
        name=plan.name,
        **values,
    )


def _plan(db: Session, org: Organisation, found: Target, definition: Definition, tally: Tally, now: datetime) -> Plan:
    assert org.id is not None
    written = tally.written_to()
    estimate = _estimate(db, org.id, found, written, now)
    quota = _quota(db, found, sum(written.values()), now)
    launched = None if written else _launched(db, org.id, definition)
    warnings = campaign_checks.warnings(found, definition, tally, org, quota, launched)
    told = (*warnings, *campaign_flows.warnings(db, found, definition, sum(written.values()), now))
    matters = {
        "audience": tally.audience,
        "recipients": tally.recipients,
        "exclusions": _exclusions(tally),
        "lacking": {"count": sum(tally.lacking.values()), "values": dict(tally.lacks), "contacts": tally.examples},
        "arms": _arms(tally),
        "samples": _samples(db, found, tally),
        "templates": _templates(found),
        "cost": _cost(estimate),
        "problems": _problems(db, found, definition, tally, estimate, launched, now),
    }
    passing = {
        "number": found.number.display,
        "query": definition.audience.query,
        "quota": quota,
        **campaign_timing.of(db, org, found, definition, written, quota, now),
        "sketch": tally.sketch,
        "warnings": [*map(campaign_checks.to_json, told)],
    }
    made = Plan(
        id=_id([org.id, found.number.id, definition.to_json(), tally.hash, matters]),
        org_id=org.id,
        name=definition.name,
        definition=definition.to_json(),
        content={**matters, **passing},
        audience_hash=tally.hash,
        recipients=tally.recipients,
        created_at=now,
        expires_at=now + VALID,
    )
    made.content["warnings"] += [*map(campaign_checks.to_json, campaign_approval.warnings(db, made))]
    return made


def _exclusions(tally: Tally) -> list[dict[str, Any]]:
    return [{"reason": each, "count": tally.reasons[each]} for each in REASONS if tally.reasons[each]]


def _launched(db: Session, org_id: int, definition: Definition) -> Campaign | None:
    """The newest launch of the very same campaign: a script that is run again finds nobody left, and is not wrong."""
    same = select(Campaign).where(Campaign.org_id == org_id, Campaign.launch_hash == hash_of(definition))
    return db.exec(same.order_by(col(Campaign.id).desc()).limit(1)).first()


def _id(content: list[Any]) -> str:
    """The same for the same content."""
    return f"plan_{digest_of(content)[:16]}"


def _problems(
    db: Session,
    found: Target,
    definition: Definition,
    tally: Tally,
    estimate: Estimate | None,
    launched: Campaign | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """What stops a launch."""
    problems = (
        *campaign_flows.problems(db, found.flow, definition.values),
        *campaign_checks.of_target(found, definition, now),
        *campaign_checks.of_people(tally, definition, launched),
        *campaign_checks.of_cost(estimate, definition.max_cost),
        *campaign_recurrence.problems(db, found.number.org_id, definition, now),
    )
    slugs = {each.slug for each in problems}
    known = "PT-CAMP-LACKING" if "PT-CAMP-VALUES" in slugs else None  # nobody has what the campaign does not name
    return [campaign_checks.to_json(each) for each in problems if each.slug != known]


def _arms(tally: Tally) -> list[dict[str, Any]]:
    found: Counter[str] = Counter()
    for (_tz, _prefix, arm), people in tally.groups.items():
        found[arm] += people
    return [{"arm": arm, "recipients": people} for arm, people in sorted(found.items())]


def _samples(db: Session, found: Target, tally: Tally) -> list[dict[str, Any]]:
    """The messages of a few people, as they would read them."""
    by_arm = {arm.name: template for arm, template in found.templates}
    names = contacts.display_names(db, [each.contact_id for each in tally.samples])
    return [
        {
            "contact_id": each.contact_id,
            "name": names.get(each.contact_id, ""),
            "arm": each.arm,
            "text": templates.render(by_arm[each.arm], each.filled.values).text
            if each.arm in by_arm
            else ", ".join(f"{name}={value}" for name, value in each.filled.values.items()),
        }
        for each in tally.samples
    ]


def _templates(found: Target) -> list[dict[str, Any]]:
    return [
        {
            "arm": arm.name,
            "name": template.name,
            "language": template.language,
            "status": template.status,
            "category": template.category,
            "quality": template.quality,
            "hash": template.content_hash or digest_of(template.components),
        }
        for arm, template in found.templates
    ]


def _estimate(db: Session, org_id: int, found: Target, written: Counter[Any], now: datetime) -> Estimate | None:
    """None for a flow: nobody can tell what it will send."""
    if not found.templates:
        return None
    categories = found.categories
    counts: Counter[tuple[str, str]] = Counter()
    later: Counter[tuple[str, str]] = Counter()
    for (_tz, prefix, arm), people in written.items():
        country = pricing.country_of(prefix)
        counts[country, categories[arm]] += people
        for drip, template in found.later:
            (later if drip.unless_replied else counts)[country, template.category] += people
    table = prices.table(db, org_id)
    today = now.date().isoformat()
    tiered = any(len(table.tiers(country, category, today)) > 1 for country, category in counts)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    used = prices.sent_so_far(db, org_id, month, now) if tiered else None
    least = pricing.estimate(counts, table, today, used)
    return replace(pricing.estimate(counts + later, table, today, used), least=least.least) if later else least


def _cost(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {"min": None, "max": None, "basis": "flow", "price_date": None, "unknown_markets": []}
    return {
        "min": estimate.least.to_json(),
        "max": estimate.most.to_json(),
        "currency": estimate.most.currency,
        "basis": "every message delivered",
        "price_date": estimate.price_date or None,
        "unknown_markets": list(estimate.unknown),
        "markets": [
            {"market": each.country, "category": each.category, "messages": each.count, "max": each.most.to_json()}
            for each in estimate.lines
        ],
    }


def _quota(db: Session, found: Target, needed: int, now: datetime) -> dict[str, Any]:
    """What the portfolio's tier leaves of today; the people of every message that can begin a conversation count."""
    limits = numbers.limits(db, found.number, now)
    limit = TIERS.get(limits.tier, UNTOLD_TIER)
    room = None if limit is None else max(0, limit - limits.used_people)
    return {
        "tier": limits.tier,
        "limit": limit,
        "used_24h": limits.used_people,
        "room": room,
        "needed": needed,
        "ok": room is None or needed <= room,
    }


def _forget_old(db: Session, org_id: int, now: datetime) -> None:
    """Takes out what nobody can launch any more: old plans, and the rows of audience files."""
    plan, rows = Plan.__table__, audience_row  # type: ignore[attr-defined]
    used = sa.select(campaign.c.plan_id).where(campaign.c.org_id == org_id)
    old = (plan.c.org_id == org_id, plan.c.expires_at < now, plan.c.id.not_in(used))
    db.connection().execute(sa.delete(plan).where(*old))
    db.connection().execute(sa.delete(rows).where(rows.c.org_id == org_id, rows.c.read_at < now - VALID))
