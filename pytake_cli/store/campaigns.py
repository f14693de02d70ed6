"""Campaigns, the plans they are launched from, and their ledgers: one row a person, frozen at launch.

pending --due: a message is queued--> queued --its message tells the rest (sent, delivered, read, failed, unknown)
   |            '--a flow is started--> started
   |--no longer wanted, renders not, number gone--> skipped (reason)
   '--cancelled, over a limit--> cancelled
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Owned, json, long_text, primary_key, reference, time

# The ledger's own states; what became of a queued one stands in its message.
PENDING, ENQUEUED, STARTED, SKIPPED, CANCELLED, HOLDOUT = (
    "pending",
    "queued",
    "started",
    "skipped",
    "cancelled",
    "holdout",
)


class Plan(Owned, table=True):
    """What a launch would do, found out before it is done; the id is the hash of all that matters."""

    __tablename__ = "campaign_plan"

    id: str = Field(primary_key=True)  # plan_7f3c…
    org_id: int = reference("organisation.id")
    name: str  # the campaign's
    definition: dict[str, Any] = json(dict)  # the campaign file, normalised
    content: dict[str, Any] = json(dict)  # audience, exclusions, samples, template, cost, duration, quota
    audience_hash: str
    recipients: int
    created_at: datetime = time()
    expires_at: datetime = time()


class Campaign(Owned, table=True):
    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        UniqueConstraint("org_id", "launch_key"),
        UniqueConstraint("series_id", "occurrence"),
        Index("ix_campaign_due", "status", "due_at"),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    number_id: int = reference("number.id")
    name: str
    status: str = "draft"  # one of policy.campaigns.STATUSES
    status_reason: str = ""  # slug of why it is paused, or of how it ended
    status_detail: str = ""  # the same in words, with Meta's, in English
    status_told: dict[str, Any] | None = json()  # the same as services/campaign_told.py translates it
    definition: dict[str, Any] = json(dict)  # the campaign file, normalised
    plan_id: str = ""
    launch_key: str | None = None  # the idempotency key
    launch_hash: str = ""  # of what was launched: the same key with another hash is a conflict
    template_id: int | None = reference("template.id", nullable=True)  # the first arm's
    flow_id: int | None = reference("flow.id", nullable=True)
    category: str = ""  # of the template when it was launched
    query: str = long_text()  # the audience in the segment language, as frozen
    audience_hash: str = ""
    recipients: int = 0  # rows in the ledger
    due_at: datetime | None = time(nullable=True)  # when somebody has to look again: start, resume, canary over
    series_id: int | None = reference(
        "campaign.id", nullable=True
    )  # the campaign that this is a run or a later message of
    occurrence: str | None = None  # the run's local time: 2026-11-23T09:00; or later-1
    launched_by: str = ""
    launched_at: datetime | None = time(nullable=True)
    started_at: datetime | None = time(nullable=True)  # the first message was queued
    canary_ends_at: datetime | None = time(nullable=True)  # its first few have gone; the rest waits until then
    resumed_at: datetime | None = time(nullable=True)  # a person let it go on: what failed before stops it no more
    paused_at: datetime | None = time(nullable=True)
    finished_at: datetime | None = time(nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


class Recipient(Owned, table=True):
    """One person of a campaign; unique, so that nobody is in it twice."""

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("campaign_id", "contact_id"),
        Index(
            "ix_recipient_due",
            "campaign_id",
            "due_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_recipient_contact", "contact_id"),
        Index(
            "ix_recipient_message",
            "message_id",
            sqlite_where=text("message_id IS NOT NULL"),
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    campaign_id: int = reference("campaign.id")
    contact_id: int = reference("contact.id")
    state: str = PENDING  # one of the states above
    arm: str = ""  # a, b …: which variant; HOLDOUT gets nothing
    due_at: datetime = time()  # not before: quiet hours, drip, the person's own time zone
    values: dict[str, Any] | None = json()  # of this person's row in an audience file
    message_id: int | None = reference("message.id", nullable=True)
    reason: str = ""  # slug of why it was skipped
    tries: int = 0  # messages made for it, `campaign retry` included
    queued_at: datetime | None = time(nullable=True)
    replied_at: datetime | None = time(nullable=True)
    opted_out_at: datetime | None = time(nullable=True)


class AudienceRow(Owned, table=True):
    """Somebody of an audience file, from its plan until the launch; `digest` is the file's hash."""

    __tablename__ = "audience_row"
    __table_args__ = (Index("ix_audience_row_contact", "contact_id"),)

    org_id: int = reference("organisation.id", primary_key=True)
    digest: str = Field(primary_key=True)
    contact_id: int = reference("contact.id", primary_key=True)
    values: dict[str, Any] = json(dict)  # column -> text
    read_at: datetime = time()


campaign = Campaign.__table__  # type: ignore[attr-defined]
recipient = Recipient.__table__  # type: ignore[attr-defined]
audience_row = AudienceRow.__table__  # type: ignore[attr-defined]


def by_name(db: Session, org_id: int, name: str) -> Campaign | None:
    return db.exec(select(Campaign).where(Campaign.org_id == org_id, Campaign.name == name)).first()


def move(db: Session, from_contact: int, to_contact: int) -> None:
    """Two contacts are one person: the ledgers name the one that stays, but where both were in a campaign."""
    both = sa.select(recipient.c.campaign_id).where(recipient.c.contact_id == to_contact)
    alone = sa.and_(recipient.c.contact_id == from_contact, recipient.c.campaign_id.not_in(both))
    db.connection().execute(sa.update(recipient).where(alone).values(contact_id=to_contact))
    theirs = sa.select(audience_row.c.digest).where(audience_row.c.contact_id == to_contact)
    only = sa.and_(audience_row.c.contact_id == from_contact, audience_row.c.digest.not_in(theirs))
    db.connection().execute(sa.update(audience_row).where(only).values(contact_id=to_contact))
    db.connection().execute(sa.delete(audience_row).where(audience_row.c.contact_id == from_contact))
