"""/analytics: what the metrics screen shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import BaseModel

from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, everything
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import analytics, periods
from pytake_cli.store.organisations import Organisation

router = new_router("analytics")
PeriodOf = Annotated[str, Query(max_length=30, description="7d, d, w, m, 2026-W47, 2026-11, 2026-11-23 or A..B")]
READ = [Depends(needs("analytics:read"))]


class PeriodRow(BaseModel):
    name: str
    unit: str
    since: datetime
    until: datetime
    first: str
    last: str
    previous: str


class Cards(BaseModel):
    """Seconds for answers, percent for shares."""

    conversations: int
    first_reply_p50: float | None
    first_reply_p95: float | None
    resolved: int
    resolved_percent: float | None
    bot_percent: float | None
    rating: float | None
    ratings: int
    out_of_window: int


class Change(BaseModel):
    by: float
    unit: str
    good: bool | None


class Earlier(BaseModel):
    period: PeriodRow
    cards: Cards


class Metrics(BaseModel):
    """All of the screen: cards, and a table for each plot."""

    period: PeriodRow
    cards: Cards
    before: Earlier | None = None
    change: dict[str, Change | None] = {}
    agent: list[dict[str, Any]]
    label: list[dict[str, Any]]
    flow: list[dict[str, Any]]
    hour: list[dict[str, Any]]
    team: list[dict[str, Any]]
    day: list[dict[str, Any]]


@router.get("", response_model=Metrics, dependencies=READ)
def show(period: PeriodOf = "7d", compare: bool = True, here: Here = Depends(here)) -> object:
    """The figures of a period beside those of the one before, and every table."""
    with here.read() as db:
        span = periods.read(period, here.now, ZoneInfo(db.get_one(Organisation, here.org_id).tz))
        return analytics.show(db, here.org_id, span, here.now, compare=compare)


@router.get("/{part}", response_model=Page[dict[str, Any]], dependencies=READ)
def table(
    part: Literal["agent", "label", "flow", "hour", "team", "day"], period: PeriodOf = "7d", here: Here = Depends(here)
) -> object:
    """One table."""
    with here.read() as db:
        span = periods.read(period, here.now, ZoneInfo(db.get_one(Organisation, here.org_id).tz))
        return everything(analytics.by(db, here.org_id, span, part, here.now))
