"""What a campaign says to each person, whom it may not write to any more, and why it stopped, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.flow.expressions import compile_template
from pytake_cli.policy import audience as reasons
from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.breaker import Trip
from pytake_cli.policy.campaigns import Definition
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.services import campaigns, templates
from pytake_cli.services.flow_context import org_values
from pytake_cli.store import ledger
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp.errors import rule


@dataclass(frozen=True, slots=True)
class Words:
    """A campaign with what it needs to write: read once a chunk."""

    definition: Definition
    templates: Mapping[str, Template]  # by arm
    org: Organisation
    marketing: bool

    def unwanted(self, row: Any, *, times: int, is_open: bool) -> str | None:
        """Why somebody whose turn it is gets nothing, if so: what was true at the launch may not be any more."""
        if row.merged_into_id is not None or row.deleted_at is not None:
            return "gone"
        if row.blocked_at is not None:
            return reasons.BLOCKED
        if row.opted_out_at is not None or (self.marketing and row.marketing_stopped_at is not None):
            return reasons.OPTED_OUT
        if self.marketing and row.marketing_granted_at is None:
            return reasons.NO_CONSENT
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

    def outgoing(self, row: Any, identities: Sequence[Any]) -> wire.Outgoing:
        """The message for one person; raises InvalidData for somebody for whom a value is missing."""
        arm = self.definition.arm(row.arm)
        values = fill(self.definition.values_of(arm), row, identities, self.org)
        header = getattr(arm, "header", "")
        if header:
            values["header"] = header
        return templates.message(self.templates[row.arm], values)


def fill(wanted: Mapping[str, str], row: Any, identities: Sequence[Any], org: Organisation) -> dict[str, str]:
    """The values of a template for one person; raises InvalidData where one is empty."""
    context = {"contact": _contact(row, identities), "org": org_values(org), "row": row.values or {}}
    values = {}
    for name, source in wanted.items():
        column = source.removeprefix("@")
        if column != source:
            text = str((row.values or {}).get(column) or "")
        else:
            text = compile_template(source).render(context)
        if not text.strip():
            raise InvalidData("PT-CAMP-VALUE", "there is no value for {name}", fix="pytake contact set -h", name=name)
        values[name] = " ".join(text.split())
    return values


def _contact(row: Any, identities: Sequence[Any]) -> dict[str, Any]:
    newest = {one.kind: one.value for one in reversed(identities) if one.retired_at is None}
    name = row.name or row.profile_name
    return {
        "id": row.contact_id,
        "name": name,
        "first_name": name.split()[0] if name.split() else "",
        "phone": f"+{newest[PHONE]}" if PHONE in newest else "",
        "email": str(row.fields.get("email") or ""),
        "username": newest.get(USERNAME, ""),
        "language": row.language,
        "stage": row.stage,
        "score": row.score,
        "fields": dict(row.fields),
    }


def of(db: Session, campaign: Campaign, number: Number) -> Words:
    """Raises NotFound when a template is no longer there."""
    definition = campaigns.definition(campaign)
    found = {
        arm.name: templates.find(db, campaign.org_id, number.waba_id, arm.template, arm.language or None)
        for arm in definition.arms
    }
    org = db.get_one(Organisation, campaign.org_id)
    marketing = campaign.category == "MARKETING" or definition.consent == policy.MARKETING
    return Words(definition, found, org, marketing)


def of_trip(trip: Trip) -> tuple[str, str]:
    """The slug of a breaker's verdict, and what it means."""
    if trip.code is None:
        return "PT-CAMP-FAILURES", f"{trip.count} of the last {trip.of} messages failed"
    meta = rule(trip.code, None)
    often = f"{trip.count} of the last {trip.of}"
    return "PT-CAMP-REFUSED", f"Meta refuses with {trip.code} ({often}): {meta.meaning}; {meta.advice}"
