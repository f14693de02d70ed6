"""How a running campaign moves on: a look decides what is to be done, and those whose turn it is go into the outbox."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli import faults, settings
from pytake_cli.errors import NotFound
from pytake_cli.locale import Phrase
from pytake_cli.policy import audience as reasons
from pytake_cli.policy import breaker, pacing
from pytake_cli.policy import campaigns as policy
from pytake_cli.policy.campaigns import FINISHED, PAUSED, RUNNING, SCHEDULED
from pytake_cli.services import (
    campaign_causes,
    campaign_drip,
    campaign_flows,
    campaign_launch,
    campaign_told,
    campaign_words,
    campaigns,
    incidents,
    parties,
    sending,
)
from pytake_cli.services.campaign_quota import Quota, Quotas
from pytake_cli.services.campaign_words import Words
from pytake_cli.services.outbound import PREVIEW_LENGTH
from pytake_cli.services.told import of_error
from pytake_cli.store import Store, buckets, ledger
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.contacts import identities_of
from pytake_cli.store.conversations import BOT, RESOLVED
from pytake_cli.store.numbers import Number
from pytake_cli.store.work import poke
from pytake_cli.whatsapp import messages as wire

log = logging.getLogger(__name__)

AHEAD_SECONDS = 2.0  # of the number's rate may wait in the outbox: what a pause has to take back stays small
AT_ONCE = 500  # people a transaction: the write lock is free again within some 50 ms
LOOK_SECONDS = 0.25  # until a running campaign is looked at again
ROWS_AT_ONCE = 20_000  # of a cancelled ledger, a transaction


def step(store: Store, campaign_id: int, now: datetime, quotas: Quotas) -> float | None:
    """Does what is due for a campaign; seconds until somebody should look again, None when the sweep will tell."""
    with store.read() as db:
        campaign = db.get(Campaign, campaign_id)
        if campaign is None:
            return None
        due = campaign.due_at is None or campaign.due_at <= now
    match campaign.status:
        case policy.SCHEDULED if due:
            return _begin(store, campaign_id, now, SCHEDULED)
        case policy.PAUSED if campaign.due_at is not None and due:
            return _begin(store, campaign_id, now, PAUSED)
        case policy.CANCELLED if campaign.due_at is not None:
            return _drop_rest(store, campaign_id)
        case policy.FREEZING:
            campaign_launch.clear_dead(store, campaign_id, now)
            return None
        case policy.RUNNING:
            return _go_on(store, campaign_id, now, quotas)
    return None


def _begin(store: Store, campaign_id: int, now: datetime, status: str) -> float | None:
    """What waited for its moment runs."""
    with store.write() as db:
        campaign = db.get_one(Campaign, campaign_id, with_for_update=True)
        if campaign.status != status or campaign.due_at is None or campaign.due_at > now:
            return 0.0
        if status == SCHEDULED:
            _tell_late(db, campaign, campaign.due_at, now)
        if campaign.status == status:
            campaigns.become(db, campaign, RUNNING, now, due_at=None, status_reason="", status_detail="")
    return 0.0


def _tell_late(db: Session, campaign: Campaign, due_at: datetime, now: datetime) -> None:
    """What no daemon began at its moment begins late, with a word; after a day a person has to want it still."""
    if now - due_at <= timedelta(seconds=settings.current().schedule.late_seconds):
        return
    why = Phrase("it was to begin at {at} UTC, and no daemon ran then", at=f"{due_at:%Y-%m-%d %H:%M}")
    if now - due_at > campaign_causes.FRESH:
        campaigns.stop(db, campaign, now, "PT-CAMP-LATE", why)
        return
    begins = Phrase("campaign {name} begins late: {why}", name=campaign.name, why=why)
    incidents.tell(db, campaign.org_id, "PT-CAMP-LATE", begins, now)


def _drop_rest(store: Store, campaign_id: int) -> float | None:
    with store.write() as db:
        campaign = db.get_one(Campaign, campaign_id)
        if ledger.drop_rest(db, campaign_id, ROWS_AT_ONCE) == ROWS_AT_ONCE:
            return 0.0
        if ledger.call_off(db, campaign_id):  # what is at Meta may come back to be tried again
            return LOOK_SECONDS
        campaign.due_at = None
    return None


@dataclass(frozen=True, slots=True)
class Look:
    """What a running campaign is found to need: an `act` of its own, to `finish`, or to move up to `room` people."""

    act: Callable[[Session, Campaign], None] | None = None
    finish: bool = False
    room: int = 0
    wait_seconds: float | None = LOOK_SECONDS


def _go_on(store: Store, campaign_id: int, now: datetime, quotas: Quotas) -> float | None:
    with store.read() as db:
        look = _look(db, db.get_one(Campaign, campaign_id), now, quotas)
    if look.act is None and not look.finish and not look.room:
        return look.wait_seconds
    faults.point("campaign.before_feed")
    with store.write() as db:
        campaign = db.get_one(Campaign, campaign_id, with_for_update=True)
        if campaign.status != RUNNING:
            return None
        if look.act is not None:
            look.act(db, campaign)
        elif look.finish:
            _finish(db, campaign, now)
        else:
            _feed_or_stop(db, campaign, now, look.room, quotas)
    faults.point("campaign.after_feed")
    return look.wait_seconds


def _feed_or_stop(db: Session, campaign: Campaign, now: datetime, room: int, quotas: Quotas) -> None:
    try:
        quotas.spend(campaign.number_id, feed(db, campaign, now, room))
    except NotFound as error:  # of what it sends, before anything was written
        campaigns.stop(db, campaign, now, error.slug, of_error(error))


def _look(db: Session, campaign: Campaign, now: datetime, quotas: Quotas) -> Look:
    assert campaign.id is not None
    number = db.get_one(Number, campaign.number_id)
    stop = _reason_to_stop(db, campaign, number, now)
    if stop is not None:
        return Look(act=stop, wait_seconds=None)
    next_due = ledger.next_due(db, campaign.id)
    if next_due is None:
        under_way = _is_under_way(db, campaign)
        return Look(finish=not under_way, wait_seconds=2 * LOOK_SECONDS if under_way else None)
    if next_due > now:
        return Look(wait_seconds=min(1.0, (next_due - now).total_seconds()))
    canary = _canary_room(db, campaign, now)
    if canary <= 0:
        begins = campaign.canary_ends_at is None and not ledger.is_under_way(db, campaign.id)
        return Look(act=partial(_begin_wait, now=now) if begins else None)
    ahead = math.ceil(pacing.sending_rate(number.rate_per_second) * AHEAD_SECONDS)
    room = min(ahead - ledger.ahead(db, campaign.number_id, ahead), canary)
    if room <= 0:
        return Look()
    quota = quotas.room(db, number, now)
    if quota is not None and quota.room <= 0 and quota.coming:
        return Look()
    if quota is not None and quota.room <= 0:
        return Look(act=partial(_out_of_quota, quota=quota, now=now), wait_seconds=None)
    room = min(room, quota.room) if quota is not None else room
    at_once = AT_ONCE if campaign.flow_id is None else campaign_flows.AT_ONCE
    return Look(room=min(room, at_once), wait_seconds=0.0 if room > at_once else LOOK_SECONDS)


def _reason_to_stop(
    db: Session, campaign: Campaign, number: Number, now: datetime
) -> Callable[[Session, Campaign], None] | None:
    if sending.is_stopped(number, "campaign", now):
        why = campaign_told.of_stop(number, campaign.name, now)
        return partial(campaigns.stop, now=now, reason=campaign_causes.NUMBER, detail=why)
    if campaign.flow_id is not None and not campaign_flows.is_running(db, campaign.flow_id):
        return partial(campaigns.stop, now=now, reason="PT-CAMP-FLOW", detail=Phrase("its flow is not running"))
    fates = ledger.newest_fates(db, campaign.id or 0, campaign.resumed_at, breaker.WINDOW)
    trip = breaker.judge([breaker.Fate(*fate) for fate in fates])
    if trip is None:
        return None
    reason, why = campaign_words.of_trip(trip)
    return partial(campaigns.stop, now=now, reason=reason, detail=why)


def _out_of_quota(db: Session, campaign: Campaign, *, quota: Quota, now: datetime) -> None:
    why = Phrase(
        "Meta lets you begin conversations with {limit} people in 24 h, and {used} have been written to",
        limit=quota.limit,
        used=quota.used,
    )
    campaigns.stop(db, campaign, now, campaign_causes.QUOTA, why, until=quota.free_at)


def _canary_room(db: Session, campaign: Campaign, now: datetime) -> int:
    """How many may go before the rest: all of them, but for a canary that is not over."""
    canary = campaigns.definition(campaign).canary
    if canary is None or (campaign.canary_ends_at is not None and campaign.canary_ends_at <= now):
        return AT_ONCE * AT_ONCE
    return 0 if campaign.canary_ends_at is not None else canary.size - ledger.sent(db, campaign.id or 0, canary.size)


def _begin_wait(db: Session, campaign: Campaign, *, now: datetime) -> None:
    """Meta has answered all of the canary: before that there is nothing to judge it by, however long it takes."""
    canary = campaigns.definition(campaign).canary
    if canary is not None and campaign.canary_ends_at is None:
        campaign.canary_ends_at = now + canary.wait


def _finish(db: Session, campaign: Campaign, now: datetime) -> None:
    """Everybody's fate is settled, or stands in the list of those that nobody knows."""
    if ledger.next_due(db, campaign.id or 0) is None and not _is_under_way(db, campaign):
        campaigns.become(db, campaign, FINISHED, now, finished_at=now, status_reason="", due_at=None)
        log.info("campaign finished", extra={"campaign": campaign.id})


def _is_under_way(db: Session, campaign: Campaign) -> bool:
    return ledger.is_under_way(db, campaign.id or 0) or campaign_drip.may_grow(db, campaign)


def feed(db: Session, campaign: Campaign, now: datetime, room: int) -> int:
    """Moves up to `room` people whose turn it is from the ledger into the outbox, or out of the campaign.

    Returns how many messages were queued. What is checked here is checked again, as far as it is about the person's
    own will, when a message is claimed.
    """
    assert campaign.id is not None
    number = db.get_one(Number, campaign.number_id)
    words = campaign_words.of(db, campaign, now)
    rate = words.definition.rate
    if rate is not None:
        burst = max(1.0, rate * LOOK_SECONDS * 2)
        room = buckets.take(db, f"campaign:{campaign.id}", room, rate=rate, burst=burst, reserve=0.0, now=now)
    people = ledger.due(db, campaign.id, now, room) if room > 0 else ()
    if not people:
        return 0
    found = _sort_out(db, campaign, number, words, people, now)
    begun = campaign_flows.start(db, campaign, found.starting, now) if found.starting else campaign_flows.Begun()
    for reason, ids in sorted([*found.skipped.items(), *begun.skipped.items()]):
        ledger.skip(db, ids, reason)
    for until, ids in sorted(found.later.items()):
        ledger.postpone(db, ids, until)
    _enqueue(db, campaign, number, found, now)
    ledger.mark_queued(db, begun.queued, now)
    queued = [*(row.recipient_id for row, _, _ in found.going), *(id_ for id_, _ in begun.queued)]
    campaign_drip.follow(db, campaign, queued, now)
    ledger.mark_started(db, begun.silent, now)
    if begun.stop:
        campaigns.stop(db, campaign, now, "PT-CAMP-FLOW", Phrase("the flow cannot begin: {why}", why=begun.stop))
    campaign.started_at = campaign.started_at or now
    poke(db, "number", campaign.number_id, "campaign")
    return len(found.going) + len(begun.queued)


@dataclass(slots=True)
class Sorted:
    """What becomes of the people of a chunk."""

    going: list[tuple[sa.Row[Any], wire.Outgoing, wire.Address]]
    starting: list[tuple[sa.Row[Any], Mapping[str, str]]]  # who begins a flow, with its variables
    skipped: dict[str, list[int]]  # reason -> recipients
    later: dict[datetime, list[int]]
    conversations: dict[int, sa.Row[Any]]  # contact -> the one to write in


def _sort_out(
    db: Session, campaign: Campaign, number: Number, words: Words, people: Sequence[sa.Row[Any]], now: datetime
) -> Sorted:
    ids = [row.id for row in people]
    assert number.id is not None
    found = Sorted([], [], defaultdict(list), defaultdict(list), ledger.conversations(db, number.id, ids))
    known = identities_of(db, ids)
    written = words.written_to(db, ids, now)
    unasked, waiting = campaign_drip.verdicts(db, campaign, ids, now)
    for row, scope in zip(people, words.scopes(db, people), strict=True):
        talk = found.conversations.get(row.id)
        is_open = talk is not None and talk.status not in (RESOLVED, BOT)
        reason = words.unwanted(row, now, times=written.get(row.id, 0), is_open=is_open)
        if reason in (None, reasons.IN_CONVERSATION):  # which an answer has opened, as a rule
            reason = unasked.get(row.id, reason)
        address = parties.reach(known.get(row.id, ()), number.portfolio_id)
        if reason is None and address is None:
            reason = reasons.NO_ADDRESS
        if reason is not None or address is None:
            found.skipped[reason or ""].append(row.recipient_id)
            continue
        due = waiting.get(row.id) or words.due(row.tz, address, now)
        outgoing = words.outgoing(row.arm, scope) if due <= now else None
        if due > now:
            found.later[due].append(row.recipient_id)
        elif outgoing is None:
            found.skipped[reasons.NO_VALUES].append(row.recipient_id)
        elif isinstance(outgoing, wire.Outgoing):
            found.going.append((row, outgoing, address))
        else:
            found.starting.append((row, outgoing))
    return found


def _enqueue(db: Session, campaign: Campaign, number: Number, found: Sorted, now: datetime) -> None:
    assert number.id is not None
    assert campaign.id is not None
    texts = {row.id: wire.summary(outgoing.body) for row, outgoing, _ in found.going}
    known = {row.id: talk.id for row, _, _ in found.going if (talk := found.conversations.get(row.id))}
    ledger.touch(db, [(id_, texts[contact][:PREVIEW_LENGTH]) for contact, id_ in known.items()], now)
    new = [(contact, text[:PREVIEW_LENGTH]) for contact, text in texts.items() if contact not in known]
    known |= ledger.open_conversations(db, campaign.org_id, number.id, new, now)
    common = ledger.message_row(campaign.org_id, number.id, campaign.id, now)
    rows = [
        {
            **common,
            "contact_id": row.id,
            "conversation_id": known[row.id],
            "kind": outgoing.kind,
            "body": outgoing.body,
            "text": texts[row.id],
            "address_kind": address.kind,
            "address": address.value,
        }
        for row, outgoing, address in found.going
    ]
    ids = ledger.queue(db, rows)
    ledger.mark_queued(db, [(row.recipient_id, id_) for (row, _, _), id_ in zip(found.going, ids, strict=True)], now)
