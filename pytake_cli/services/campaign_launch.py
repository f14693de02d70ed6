"""What happens when a campaign is launched: asked for once, its audience frozen into the ledger, all or nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, count
from time import sleep

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from pytake_cli import clock, faults
from pytake_cli.errors import Conflict, InvalidData, LimitReached, Pending
from pytake_cli.policy.campaigns import DRAFT, FREEZING, RECURRING, RUNNING, SCHEDULED, Definition, Money
from pytake_cli.services import (
    campaign_approval,
    campaign_audience,
    campaign_checks,
    campaign_plans,
    campaign_recurrence,
    campaigns,
)
from pytake_cli.store import Store, approvals, ledger
from pytake_cli.store.campaigns import Campaign, Plan

log = logging.getLogger(__name__)

PEOPLE_AT_ONCE = 25_000  # of the contacts, a transaction: webhooks wait for some 0.2 s at most
CHUNKS_AT_ONCE = 2  # on PostgreSQL, whose checks of foreign keys keep a processor busy for half of the time
# Problems that are stops which the user set.
LIMITS = ("PT-CAMP-COST", "PT-CAMP-CURRENCY", "PT-CAMP-PRICE", "PT-CAMP-RECIPIENTS")
LATE = timedelta(hours=1)  # a launch that misses its moment by more is refused: the day may be a slip of the pen
DEAD_AFTER = timedelta(seconds=60)  # a freeze that has not moved for so long has lost its process
PATIENCE_SECONDS = 120.0  # for somebody else who is launching the same
Progress = Callable[[int], None]
campaign_table = Campaign.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Order:
    """How a plan is to be launched."""

    key: str | None = None  # the idempotency key; without one a campaign is launched once
    again: bool = False  # once more, although it was launched before
    at: datetime | None = None
    by: str = ""
    max_drift: float = campaign_plans.MAX_DRIFT  # of the people may be others than in the plan
    user_id: int | None = None  # whose account it is; where a second person approves, this is the first
    series_id: int | None = None  # the recurring campaign that this is a run of


@dataclass(frozen=True, slots=True)
class Launched:
    """`replayed`: it had been launched before, and nothing was done now."""

    campaign: Campaign
    replayed: bool = False


def launch(store: Store, plan: Plan, order: Order, now: datetime, progress: Progress | None = None) -> Launched:
    """Launches a plan once. The ledger is whole before anything is sent, or there is none.

    Raises Conflict when the key was used for something else, or the campaign was launched before.
    """
    definition = Definition.of_json(plan.definition)
    given = order.at or definition.at
    definition = replace(definition, at=given if given is not None and given > now else None)
    end = clock.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with store.write(plan.org_id) as db:
                found = before(db, plan.org_id, Definition.of_json(plan.definition), order, plan.id)
                mine = found is None
                if mine:
                    campaign_approval.require(db, plan, order.user_id, now, order.series_id)
                    order = replace(order, max_drift=_drift(db, plan, order))
                if mine and definition.recurrence is not None:
                    return Launched(_begin_series(db, plan, definition, order, now))
                campaign = found or _begin(db, plan, definition, order, now)
        except IntegrityError:  # on PostgreSQL a rival was faster
            if clock.monotonic() > end:
                raise
            sleep(0.05)
            continue
        if mine:
            return Launched(_freeze(store, campaign, definition, plan.recipients, order, now, progress))
        if campaign.status != FREEZING:
            return Launched(campaign, replayed=True)
        wait_for(store, campaign, end)


def wait_for(store: Store, campaign: Campaign, end: float | None = None) -> None:
    """Waits a moment for somebody else's launch, and gives it up if that one is dead; Pending when it takes long."""
    clear_dead(store, campaign.id or 0, clock.now())
    if end is not None and clock.monotonic() > end:
        raise Pending(
            "PT-CAMP-FREEZING", "somebody else is launching {name}", fix="pytake campaign list", name=campaign.name
        )
    sleep(0.1)


def check(db: Session, plan: Plan, most: Money | None, order: Order, now: datetime) -> None:
    """Raises what keeps a plan from being launched: what it found out, what changed since, what it may cost, and
    that nobody else has approved it.
    """
    campaign_plans.recheck(db, plan, now, _drift(db, plan, order))
    for problem in map(campaign_checks.of_json, plan.content["problems"]):
        kind = LimitReached if problem.slug in LIMITS else InvalidData
        raise kind(problem.slug, problem.message, why=problem.why, fix=problem.fix, **problem.values)
    if most is not None:
        campaign_checks.refuse_cost(plan, most)
    _check_time(Definition.of_json(plan.definition), order, now)
    campaign_approval.require(db, plan, order.user_id, now, order.series_id)


def _drift(db: Session, plan: Plan, order: Order) -> float:
    """Which share of the people may be others: what somebody approved is not made another campaign by a flag."""
    approved = campaign_approval.above(db, plan) is not None
    return min(order.max_drift, campaign_plans.MAX_DRIFT) if approved else order.max_drift


def _check_time(definition: Definition, order: Order, now: datetime) -> None:
    at = order.at or definition.at
    if at is not None and at < now - LATE and definition.recurrence is None:
        raise InvalidData(
            "PT-CAMP-PAST",
            "{name} was to begin at {at}, and that is over",
            why="a launch would write to people at once",
            fix="--at now, if that is meant",
            name=definition.name,
            at=f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        )


def before(db: Session, org_id: int, definition: Definition, order: Order, plan_id: str = "") -> Campaign | None:
    """The launch that this one would repeat, if there was one; Conflict when it would be something else."""
    if order.key is not None:
        keyed = select(Campaign).where(Campaign.org_id == org_id, Campaign.launch_key == order.key)
        found = db.exec(keyed).first()
        if found is not None and found.launch_hash != campaign_plans.hash_of(definition):
            raise Conflict(
                "PT-IDEMPOTENCY",
                "the idempotency key {key} was used for another campaign ({name})",
                why="it differs in {what}",
                fix="another --idempotency-key",
                key=order.key,
                name=found.name,
                what=", ".join(_differences(found, definition)),
            )
        return found
    if order.again:
        return None
    found = latest(db, org_id, definition.name)
    if found is None or found.status == DRAFT:
        return None
    if found.plan_id == plan_id or found.status == FREEZING:
        return found
    raise Conflict(
        "PT-CAMP-AGAIN",
        "{name} was launched before, at {at}",
        why="a second launch writes to people once more",
        fix="pytake campaign launch {name} --again",
        name=definition.name,
        at=f"{found.launched_at:%Y-%m-%d %H:%M} UTC",
    )


def earlier(
    store: Store,
    org_id: int,
    definition: Definition,
    order: Order,
    plan_id: str = "",
    tell: Callable[[str], None] = lambda _: None,
) -> Campaign | None:
    """The same, once that launch is whole; what a killed one has left is given up. `tell` hears whom it waits for."""
    end, told = clock.monotonic() + PATIENCE_SECONDS, False
    while True:
        with store.read(org_id) as db:
            found = before(db, org_id, definition, order, plan_id)
        if found is None or found.status != FREEZING:
            return found
        if not told:
            tell(found.name)
            told = True
        wait_for(store, found, end)


def next_run(db: Session, org_id: int, definition: Definition, order: Order) -> Definition:
    """The definition under the name of its next run: one that is repeated on purpose reaches the same people again."""
    if order.key is None and not order.again:
        return definition
    return replace(definition, name=free_name(db, org_id, definition.name))


def latest(db: Session, org_id: int, name: str) -> Campaign | None:
    """The newest launch of a campaign, if there was one."""
    runs = launches(db, org_id, name)
    return runs[-1] if runs else None


def launches(db: Session, org_id: int, name: str) -> list[Campaign]:
    """Every campaign that is a launch of `name`, the oldest first: `bf`, `bf-2`, `bf-3` …"""
    alike = sa.or_(campaign_table.c.name == name, campaign_table.c.name.startswith(f"{name}-", autoescape=True))
    found = db.exec(select(Campaign).where(Campaign.org_id == org_id, alike).order_by(col(Campaign.id)))
    return [each for each in found if re.fullmatch(r"(-\d+)?", each.name[len(name) :])]


def free_name(db: Session, org_id: int, name: str) -> str:
    """What the next launch of a campaign is called."""
    taken = {each.name for each in launches(db, org_id, name) if each.status != DRAFT}
    return next(each for each in chain([name], (f"{name}-{run}" for run in count(2))) if each not in taken)


def _begin(db: Session, plan: Plan, definition: Definition, order: Order, now: datetime) -> Campaign:
    """The campaign's row, whose ledger is still to be written; the unique key says that there is one."""
    target = campaign_audience.target(db, plan.org_id, definition)
    name = free_name(db, plan.org_id, plan.name)
    campaign = Campaign(org_id=plan.org_id, name=name, created_at=now)
    campaign.number_id = target.number.id or 0
    campaign.definition = definition.to_json()
    campaign.status, campaign.plan_id = FREEZING, plan.id
    campaign.launch_key = order.key or f"{name}:{plan.id}"
    campaign.launch_hash = campaign_plans.hash_of(definition)
    campaign.template_id = target.templates[0][1].id if target.templates else None
    campaign.flow_id = target.flow.id if target.flow else None
    campaign.category = "MARKETING" if target.is_marketing(definition) else "UTILITY"
    campaign.query, campaign.audience_hash = definition.audience.query, plan.audience_hash
    campaign.launched_by, campaign.launched_at, campaign.updated_at = order.by, now, clock.now()
    db.add(campaign)
    db.flush()
    return campaign


def _begin_series(db: Session, plan: Plan, definition: Definition, order: Order, now: datetime) -> Campaign:
    """A campaign that recurs has no ledger of its own: it waits for its first time."""
    first = campaign_recurrence.first_of(db, plan.org_id, definition, now)
    campaign = _begin(db, plan, definition, order, now)
    campaigns.become(db, campaign, RECURRING, now, due_at=first.at)
    approvals.use_up(db, plan.org_id, plan.id, campaign.id or 0)
    return campaign


def _freeze(
    store: Store,
    campaign: Campaign,
    definition: Definition,
    planned: int,
    order: Order,
    now: datetime,
    progress: Progress | None,
) -> Campaign:
    """Writes the ledger in chunks, which nothing looks at before it is whole; gives all of it up if that fails."""
    assert campaign.id is not None
    seen = campaign.updated_at
    at_once = 1 if store.is_sqlite else CHUNKS_AT_ONCE
    try:
        with store.read() as db:
            last = ledger.newest_contact(db, campaign.org_id)
            due = campaign_audience.due(db, campaign.org_id, definition, now)
        chunks = [(first, first + PEOPLE_AT_ONCE - 1) for first in range(1, last + 1, PEOPLE_AT_ONCE)]
        total = 0
        with ThreadPoolExecutor(at_once) as threads:
            for start in range(0, len(chunks), at_once):
                faults.point("campaign.before_chunk")
                with store.write() as db:
                    seen = _still_mine(db, campaign, seen)
                chunk = partial(_freeze_chunk, store, campaign, definition, now, due, seen)
                total += sum(threads.map(chunk, chunks[start : start + at_once]))
                if progress is not None:
                    progress(total)
        faults.point("campaign.before_start")
        with store.write() as db:
            _still_mine(db, campaign, seen)
            return _start(db, db.get_one(Campaign, campaign.id), definition, planned, order, now)
    except BaseException:
        clear(store, campaign.id, seen)
        raise


def _freeze_chunk(
    store: Store,
    campaign: Campaign,
    definition: Definition,
    now: datetime,
    due: campaign_audience.Due,
    seen: datetime,
    within: tuple[int, int],
) -> int:
    """Writes the rows of the contacts with these ids; whoever gives the freeze up waits for it, or stops it here."""
    assert campaign.id is not None
    with store.write() as db:
        table = campaign_table
        mine = sa.select(table.c.id).where(table.c.id == campaign.id, table.c.updated_at == seen)
        if db.connection().execute(mine.with_for_update(read=True)).first() is None:
            raise _taken(campaign)
        people = campaign_audience.audience(
            db, campaign.org_id, definition, now, due, within=within, freezing=campaign.id
        )
        return ledger.freeze(db, campaign.org_id, campaign.id, people)


def _still_mine(db: Session, campaign: Campaign, seen: datetime) -> datetime:
    """Moves the time of the freeze's last sign of life; Conflict when somebody has given it up for dead."""
    moved = _moved(db, campaign.id, seen)
    if moved is None:
        raise _taken(campaign)
    return moved


def _taken(campaign: Campaign) -> Conflict:
    told = "somebody else is launching {name}"
    return Conflict("PT-CAMP-FREEZING", told, fix="pytake campaign list", name=campaign.name)


def _moved(db: Session, campaign_id: int | None, seen: datetime) -> datetime | None:
    """Makes the freeze whose last sign of life is `seen` one's own; the new sign, None if somebody was faster."""
    now = max(clock.now(), seen + timedelta(microseconds=1))
    table = campaign_table
    mine = sa.update(table).where(table.c.id == campaign_id, table.c.status == FREEZING, table.c.updated_at == seen)
    return now if db.connection().execute(mine.values(updated_at=now)).rowcount == 1 else None


def _start(
    db: Session, campaign: Campaign, definition: Definition, planned: int, order: Order, now: datetime
) -> Campaign:
    """The ledger is whole: the campaign waits for its moment or runs."""
    assert campaign.id is not None
    campaign.recipients = ledger.size(db, campaign.id)
    if abs(campaign.recipients - planned) > order.max_drift * planned:
        raise Conflict(
            "PT-CAMP-DRIFT",
            "there are {count} people now, and the plan has {planned}",
            why="the audience changed while it was frozen; nothing was sent",
            fix="pytake campaign plan {name}",
            count=campaign.recipients,
            planned=planned,
            name=campaign.name,
        )
    db.flush()
    later = definition.at is not None and definition.at > now
    campaigns.become(db, campaign, SCHEDULED if later else RUNNING, now, due_at=definition.at if later else None)
    approvals.use_up(db, campaign.org_id, campaign.plan_id, campaign.id)
    log.info("campaign launched", extra={"campaign": campaign.id, "people": campaign.recipients})
    return campaign


def clear(store: Store, campaign_id: int, seen: datetime) -> bool:
    """Gives up a freeze whose last sign of life is `seen`: its rows go, then the campaign; False if it lives."""
    while True:
        with store.write() as db:
            moved = _moved(db, campaign_id, seen)
            if moved is None:
                return False
            seen = moved
            if ledger.forget(db, campaign_id, PEOPLE_AT_ONCE) < PEOPLE_AT_ONCE:
                db.delete(db.get_one(Campaign, campaign_id))
                return True


def clear_dead(store: Store, campaign_id: int, now: datetime) -> None:
    """Gives up a freeze whose process is gone."""
    with store.read() as db:
        campaign = db.get(Campaign, campaign_id)
    if campaign is not None and campaign.status == FREEZING and campaign.updated_at < now - DEAD_AFTER:
        log.warning("a launch was cut off; its ledger is given up", extra={"campaign": campaign_id})
        clear(store, campaign_id, campaign.updated_at)


def _differences(campaign: Campaign, definition: Definition) -> list[str]:
    """Which parts of two definitions are not the same."""
    was = campaign.definition
    given = definition.to_json()
    return sorted(name for name, value in given.items() if name not in ("name", "at") and was.get(name) != value)
