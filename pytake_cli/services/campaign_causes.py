"""Why a campaign was paused by itself, and what follows when that is gone: it goes on, or says that it may."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli.locale import Phrase
from pytake_cli.policy.campaigns import PAUSED
from pytake_cli.services.told import to_json
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import poke

NUMBER, QUOTA, QUALITY = "PT-CAMP-NUMBER", "PT-CAMP-QUOTA", "PT-CAMP-QUALITY"
FRESH = timedelta(hours=24)  # as long as a plan: what stood still for longer waits for a person


def is_gone(db: Session, number: Number, reason: str, now: datetime) -> None:
    """The number's campaigns that were paused for that reason go on: nothing about them was wrong."""
    waiting = select(Campaign).where(Campaign.number_id == number.id, Campaign.status == PAUSED)
    for campaign in db.exec(waiting.where(Campaign.status_reason == reason, col(Campaign.paused_at) > now - FRESH)):
        campaign.due_at = now
        poke(db, "campaign", campaign.id or 0, "campaign")


def is_better(db: Session, number: Number, now: datetime) -> None:
    """Campaigns that wait because Meta rated the number low say that it does so no longer; a person decides."""
    waiting = select(Campaign).where(Campaign.number_id == number.id, Campaign.status == PAUSED)
    for campaign in db.exec(waiting.where(Campaign.status_reason == QUALITY)):
        told = Phrase(
            "Meta no longer rates {number} low; to go on: pytake campaign resume {campaign}",
            number=number.display,
            campaign=campaign.name,
        )
        campaign.status_detail, campaign.status_told, campaign.updated_at = str(told), to_json(told), now
        db.add(campaign)
