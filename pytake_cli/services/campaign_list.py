"""The campaigns of an organisation: lists, cards, and letting go of one that does not run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict
from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.campaigns import Definition
from pytake_cli.services import campaign_told, campaign_watch
from pytake_cli.store import Store, campaigns, later
from pytake_cli.store.campaigns import Campaign, campaign, recipient
from pytake_cli.store.forgotten import forgotten_recipient

LIVE = (policy.FREEZING, policy.SCHEDULED, policy.RECURRING, policy.RUNNING, policy.PAUSED)
ROWS_AT_ONCE = 20_000  # people whose rows go in one transaction


def rows(db: Session, org_id: int) -> list[dict[str, Any]]:
    """Every campaign, the newest first."""
    found = db.exec(select(Campaign).where(Campaign.org_id == org_id).order_by(col(Campaign.id).desc()))
    return [_row(each) for each in found]


def card(db: Session, org_id: int, name: str, now: datetime) -> dict[str, Any] | None:
    """All that is known of one campaign, by its name or campaign:ID."""
    kind, _, id_ = name.partition(":")
    if kind == "campaign" and id_.isdecimal():
        found = db.exec(select(Campaign).where(Campaign.org_id == org_id, Campaign.id == int(id_))).first()
    else:
        found = campaigns.by_name(db, org_id, name)
    if found is None:
        return None
    return {
        **campaign_watch.of(db, found, now),
        **_row(found),
        "detail": campaign_told.detail(found),
        "audience": found.query,
        "plan_id": found.plan_id,
        "definition": found.definition,
    }


def _row(found: Campaign) -> dict[str, Any]:
    definition = Definition.of_json(found.definition)
    return {
        "id": found.id,
        "name": found.name,
        "status": found.status,
        "reason": found.status_reason,
        "recipients": found.recipients,
        "template": definition.flow or ", ".join(arm.template for arm in definition.arms),
        "at": found.started_at or found.due_at or definition.at or found.launched_at,
    }


def refuse_live(card: Mapping[str, Any] | None) -> None:
    """Raises Conflict for a campaign that may still write to somebody."""
    if card is not None and card["status"] in LIVE:
        raise Conflict(
            "PT-CAMP-LIVE",
            "{name} is {status}",
            why="a campaign that may still write to people cannot be deleted",
            fix="pytake campaign cancel {name}",
            name=card["name"],
            status=card["status"],
        )


def delete(store: Store, org_id: int, campaign_id: int) -> None:
    """Deletes a campaign with its ledger, a part at a time; its messages stay in their conversations."""
    some = sa.select(recipient.c.id).where(recipient.c.campaign_id == campaign_id, recipient.c.org_id == org_id)
    while True:
        with store.write(org_id) as db:
            found = db.get_one(Campaign, campaign_id)
            refuse_live({"name": found.name, "status": found.status})
            for following in later.following(db, campaign_id):
                refuse_live({"name": following.name, "status": following.status})
            gone = sa.delete(recipient).where(recipient.c.id.in_(some.limit(ROWS_AT_ONCE)))
            if db.connection().execute(gone).rowcount < ROWS_AT_ONCE:
                kept = sa.delete(forgotten_recipient).where(forgotten_recipient.c.campaign_id == campaign_id)
                db.connection().execute(kept)
                of_it = sa.update(campaign).where(campaign.c.series_id == campaign_id)
                db.connection().execute(of_it.values(series_id=None))
                db.connection().execute(sa.delete(campaign).where(campaign.c.id == campaign_id))
                return
