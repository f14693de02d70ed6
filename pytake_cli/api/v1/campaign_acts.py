"""Campaigns that were launched: paused, gone on with, ended, tried again; and what became of everybody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from pytake_cli.api.v1.campaigns import READ, CampaignCard, Failure, Name, Skip, card
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.paging import Page, Paging, everything, paging
from pytake_cli.api.v1.routes import Body
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.services import campaign_report, campaign_watch, campaigns

router = new_router("campaigns")
LAUNCH = [Depends(needs("campaigns:launch"))]

Code = Annotated[int, Field(ge=0, le=10_000_000)]


class Retry(Body):
    only: list[Code] = Field([], max_length=100, description="only those with one of these errors of Meta's")


class Retried(BaseModel):
    campaign: CampaignCard
    people: int


class Recipient(BaseModel):
    """What became of one person of a campaign."""

    id: int
    contact_id: int
    name: str
    address: str | None
    arm: str
    state: str
    why: str
    reason: str
    error_code: int | None
    error: str | None
    message_id: int | None
    tries: int
    due_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    replied_at: datetime | None
    opted_out_at: datetime | None


class Arm(BaseModel):
    arm: str
    people: int
    delivered: int
    read: int
    replied: int
    opted_out: int


class Report(BaseModel):
    """Everything added up, and the cost as Meta's statuses tell what is charged."""

    id: int
    name: str
    status: str
    template: str
    query: str
    recipients: int
    sent: int
    delivered: int
    read: int
    replied: int
    opted_out: int
    failed: int
    unknown: int
    skipped: int
    started: int
    cancelled: int
    holdout: int
    waiting: int
    cost: dict[str, Any] | None
    fates: dict[str, int]
    failures: list[Failure]
    skips: list[Skip]
    arms: list[Arm]
    usage: list[dict[str, Any]]
    launched_by: str
    approved_by: str
    launched_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class Reply(BaseModel):
    """The first answer of somebody whom the campaign wrote to."""

    contact_id: int
    name: str
    conversation_id: int
    at: datetime
    text: str


@router.post("/{name}/pause", response_model=CampaignCard, dependencies=LAUNCH)
def pause(name: Name, here: Here = Depends(here)) -> object:
    """Nothing more is handed to Meta from now on; what was queued waits again."""
    return _change(here, name, campaigns.pause, "campaign.paused")


@router.post("/{name}/resume", response_model=CampaignCard, dependencies=LAUNCH)
def resume(name: Name, here: Here = Depends(here)) -> object:
    """Goes on with those who have not been written to."""
    return _change(here, name, campaigns.resume, "campaign.resumed")


@router.post("/{name}/cancel", response_model=CampaignCard, dependencies=LAUNCH)
def cancel(name: Name, here: Here = Depends(here)) -> object:
    """Ends it for good: whoever has not been written to will not be."""
    return _change(here, name, campaigns.cancel, "campaign.cancelled")


@router.post("/{name}/retry", response_model=Retried, dependencies=LAUNCH)
def retry(name: Name, body: Retry, here: Here = Depends(here)) -> object:
    """Writes again to those whose message failed."""
    with here.write() as db:
        campaign = campaigns.get(db, here.org_id, name)
        people = campaigns.retry(db, campaign, here.now, codes=body.only or None)
        here.note(db, "campaign.retried", f"campaign:{campaign.id}", people=people)
    return {"campaign": card(here, name), "people": people}


@router.get("/{name}/recipients", response_model=Page[Recipient], dependencies=READ)
def recipients(
    name: Name,
    state: Annotated[list[Annotated[str, Field(max_length=40)]] | None, Query(max_length=20)] = None,
    code: Annotated[list[Code] | None, Query(max_length=20)] = None,
    paging: Paging = Depends(paging),
    here: Here = Depends(here),
) -> object:
    """The people of a campaign with what became of each, in the order of its list."""
    after = paging.after(int)
    with here.read() as db:
        campaign = campaigns.get(db, here.org_id, name)
        last = after[0] if after else 0
        found = campaign_report.recipients(db, campaign, state or (), code or (), paging.limit + 1, after=last)
        rows = list(found)
    here.saw("campaign.recipients", f"campaign:{campaign.id}")
    total = campaign.recipients if not state and not code else None
    return paging.page(rows, lambda row: (row["id"],), total=total)


@router.get("/{name}/report", response_model=Report, dependencies=READ)
def report(name: Name, here: Here = Depends(here)) -> object:
    """What a campaign came to: who it reached, who answered, what it cost."""
    with here.read() as db:
        return campaign_report.report(db, campaigns.get(db, here.org_id, name), here.now)


@router.get("/{name}/failures", response_model=Page[Failure], dependencies=READ)
def failures(name: Name, here: Here = Depends(here)) -> object:
    """Why messages failed, by Meta's code, the commonest first."""
    with here.read() as db:
        return everything(campaign_watch.failures(db, campaigns.get(db, here.org_id, name).id or 0))


@router.get("/{name}/replies", response_model=Page[Reply], dependencies=READ)
def replies(name: Name, limit: Annotated[int, Query(ge=1, le=100)] = 20, here: Here = Depends(here)) -> object:
    """The newest first answers of people whom it wrote to."""
    with here.read() as db:
        campaign = campaigns.get(db, here.org_id, name)
        rows = campaign_report.replies(db, campaign, limit)
    here.saw("campaign.recipients", f"campaign:{campaign.id}")
    return everything(rows)


def _change(here: Here, name: str, act: Any, action: str) -> dict[str, Any]:
    with here.write() as db:
        campaign = campaigns.get(db, here.org_id, name)
        act(db, campaign, here.now)
        here.note(db, action, f"campaign:{campaign.id}")
    return card(here, f"campaign:{campaign.id}")
