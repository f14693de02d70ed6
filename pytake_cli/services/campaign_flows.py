"""Campaigns that start a flow with everybody: each person in a savepoint, and why somebody's could not begin."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from pytake_cli.errors import LimitReached, PytakeError
from pytake_cli.flow.opening import opens_with_template
from pytake_cli.policy import audience as reasons
from pytake_cli.policy import window
from pytake_cli.policy.campaigns import HOLDOUT, Definition
from pytake_cli.services import campaigns, flow_starts
from pytake_cli.services.campaign_audience import Target, arm_of, everybody
from pytake_cli.services.campaign_words import GONE
from pytake_cli.services.flow_library import definition
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.database import is_outage
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.messages import CAMPAIGN
from pytake_cli.store.numbers import Number

service_window = ServiceWindow.__table__  # type: ignore[attr-defined]
log = logging.getLogger(__name__)

IN_FLOW = "in-flow"  # another session is open
WINDOW_CLOSED = "window-closed"  # and the flow does not begin with a template
OUT_OF_SCOPE = "out-of-scope"  # the flow's own
FAILED = "flow-failed"
# why a flow was not started -> the reason that the ledger keeps; others keep their slug
REASON_OF = {
    "PT-CONTACT-BLOCKED": reasons.BLOCKED,
    "PT-CONTACT-DELETED": GONE,
    "PT-CONTACT-ADDRESS": reasons.NO_ADDRESS,
    "PT-OPTED-OUT": reasons.OPTED_OUT,
    "PT-FLOW-PEOPLE": reasons.IN_CONVERSATION,
    "PT-FLOW-STANDBY": reasons.IN_CONVERSATION,
    "PT-FLOW-LOOP": reasons.TOO_OFTEN,
    "PT-FLOW-BUSY": IN_FLOW,
    "PT-FLOW-CLOSED": WINDOW_CLOSED,
    "PT-FLOW-SCOPE": OUT_OF_SCOPE,
    "PT-FLOW-START": FAILED,
}


@dataclass(slots=True)
class Begun:
    """What became of a chunk: (recipient, its flow's first message), and reason -> recipients."""

    started: list[tuple[int, int | None]] = field(default_factory=list)
    skipped: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def why_not(db: Session, campaign: Campaign) -> str:
    """Why nobody's flow could begin: it is disabled, unpublished or unreadable; empty when it can."""
    try:
        definition(_version(db, campaign))
    except PytakeError as error:
        return str(error)
    return ""


def ref_of(db: Session, found: Target) -> str:
    """The version that the campaign's flow starts with; empty when there is none."""
    known = found.flow.published_version_id if found.flow is not None else None
    return db.get_one(FlowVersion, known).ref if known is not None else ""


def warnings(db: Session, found: Target, planned: Definition, people: int, now: datetime) -> Iterator[PytakeError]:
    """A flow that does not begin with a template reaches only those whose 24-hour window is open when it starts."""
    known = found.flow.published_version_id if found.flow is not None else None
    if known is None or opens_with_template(definition(db.get_one(FlowVersion, known))):
        return
    yield LimitReached(
        "PT-CAMP-WINDOW",
        "the flow does not begin with a template: it reaches only people with an open window, {open} of {people}",
        why="Meta accepts only approved templates outside the 24-hour window",
        fix="a template step before the first words",
        open=_open_windows(db, found, planned, now),
        people=people,
    )


def _open_windows(db: Session, found: Target, planned: Definition, now: datetime) -> int:
    start = max(planned.at or now, now)
    people = everybody(db, found, planned, now)
    wrote = sa.and_(
        service_window.c.contact_id == people.c.id,
        service_window.c.number_id == found.number.id,
        service_window.c.last_inbound_at > start - window.WINDOW + window.MARGIN,
    )
    query = sa.select(sa.func.count()).select_from(people.join(service_window, wrote))
    going = query.where(people.c.reason == "", arm_of(people, planned) != HOLDOUT)
    return int(db.connection().execute(going).scalar_one())


def begin(db: Session, campaign: Campaign, number: Number, people: Sequence[sa.Row[Any]], now: datetime) -> Begun:
    """Starts the campaign's flow with everybody; whom it cannot start with gets nothing, and the rest goes on."""
    begun = Begun()
    if not people:
        return begun
    version = _version(db, campaign)
    for row in sorted(people, key=lambda each: int(each.id)):
        try:
            with db.begin_nested():
                first = _begin(db, campaign, version, number, row, now)
        except IntegrityError:
            continue  # they wrote this very moment: their turn comes again
        except Exception as error:
            if is_outage(error):
                raise  # the store, not the flow: it is tried again
            if not isinstance(error, PytakeError):
                log.exception("a campaign's flow failed", extra={"campaign": campaign.id, "contact": row.id})
            begun.skipped[_reason(error)].append(row.recipient_id)
        else:
            begun.started.append((row.recipient_id, first))
    return begun


def _version(db: Session, campaign: Campaign) -> FlowVersion:
    return flow_starts.startable(db, campaign.org_id, campaigns.definition(campaign).flow)


def _reason(error: Exception) -> str:
    return REASON_OF.get(error.slug, error.slug) if isinstance(error, PytakeError) else FAILED


def _begin(
    db: Session, campaign: Campaign, version: FlowVersion, number: Number, row: Any, now: datetime
) -> int | None:
    """The first message, if the flow says something at once. It stands for the person in what is counted.

    All that is said at once goes in the lane of campaigns: nobody's live answer waits for it.
    """
    declared = definition(version).vars
    session = flow_starts.start(
        db,
        version,
        number,
        row.id,
        now,
        cause=f"campaign:{campaign.id}:{row.id}",
        trigger=f"campaign {campaign.name}",
        given={name: value for name, value in (row.values or {}).items() if name in declared},
    )
    said = flow_starts.said(db, session)
    for message in said:
        message.priority = CAMPAIGN
        db.add(message)
    if not said:
        return None
    said[0].campaign_id = campaign.id
    db.flush()
    return said[0].id
