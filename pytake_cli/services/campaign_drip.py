"""Later messages of a campaign: each is a campaign of its own, whose ledger grows as the first one is sent.

So everything that holds for campaigns holds for them: one row a person, pauses, breakers, caps, quiet hours, reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, select

from pytake_cli.policy.audience import ANSWERED, NOT_REACHED
from pytake_cli.policy.campaigns import FINISHED, PAUSED, RUNNING, SCHEDULED, Arm, Definition
from pytake_cli.services import campaign_audience, campaign_launch, campaigns
from pytake_cli.store import later
from pytake_cli.store.campaigns import Campaign

PATIENCE = timedelta(hours=1)  # until it is looked again whether the first message has gone


def follow(db: Session, campaign: Campaign, recipient_ids: Sequence[int], now: datetime) -> None:
    """Whoever's first message was queued now waits for the later ones."""
    assert campaign.id is not None
    for place, drip in enumerate(campaigns.definition(campaign).drip, 1) if recipient_ids else ():
        child = _child(db, campaign, place) or _begin(db, campaign, place, now)
        assert child.id is not None
        child.recipients += later.add(db, campaign.id, child.id, recipient_ids, now + drip.after, NOT_REACHED)
        db.add(child)
        db.flush()
        if child.status == FINISHED:
            campaigns.become(db, child, RUNNING, now, finished_at=None)


def _child(db: Session, campaign: Campaign, place: int) -> Campaign | None:
    mine = select(Campaign).where(Campaign.series_id == campaign.id, Campaign.occurrence == later.name(place))
    return db.exec(mine.with_for_update()).first()


def _begin(db: Session, campaign: Campaign, place: int, now: datetime) -> Campaign:
    whole = campaigns.definition(campaign)
    definition = definition_of(whole, place)
    name = campaign_launch.free_name(db, campaign.org_id, f"{campaign.name[:50]}-{later.name(place)}")
    definition = replace(definition, name=name)
    target = campaign_audience.target(db, campaign.org_id, definition)
    values = campaign_audience.later_values(whole, whole.drip[place - 1], target.templates[0][1])
    definition = replace(definition, values=values)
    child = Campaign(org_id=campaign.org_id, number_id=campaign.number_id, name=name, status=RUNNING)
    child.definition = definition.to_json()
    child.template_id = target.templates[0][1].id
    child.category = "MARKETING" if target.is_marketing(definition) else "UTILITY"
    child.series_id, child.occurrence = campaign.id, later.name(place)
    child.launched_by, child.launched_at, child.created_at, child.updated_at = campaign.launched_by, now, now, now
    db.add(child)
    db.flush()
    campaigns.wake(db, child)
    return child


def definition_of(definition: Definition, place: int) -> Definition:
    """What the later message of that place is, as a campaign."""
    drip = definition.drip[place - 1]
    return replace(
        definition,
        arms=(Arm("", drip.template, drip.language),),
        flow="",
        holdout=0,
        canary=None,
        at=None,
        # Who is to get it although they answered has an open conversation.
        skip_open_conversations=definition.skip_open_conversations and drip.unless_replied,
        drip=(),
    )


def may_grow(db: Session, campaign: Campaign) -> bool:
    """Whether the campaign before it may still bring people."""
    if later.place_of(campaign) is None:
        return False
    parent = db.get_one(Campaign, campaign.series_id)
    return parent.status in (RUNNING, SCHEDULED, PAUSED)


def verdicts(
    db: Session, campaign: Campaign, contact_ids: Sequence[int], now: datetime
) -> tuple[dict[int, str], dict[int, datetime]]:
    """Whose later message is not wanted (reason), and whose is not due yet: the first one decides both."""
    place = later.place_of(campaign)
    if place is None or not contact_ids:
        return {}, {}
    parent = db.get_one(Campaign, campaign.series_id)
    drip = campaigns.definition(parent).drip[place - 1]
    skipped: dict[int, str] = {}
    waiting: dict[int, datetime] = {}
    for row in later.firsts(db, parent.id or 0, parent.number_id, contact_ids):
        moving = row.status in (None, "queued", "sending") or (row.status == "unknown" and row.told_by is not None)
        if moving and row.state in ("pending", "queued"):
            waiting[row.contact_id] = now + min(drip.after, PATIENCE)
        elif row.sent_at is None or row.status in ("failed", "unknown", "cancelled"):
            skipped[row.contact_id] = NOT_REACHED
        elif drip.unless_replied and row.last_inbound_at is not None and row.last_inbound_at >= row.sent_at:
            skipped[row.contact_id] = ANSWERED
        elif row.sent_at + drip.after > now:
            waiting[row.contact_id] = row.sent_at + drip.after
    return skipped, waiting
