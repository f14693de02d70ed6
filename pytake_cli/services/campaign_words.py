"""What a campaign says to each person, whom it may not write to any more, and why it stopped, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from pytake_cli.locale import Phrase
from pytake_cli.policy import audience as reasons
from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.breaker import Trip
from pytake_cli.policy.campaigns import Definition
from pytake_cli.policy.quiet import loud_at
from pytake_cli.policy.zones import zone_of
from pytake_cli.services import campaign_audience, campaign_told, campaign_values, campaigns
from pytake_cli.services.campaign_values import Filling
from pytake_cli.store import ledger
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.errors import rule


@dataclass(frozen=True, slots=True)
class Words:
    """A campaign with what it needs to write: read once a chunk."""

    definition: Definition
    fillings: Mapping[str, Filling]  # by arm
    base: Mapping[str, Any]
    tz: str  # the organisation's
    marketing: bool

    def unwanted(self, row: Any, now: datetime, *, times: int, is_open: bool) -> str | None:
        """Why somebody whose turn it is gets nothing, if so: what was true at the launch may not be any more."""
        if row.merged_into_id is not None or row.deleted_at is not None:
            return reasons.GONE
        if row.blocked_at is not None:
            return reasons.BLOCKED
        if row.opted_out_at or (row.marketing_stopped_at if self.marketing else row.utility_stopped_at):
            return reasons.OPTED_OUT
        if self.marketing and row.marketing_granted_at is None:
            return reasons.NO_CONSENT
        if self.marketing and row.marketing_held_until is not None and row.marketing_held_until > now:
            return reasons.HELD
        if is_open and self.definition.skip_open_conversations:
            return reasons.IN_CONVERSATION
        cap = self.cap
        return reasons.TOO_OFTEN if cap is not None and cap.messages and times >= cap.messages else None

    @property
    def cap(self) -> policy.Cap | None:
        return self.definition.cap or (policy.DEFAULT_CAP if self.marketing else None)

    def written_to(self, db: Session, contact_ids: Sequence[int], now: datetime) -> dict[int, int]:
        """How many campaign messages each has had within the cap's days."""
        cap = self.cap
        if cap is None or not cap.messages:
            return {}
        return ledger.written_to(db, contact_ids, now - timedelta(days=cap.days))

    def due(self, tz: str, address: wire.Address, now: datetime) -> datetime:
        """`now`, or when the quiet hours of the person are over."""
        quiet = self.definition.quiet
        if quiet is None:
            return now
        prefix = address.value[1 : 1 + reasons.PREFIX] if address.kind == "phone" else address.value[:3]
        return loud_at(quiet, self.tz if quiet.zone == "org" else zone_of(prefix, tz, self.tz), now)

    def scopes(self, db: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """What the texts may read about each of `rows` (id of the contact, values)."""
        return campaign_values.scopes(db, rows, list(self.fillings.values()), self.base)

    def outgoing(self, arm: str, scope: Mapping[str, Any]) -> wire.Outgoing | Mapping[str, str] | None:
        """The message for one person, or the variables of a flow; None when a value is missing or does not fit."""
        filled = self.fillings[arm].fill(scope)
        return (filled.outgoing or filled.values) if filled.is_ready else None


def of(db: Session, campaign: Campaign, now: datetime) -> Words:
    """Raises NotFound when a template is no longer there."""
    definition = campaigns.definition(campaign)
    target = campaign_audience.target(db, campaign.org_id, definition)
    return Words(
        definition,
        campaign_values.fillings(definition, target.templates),
        campaign_values.base_scope(db, campaign.org_id, definition, now),
        db.get_one(Organisation, campaign.org_id).tz,
        target.is_marketing(definition),
    )


def of_trip(trip: Trip) -> tuple[str, Phrase]:
    """The slug of a breaker's verdict, and what it means."""
    often = {"count": trip.count, "of": trip.of}
    if trip.code is None:
        return "PT-CAMP-FAILURES", Phrase("{count} of the last {of} messages failed", **often)
    about = {"code": trip.code, **often, "why": campaign_told.meaning(rule(trip.code, None))}
    return "PT-CAMP-REFUSED", Phrase("Meta refuses with {code} ({count} of the last {of}): {why}", **about)
