"""/numbers: the business numbers with their quality and limits."""

from __future__ import annotations

from datetime import datetime

from fastapi import Depends
from pydantic import BaseModel

from pytake_cli import secrets
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Id, Page, Paging, short
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import numbers
from pytake_cli.store.numbers import Number

router = new_router("numbers")
READ = [Depends(needs("numbers:read"))]


class NumberRow(BaseModel):
    """A number; `has_token`: whether there is an access token for it, which is never shown."""

    id: int
    display: str
    name: str
    status: str
    quality: str
    tier: str
    rate_per_second: int
    stopped_at: datetime | None
    stopped_until: datetime | None
    stopped_reason: str
    stopped_code: int | None
    templates_stopped_until: datetime | None
    last_inbound_at: datetime | None
    phone_number_id: str
    waba_id: str
    created_at: datetime
    has_token: bool


class Limits(BaseModel):
    rate_per_second: float
    current_rate_per_second: float
    tier: str
    daily_people: int | None
    used_people: int
    sent_24h: int
    queued: int


class NumberCard(NumberRow):
    limits: Limits


@router.get("", response_model=Page[NumberRow], dependencies=READ)
def list_(everything_: bool = False, paging: Paging = Depends(short), here: Here = Depends(here)) -> object:
    """The connected numbers; with `everything_` also those that were let go."""
    with here.read() as db:
        found = numbers.listed(db, here.org_id)
    wanted = [row for row in found if everything_ or row.status != numbers.REMOVED]
    return paging.part(wanted, lambda row: (row.id,), _row)


@router.get("/{id}", response_model=NumberCard, dependencies=READ)
def show(id: Id, here: Here = Depends(here)) -> object:
    """One number with its limits and what of them is used."""
    with here.read() as db:
        row = numbers.find(db, here.org_id, str(id))
        limits = numbers.limits(db, row, here.now)
    return {**_row(row), "limits": {name: getattr(limits, name) for name in Limits.model_fields}}


def _row(row: Number) -> dict[str, object]:
    return {**row.model_dump(), "has_token": secrets.get("access_token", row.phone_number_id) is not None}
