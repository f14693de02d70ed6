"""Planned that start a flow: with whom it can begin, its sessions, and taking back what nobody has got yet."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, PytakeError
from pytake_cli.flow.opening import opens_with_template
from pytake_cli.policy import audience as reasons
from pytake_cli.policy import window
from pytake_cli.policy.audience import FLOW_FAILED, WINDOW_CLOSED
from pytake_cli.policy.campaigns import HOLDOUT
from pytake_cli.policy.campaigns import Definition as Planned
from pytake_cli.services import flow_library, flow_sessions, flow_starts, ownership, talks
from pytake_cli.services.campaign_audience import Target, arm_of, everybody
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store import ledger
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import BOT, BY_BOT, Conversation
from pytake_cli.store.database import is_outage
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.messages import CAMPAIGN, Message
from pytake_cli.store.numbers import Number

service_window = ServiceWindow.__table__  # type: ignore[attr-defined]
log = logging.getLogger(__name__)

AT_ONCE = 10  # people a transaction: a session costs 7 to 10 ms, and the write lock is wanted elsewhere
# why a flow was not started -> the reason that the ledger keeps; what is not here is a failure of the flow
REASON_OF = {
    "PT-CONTACT-BLOCKED": reasons.BLOCKED,
    "PT-CONTACT-DELETED": reasons.GONE,
    "PT-CONTACT-ADDRESS": reasons.NO_ADDRESS,
    "PT-OPTED-OUT": reasons.OPTED_OUT,
    "PT-FLOW-PEOPLE": reasons.IN_CONVERSATION,
    "PT-FLOW-STANDBY": reasons.IN_CONVERSATION,
    "PT-FLOW-LOOP": reasons.TOO_OFTEN,
    "PT-FLOW-BUSY": "in-flow",
    "PT-FLOW-CLOSED": WINDOW_CLOSED,
    "PT-FLOW-SCOPE": "out-of-scope",
}
FEW = 3  # failures of a chunk that may be the fault of single people


@dataclass(slots=True)
class Begun:
    """What came of a chunk: (recipient, first message), recipients without one, and those left out by reason."""

    queued: list[tuple[int, int]] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    skipped: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    stop: str = ""  # why the campaign has to: it is the flow that fails, not single people


def problems(db: Session, flow: Flow | None, values: Mapping[str, str]) -> Iterator[PytakeError]:
    """What keeps a flow from being started by a campaign."""
    if flow is None:
        return
    version = flow_library.published(db, flow.org_id, flow.name)
    if version is None or flow.paused:
        yield Conflict(
            "PT-CAMP-FLOW", "the flow {name} is not running", fix="pytake flow enable {name}", name=flow.name
        )
        return
    known = flow_library.definition(version).vars
    if unknown := [name for name in values if name not in known]:
        yield InvalidData(
            "PT-CAMP-VALUES",
            "the flow {name} has no variables {unknown}",
            why="it has {known}" if known else "it declares none",
            fix="declare them under vars: in the flow, and publish it",
            name=flow.name,
            unknown=", ".join(unknown),
            known=", ".join(known),
        )


def warnings(db: Session, found: Target, planned: Planned, people: int, now: datetime) -> Iterator[PytakeError]:
    """What to know before: nothing but a template reaches people who have not written lately."""
    flow = found.flow
    version = flow_library.published(db, flow.org_id, flow.name) if flow is not None else None
    if version is not None and not opens_with_template(flow_library.definition(version)):
        yield Conflict(
            "PT-CAMP-FLOW",
            "the flow {name} does not begin with a template: it reaches {open} of {people}, whose window is open",
            why="Meta accepts only approved templates outside the 24-hour window",
            fix="let its first step be template: NAME, and publish it",
            name=version.ref.partition("@")[0],
            open=_open_windows(db, found, planned, now),
            people=people,
        )


def _open_windows(db: Session, found: Target, planned: Planned, now: datetime) -> int:
    people = everybody(db, found, planned, now)
    wrote = sa.and_(
        service_window.c.contact_id == people.c.id,
        service_window.c.number_id == found.number.id,
        service_window.c.last_inbound_at > max(planned.at or now, now) - window.WINDOW + window.MARGIN,
    )
    query = sa.select(sa.func.count()).select_from(people.join(service_window, wrote))
    going = query.where(people.c.reason == "", arm_of(people, planned) != HOLDOUT)
    return int(db.connection().execute(going).scalar_one())


def start(db: Session, campaign: Campaign, people: Sequence[tuple[Any, Mapping[str, str]]], now: datetime) -> Begun:
    """Begins the flow with each of (row of the ledger, values); one that fails leaves nothing behind."""
    begun, why = Begun(), ""
    flow = db.get_one(Flow, campaign.flow_id)
    version = flow_library.published(db, flow.org_id, flow.name)
    if version is None:
        return begun
    number = db.get_one(Number, campaign.number_id)
    for row, values in people:
        try:
            with db.begin_nested():
                message = _begin(db, campaign, number, version, row, values, now)
        except IntegrityError:
            continue  # the person wrote this very moment: their turn comes again
        except Exception as error:
            if is_outage(error):
                raise
            reason = REASON_OF.get(error.slug, FLOW_FAILED) if isinstance(error, PytakeError) else FLOW_FAILED
            begun.skipped[reason].append(row.recipient_id)
            if reason == FLOW_FAILED:
                log.warning("a flow could not begin", extra={"campaign": campaign.id, "contact": row.id}, exc_info=True)
                why = str(error)[:300]
            continue
        if message:
            begun.queued.append((row.recipient_id, message))
        else:
            begun.silent.append(row.recipient_id)
    failed = begun.skipped[FLOW_FAILED]
    if len(failed) >= FEW or (failed and not begun.queued and not begun.silent):
        begun.stop = why
        failed.clear()  # they wait until the flow is mended
    return begun


def _begin(
    db: Session,
    campaign: Campaign,
    number: Number,
    version: FlowVersion,
    row: Any,
    values: Mapping[str, str],
    now: datetime,
) -> int | None:
    """The first message of the session, None when it says nothing yet."""
    session = flow_starts.start(
        db,
        version,
        number,
        row.id,
        now,
        cause=f"campaign:{campaign.id}:{row.id}",
        trigger=f"campaign {campaign.name}",
        given=values,
    )
    ownership.changed(db, db.get_one(Conversation, session.conversation_id), None, now)
    said = flow_starts.said(db, session)
    for message in said:  # in one lane, where they stay in order
        message.priority = CAMPAIGN
        db.add(message)
    if not said:
        return None
    said[0].campaign_id, said[0].origin, said[0].on_unknown = campaign.id, "campaign", "hold"
    db.flush()
    return said[0].id


def take_back(db: Session, campaign: Campaign, now: datetime) -> int:
    """Sessions whose first message Meta has not got end, and their people wait again; how many."""
    if campaign.flow_id is None:
        return 0
    mine = select(Message).where(Message.campaign_id == campaign.id, Message.status == "queued")
    found = db.exec(mine.where(col(Message.claimed_at).is_(None)).order_by(col(Message.id))).all()
    for message in found:
        conversation = flow_sessions.lock(db, message.conversation_id)
        session = sessions.of_conversation(db, message.conversation_id)
        if session is not None and (message.client_key or "").startswith(f"flow:{session.id}:"):
            sessions.end(db, session, "cancelled", now, cause=f"campaign:{campaign.id}:{now.timestamp():.6f}")
        ownership.silence(db, conversation, now)
        if conversation.owner == BY_BOT and conversation.status == BOT:
            talks.put(conversation, "take_back", now)
            ownership.changed(db, conversation, None, now)
        ledger.wait_again(db, [message.id or 0])
        message.campaign_id = None
        db.add(message)
    db.flush()
    return len(found)


def is_running(db: Session, flow_id: int) -> bool:
    """Whether a flow may be started now."""
    found = db.connection().execute(
        sa.select(col(Flow.published_version_id), col(Flow.paused)).where(col(Flow.id) == flow_id)
    )
    row = found.first()
    return row is not None and row.published_version_id is not None and not row.paused
