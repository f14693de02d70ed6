"""/campaigns: planned, launched once, and told apart by person afterwards."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Response
from pydantic import BaseModel, Field

from pytake_cli.api.v1 import versions
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.once import HEADER
from pytake_cli.api.v1.paging import Page, Paging, paging
from pytake_cli.api.v1.routes import Body, Moment
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData, LimitReached, NotFound
from pytake_cli.policy.campaigns import Definition, Money
from pytake_cli.services import (
    campaign_approval,
    campaign_checks,
    campaign_files,
    campaign_forms,
    campaign_launch,
    campaign_list,
    campaign_plans,
    campaign_watch,
    campaigns,
)
from pytake_cli.store.campaigns import Plan
from pytake_cli.store.organisations import Organisation
from pytake_cli.telling import texts

router = new_router("campaigns")
READ = [Depends(needs("campaigns:read"))]

Name = Annotated[str, Path(min_length=1, max_length=100)]


class CampaignRow(BaseModel):
    id: int
    name: str
    status: str
    reason: str
    recipients: int
    template: str
    at: datetime | None
    sent: int
    delivered: int
    read: int
    failed: int


class Failure(BaseModel):
    """Why messages failed: Meta's code, how many, what it means, what helps."""

    code: int | None
    count: int
    meaning: str
    advice: str


class Skip(BaseModel):
    reason: str
    count: int


class CampaignCard(CampaignRow):
    """A campaign with everything that can be counted of it."""

    detail: str
    audience: str
    plan_id: str
    definition: dict[str, Any]
    resume_at: datetime | None
    starts_at: datetime | None
    done: int
    waiting: int
    queued: int
    unknown: int
    skipped: int
    cancelled: int
    holdout: int
    started: int
    replied: int
    opted_out: int
    skips: list[Skip]
    failures: list[Failure]
    troubles: list[str]
    launched_by: str
    approved_by: str
    launched_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class Planned(Body):
    """A campaign as its file says it: one of the two."""

    campaign: dict[str, Any] | None = Field(None, description="as of a campaign file, its audience not a file")
    text: str | None = Field(None, max_length=200_000, description="a campaign file, as YAML")


class Told(BaseModel):
    slug: str
    message: str
    why: str
    fix: str


class PlanCard(BaseModel):
    """What a launch would do: to whom, what it says, costs and takes; what would stop it."""

    id: str
    name: str
    recipients: int
    audience: int
    exclusions: list[dict[str, Any]]
    lacking: Any = None
    arms: Any = None
    number: Any = None
    templates: Any = None
    samples: Any = None
    cost: Any = None
    quota: Any = None
    duration: Any = None
    query: str | None = None
    problems: list[Told]
    warnings: list[Told]
    expires_at: datetime


class Launch(Body):
    """Launches a plan. `expect` is how many people it is known to have; other numbers are refused."""

    plan: str = Field(min_length=1, max_length=80)
    expect: int = Field(ge=1, le=1_000_000_000)
    max_cost: str | None = Field(None, max_length=40, description="such as USD 800")
    again: bool = Field(False, description="once more, although it was launched before")
    at: Moment | None = None
    max_drift: float = Field(1.0, ge=0, le=100, description="percent of the plan's people that may be others by now")


class Approval(BaseModel):
    """Who agreed to the launch of a plan, and when."""

    plan: str
    name: str
    recipients: int
    by: str
    at: datetime


class Launched(BaseModel):
    campaign: CampaignCard
    replayed: bool


@router.get("", response_model=Page[CampaignRow], dependencies=READ)
def list_(paging: Paging = Depends(paging), here: Here = Depends(here)) -> object:
    """Campaigns, the newest first."""
    before = paging.after(int)
    with here.read() as db:
        rows = campaign_list.rows(db, here.org_id)
        found = [row for row in rows if before is None or row["id"] < before[0]]
        page = paging.page(found, lambda row: (row["id"],), total=len(rows))
        outcomes = campaign_watch.outcomes(db, [row["id"] for row in page["items"]])
        page["items"] = [{**row, **outcomes[row["id"]]} for row in page["items"]]
    return page


@router.post("/plan", response_model=PlanCard, dependencies=[Depends(needs("campaigns:write"))])
def plan(body: Planned, here: Here = Depends(here)) -> object:
    """Says what a launch would do, and keeps that for 24 hours. Sends nothing."""
    made = campaign_plans.make(here.office.store, here.org_id, _definition(here, body), here.now)
    here.noted("campaign.planned", f"plan:{made.id}", recipients=made.recipients)
    return _plan(made)


@router.get("/plans/{id}", response_model=PlanCard, dependencies=READ)
def show_plan(id: Annotated[str, Path(min_length=1, max_length=80)], here: Here = Depends(here)) -> object:
    with here.read() as db:
        return _plan(campaign_plans.find(db, here.org_id, id))


@router.post("/plans/{id}/approve", response_model=Approval, dependencies=[Depends(needs("campaigns:launch"))])
def approve(id: Annotated[str, Path(min_length=1, max_length=80)], here: Here = Depends(here)) -> object:
    """Agrees to the launch of a plan as the second person; another one launches it within 24 hours."""
    with here.write() as db:
        made = campaign_plans.find(db, here.org_id, id)
        row = campaign_approval.approve(db, made, here.principal, here.now)
        return {"plan": made.id, "name": made.name, "recipients": made.recipients, "by": row.name, "at": row.at}


@router.post("/launch", status_code=201, response_model=Launched, dependencies=[Depends(needs("campaigns:launch"))])
def launch(body: Launch, here: Here = Depends(here)) -> object:
    """Launches a plan, once: the same Idempotency-Key again launches nothing and is no error."""
    key = here.request.headers.get(HEADER) or None
    who = here.principal
    order = campaign_launch.Order(key, body.again, body.at, who.name, body.max_drift / 100, who.user_id)
    with here.read() as db:
        made = campaign_plans.find(db, here.org_id, body.plan)
        campaign_launch.check(db, made, _money(body.max_cost), order, here.now)
    if made.recipients != body.expect:
        raise LimitReached(
            "PT-CAMP-EXPECT",
            "there are {count} people, and you expected {expected} (--expect)",
            fix="pytake campaign plan {name} --show skipped, or --expect {count}",
            count=made.recipients,
            expected=body.expect,
            name=made.name,
        )
    done = campaign_launch.launch(here.office.store, made, order, here.now)
    here.noted("campaign.launched", f"campaign:{done.campaign.id}", plan=made.id, recipients=made.recipients)
    return {"campaign": card(here, f"campaign:{done.campaign.id}"), "replayed": done.replayed}


@router.get("/{name}", response_model=CampaignCard, dependencies=READ)
def show(name: Name, response: Response, here: Here = Depends(here)) -> object:
    """One campaign: how far it got, why messages failed, why it stands still; by name or `campaign:7`."""
    found = card(here, name)
    versions.tag(response, _of_people(found))
    return found


@router.delete("/{name}", status_code=204, dependencies=[Depends(needs("campaigns:write"))])
def delete(name: Name, here: Here = Depends(here)) -> None:
    """Deletes a campaign that does not run, with its people's list."""
    found = card(here, name)
    versions.guard(here.request, _of_people(found))
    campaign_list.refuse_live(found)
    campaign_list.delete(here.office.store, here.org_id, int(found["id"]))
    here.noted("campaign.deleted", f"campaign:{found['id']}")


def _of_people(card: dict[str, Any]) -> dict[str, Any]:
    """What of a campaign people change: its figures move by themselves."""
    return {name: card[name] for name in ("id", "name", "status", "definition")}


def card(here: Here, name: str) -> dict[str, Any]:
    """All that is known of a campaign; NotFound if there is none."""
    with here.read() as db:
        campaigns.get(db, here.org_id, name)
        found = campaign_list.card(db, here.org_id, name, here.now)
    if found is None:
        raise NotFound("PT-CAMP-NONE", "there is no campaign {name}", fix="pytake campaign list", name=name)
    return found


def _definition(here: Here, body: Planned) -> Definition:
    with here.read() as db:
        tz = ZoneInfo(db.get_one(Organisation, here.org_id).tz)
    if (body.campaign is None) == (body.text is None):
        raise InvalidData("PT-API-BODY", "the request does not fit: {at}", fix="campaign or text", at="campaign")
    if body.text is not None:
        definition = campaign_files.read(body.text, "campaign.yaml", tz)
    else:
        given = {name: (name, value) for name, value in (body.campaign or {}).items()}
        definition = campaign_files.of_flags(given, tz)
    if definition.audience.kind == "file":
        raise InvalidData(
            "PT-CAMP-KIND",
            "an audience from a file is planned where the file is",
            fix="pytake campaign plan FILE",
        )
    return definition


def _money(given: str | None) -> Money | None:
    if given is None:
        return None
    try:
        money = campaign_forms.money(given)
    except campaign_forms.Unfit as error:
        raise InvalidData(
            "PT-API-BODY", "the request does not fit: {at}", fix=f"max_cost: {error.expected}", at="max_cost"
        ) from None
    if not Decimal(money.amount).is_finite():
        raise InvalidData("PT-API-BODY", "the request does not fit: {at}", fix="max_cost: USD 800", at="max_cost")
    return money


def _plan(made: Plan) -> dict[str, Any]:
    def told(found: dict[str, Any]) -> dict[str, str]:
        message, why, fix = texts(campaign_checks.of_json(found))
        return {"slug": found["slug"], "message": message, "why": why, "fix": fix}

    content = made.content
    return {
        **content,
        "id": made.id,
        "name": made.name,
        "expires_at": made.expires_at,
        "problems": [told(each) for each in content["problems"]],
        "warnings": [told(each) for each in content["warnings"]],
    }
