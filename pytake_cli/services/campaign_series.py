"""Campaigns that recur: the series is a row that waits for its next time, each run a campaign of its own.

Every run is planned anew, with who belongs to the audience then, and launched once under a key made of the series and
the local time. What cannot be launched is told, and the series goes on with its next time.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from pytake_cli import settings
from pytake_cli.errors import PytakeError, StoreUnavailable
from pytake_cli.locale import Phrase
from pytake_cli.policy.campaigns import FINISHED, RECURRING, Definition
from pytake_cli.policy.recurrence import MOST_COUNTED, Occurrence, newest, next_after
from pytake_cli.services import campaign_launch, campaign_plans, campaigns, incidents
from pytake_cli.services.campaign_launch import Order
from pytake_cli.services.campaign_recurrence import changed, next_of, rule_of
from pytake_cli.services.told import of_error
from pytake_cli.store import Store
from pytake_cli.store.campaigns import Campaign, campaign

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)  # for planning and freezing one run; longer, and the unique key decides
_INSTANT = timedelta(microseconds=1)
_due = (campaign.c.status == RECURRING, campaign.c.due_at.is_not(None))


def is_due(db: Session, now: datetime) -> bool:
    query = sa.select(campaign.c.id).where(*_due, campaign.c.due_at <= now).limit(1)
    return db.connection().execute(query).first() is not None


def launch_due(store: Store, now: datetime) -> int:
    """Launches what recurring campaigns have due, one after the other; how many series were due."""
    with store.read() as db:
        series = list(db.exec(select(Campaign).where(*_due, campaign.c.due_at <= now)))
    for each in series:
        _launch(store, each, now)
    return len(series)


def _launch(store: Store, series: Campaign, now: datetime) -> None:
    """One series: the newest of its times that have come is its run, or there is word of why it is not; the ones
    before it were missed. Then its next time.
    """
    assert series.due_at is not None
    if not _take(store, series, now):
        return
    with store.read() as db:
        rule, tz = rule_of(db, series.org_id, campaigns.definition(series))
    came = next_after(rule, tz, series.due_at - _INSTANT)
    if came is not None:
        last, count = newest(rule, tz, came, now)
        late = now - last.at > timedelta(seconds=settings.current().schedule.late_seconds)
        if missed := count - (not late):
            _tell(store, series, came, _missed(missed), now)
        if not late:
            _launch_run(store, series, last, now)
    with store.write() as db:
        _advance(db, series, now)


def _missed(count: int) -> Phrase:
    if count == 1:
        return Phrase("no daemon ran then")
    return Phrase("no daemon ran then ({count} times in a row)", count=min(count, MOST_COUNTED))


def _take(store: Store, series: Campaign, now: datetime) -> bool:
    """Of several daemons one plans a run; when it dies over it, another one does."""
    untouched = sa.or_(campaign.c.updated_at < campaign.c.due_at, campaign.c.updated_at < now - LEASE)
    mine = sa.update(campaign).where(
        campaign.c.id == series.id, campaign.c.status == RECURRING, campaign.c.due_at == series.due_at, untouched
    )
    with store.write() as db:
        return db.connection().execute(mine.values(updated_at=now)).rowcount > 0


def _launch_run(store: Store, series: Campaign, occurrence: Occurrence, now: datetime) -> None:
    definition = run_definition(campaigns.definition(series), occurrence)
    order = Order(key=f"series:{series.id}:{occurrence.local}", by=series.launched_by, series_id=series.id)
    try:
        found = campaign_launch.earlier(store, series.org_id, definition, order)
        if found is None:
            plan = campaign_plans.make(store, series.org_id, definition, now)
            with store.read() as db:
                campaign_launch.check(db, plan, None, order, now)
            found = campaign_launch.launch(store, plan, order, now).campaign
    except StoreUnavailable:
        raise
    except PytakeError as error:
        _tell(store, series, occurrence, of_error(error), now)
        return
    with store.write() as db:
        mine = sa.update(campaign).where(campaign.c.id == found.id)
        db.connection().execute(mine.values(series_id=series.id, occurrence=occurrence.local))


def run_definition(definition: Definition, occurrence: Occurrence) -> Definition:
    """What one run is: the campaign under a name of its own, with what is different that day."""
    day = occurrence.local[:16].replace("T", "-").replace(":", "")  # 2026-11-23-0900
    once = replace(definition, name=f"{definition.name}-{day}", recurrence=None, at=None)
    return changed(once, occurrence.changes)


def realign(store: Store, now: datetime) -> None:
    """Works out again when each series is next: after the clock was set back that may be sooner than it says."""
    with store.read() as db:
        series = list(db.exec(select(Campaign).where(*_due, campaign.c.due_at > now)))
    for each in series:
        with store.write() as db:
            first = next_of(db, each.org_id, campaigns.definition(each), now)
            if first is not None and each.due_at is not None and first.at < each.due_at:
                _set(db, each, due_at=first.at)


def _advance(db: Session, series: Campaign, now: datetime) -> None:
    following = next_of(db, series.org_id, campaigns.definition(series), now)
    if following is None:
        _set(db, series, due_at=None, status=FINISHED, finished_at=now)
    else:
        _set(db, series, due_at=following.at)


def _set(db: Session, series: Campaign, **values: Any) -> None:
    """Unless somebody moved it on, paused it or cancelled it meanwhile."""
    same = sa.update(campaign).where(
        campaign.c.id == series.id, campaign.c.status == RECURRING, campaign.c.due_at == series.due_at
    )
    db.connection().execute(same.values(**values))


def _tell(store: Store, series: Campaign, occurrence: Occurrence, why: Phrase, now: datetime) -> None:
    told = {"name": series.name, "at": occurrence.local, "why": why}
    with store.write() as db:
        what = Phrase("the run of {name} at {at} was not launched: {why}", **told)
        incidents.tell(db, series.org_id, "PT-CAMP-SERIES", what, now)
    log.warning("a run of a campaign was not launched", extra={"campaign": series.id, "local": occurrence.local})
