"""Why a campaign was paused by itself, and that it goes on by itself once only that stood in its way and is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from pytake_cli.policy.campaigns import PAUSED
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import poke

NUMBER, QUOTA = "PT-CAMP-NUMBER", "PT-CAMP-QUOTA"
FRESH = timedelta(hours=24)  # as long as a plan: what stood still for longer waits for a person


def is_gone(db: Session, number: Number, reason: str, now: datetime) -> None:
    """The number's campaigns that were paused for that reason go on: nothing about them was wrong."""
    waiting = select(Campaign).where(Campaign.number_id == number.id, Campaign.status == PAUSED)
    for campaign in db.exec(waiting.where(Campaign.status_reason == reason, col(Campaign.paused_at) > now - FRESH)):
        campaign.due_at = now
        poke(db, "campaign", campaign.id or 0, "campaign")
