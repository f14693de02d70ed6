"""Who of an audience gets a campaign, and why the others do not: one statement on both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger
from sqlmodel import Session

from pytake_cli.policy import audience as policy
from pytake_cli.policy.campaigns import HOLDOUT, Cap
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE
from pytake_cli.store.audience import scattered
from pytake_cli.store.campaigns import ENQUEUED, PENDING, STARTED, audience_row, campaign, recipient
from pytake_cli.store.contacts import contact, identity
from pytake_cli.store.conversations import BOT, RESOLVED, Conversation
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.types import UtcTime

conversation = Conversation.__table__  # type: ignore[attr-defined]
message = Message.__table__  # type: ignore[attr-defined]
number = Number.__table__  # type: ignore[attr-defined]
PRIME = 2_147_483_647  # 2^31 - 1: products of two remainders fit 64 bits
_GONE = ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides who is left out of one campaign."""

    org_id: int
    portfolio: str  # whose BSUIDs the number may write to
    marketing: bool  # people must have agreed to it
    phones_only: bool  # one-time codes go to no BSUID
    no_us: bool  # the template is of Meta's category MARKETING
    cap: Cap | None
    skip_open_conversations: bool
    now: datetime
    within: tuple[int, int] | None = None  # only contacts with these ids: a launch freezes a chunk at a time
    before: Sequence[int] = ()  # the campaigns of the same name: whoever is in one is not written to again
    rank_at_most: int | None = None  # only those with such a `scattered` id: a sample that is the same each time


def sorted_people(ids: sa.Select[Any] | None, digest: str, rules: Rules) -> sa.Subquery:
    """Everybody of the audience: `id`, `tz`, `prefix` of the address, `values` of a file, and the `reason` or ''."""
    people = _people(ids, digest, rules)
    prefix = sa.func.substr(sa.func.coalesce(people.c.phone, people.c.bsuid, ""), 1, policy.PREFIX)
    whens = _reasons(people, prefix, rules)
    reason = sa.case(*((condition, sa.literal(name)) for name, condition in whens), else_=sa.literal(""))
    chosen = sa.select(
        people.c.id,
        people.c.tz,
        sa.case((people.c.phone.is_(None), sa.func.substr(prefix, 1, 3)), else_=prefix).label("prefix"),
        people.c["values"],
        reason.label("reason"),
    )
    return chosen.subquery("sorted_people")


def _people(ids: sa.Select[Any] | None, digest: str, rules: Rules) -> sa.Subquery:
    """The audience with the address of each. OFFSET 0 keeps both databases from asking for it in every condition."""
    phone = _newest(contact, identity.c.kind == PHONE)
    values = audience_row.c["values"] if digest else sa.null().cast(audience_row.c["values"].type)
    chosen = sa.select(
        contact.c.id,
        contact.c.tz,
        contact.c.blocked_at,
        contact.c.opted_out_at,
        contact.c.marketing_stopped_at,
        contact.c.marketing_granted_at,
        contact.c.marketing_held_until,
        contact.c.utility_stopped_at,
        phone.label("phone"),
        values.label("values"),
    ).where(contact.c.org_id == rules.org_id, contact.c.merged_into_id.is_(None), contact.c.deleted_at.is_(None))
    if digest:
        rows = (audience_row.c.org_id == rules.org_id, audience_row.c.digest == digest)
        chosen = chosen.join(audience_row, audience_row.c.contact_id == contact.c.id).where(*rows)
    if rules.within is not None:
        chosen = chosen.where(contact.c.id.between(*rules.within))
    if rules.rank_at_most is not None:
        chosen = chosen.where(scattered(contact.c.id) <= rules.rank_at_most)
    if ids is not None and ids.whereclause is not None:
        chosen = chosen.where(ids.whereclause)  # not IN: a launch would list everybody again for each chunk
    called = chosen.offset(0).subquery("called")
    theirs = _newest(called, identity.c.kind.in_((BSUID, PARENT_BSUID)), identity.c.scope == rules.portfolio)
    bsuid = sa.null().cast(sa.String) if rules.phones_only else sa.case((called.c.phone.is_(None), theirs))
    return sa.select(called, bsuid.label("bsuid")).offset(0).subquery("people")


def _newest(people: Any, *which: sa.ColumnElement[bool]) -> Any:
    """The identity of that kind that each of `people` was seen with last."""
    mine = (identity.c.contact_id == people.c.id, identity.c.retired_at.is_(None))
    newest = sa.select(identity.c.value).order_by(identity.c.last_seen_at.desc(), identity.c.id.desc()).limit(1)
    return newest.where(*mine, *which).correlate(people).scalar_subquery()


def _reasons(people: sa.Subquery, prefix: Any, rules: Rules) -> list[tuple[str, sa.ColumnElement[bool]]]:
    """The conditions in the order of policy.audience.REASONS."""
    of_this_kind = people.c.marketing_stopped_at if rules.marketing else people.c.utility_stopped_at
    stopped = sa.or_(people.c.opted_out_at.is_not(None), of_this_kind.is_not(None))
    found: list[tuple[str, sa.ColumnElement[bool]]] = []
    found.append((policy.BLOCKED, people.c.blocked_at.is_not(None)))
    found.append((policy.OPTED_OUT, stopped))
    if rules.marketing:
        found.append((policy.NO_CONSENT, people.c.marketing_granted_at.is_(None)))
    found.append((policy.NO_ADDRESS, sa.and_(people.c.phone.is_(None), people.c.bsuid.is_(None))))
    found.append((policy.NOT_A_NUMBER, _no_number(people, rules)))
    if rules.no_us:
        american = sa.and_(people.c.phone.like("1%"), prefix.not_in(policy.NOT_US))
        by_id = sa.and_(people.c.phone.is_(None), people.c.bsuid.like("US.%"))
        found.append((policy.US_MARKETING, sa.or_(american, by_id)))
    if rules.marketing:
        found.append((policy.HELD, people.c.marketing_held_until > sa.literal(rules.now, UtcTime)))
    if rules.skip_open_conversations:
        talks = sa.select(conversation.c.id).where(
            conversation.c.contact_id == people.c.id, conversation.c.status.not_in((RESOLVED, BOT))
        )
        found.append((policy.IN_CONVERSATION, talks.exists()))
    if rules.cap is not None and rules.cap.messages:
        found.append((policy.TOO_OFTEN, had_lately(people.c.id, rules.cap, rules.now) >= rules.cap.messages))
    if rules.before:
        found.append((policy.ALREADY_IN, _is_in(people.c.id, rules)))
    return found


def _no_number(people: sa.Subquery, rules: Rules) -> sa.ColumnElement[bool]:
    phone = people.c.phone
    own = sa.select(number.c.id).where(number.c.org_id == rules.org_id, number.c.display == "+" + phone)
    return sa.and_(
        phone.is_not(None),
        sa.or_(
            ~sa.func.length(phone).between(7, 15),
            phone.like("0%"),
            phone.like("999%"),  # a country code that nobody has
            phone.like("1555%"),  # Meta's test numbers
            phone.like("1___55501__"),  # kept for films
            own.exists(),
        ),
    )


def had_lately(contact_id: Any, cap: Cap, now: datetime) -> Any:
    """How many campaign messages somebody had within the cap's days, those that failed not counted."""
    lost = sa.select(message.c.id).where(message.c.id == recipient.c.message_id, message.c.status.in_(_GONE))
    since = sa.literal(now - timedelta(days=cap.days), UtcTime)
    had = sa.select(sa.func.count()).where(
        recipient.c.contact_id == contact_id, recipient.c.queued_at > since, ~lost.correlate(recipient).exists()
    )
    return had.scalar_subquery()


def _is_in(contact_id: Any, rules: Rules) -> sa.ColumnElement[bool]:
    ledger = sa.select(recipient.c.id).where(
        recipient.c.contact_id == contact_id,
        recipient.c.campaign_id.in_(rules.before),
        recipient.c.state.in_((PENDING, ENQUEUED, STARTED)),
    )
    return ledger.exists()


def named(db: Session, org_id: int, name: str, but: int | None) -> Sequence[int]:
    """The campaigns of that name, `but` the one whose ledger is being written."""
    mine = (campaign.c.org_id == org_id, campaign.c.name == name, campaign.c.id.is_distinct_from(but))
    return db.connection().execute(sa.select(campaign.c.id).where(*mine)).scalars().all()


def arm_of(contact_id: Any, shares: Sequence[tuple[str, int]], seed: Sequence[int]) -> Any:
    """The arm that falls to somebody: the same for a campaign and a person every time, in any database.

    A polynomial over the id with coefficients of the campaign's name, as neither database shares a hash with the other.
    """
    if len(shares) == 1:
        return sa.literal(shares[0][0])
    one, two, three = (sa.literal(each, BigInteger) for each in seed)
    prime = sa.literal(PRIME, BigInteger)
    x = sa.cast(contact_id, BigInteger) % prime
    place = (one * ((x * x) % prime) + two * x + three) % prime % sa.literal(100, BigInteger)
    whens, end = [], 0
    for name, share in shares:
        end += share
        whens.append((place < end, sa.literal(name)))
    return sa.case(*whens, else_=sa.literal(shares[-1][0]))


def clocks(db: Session, org_id: int) -> list[tuple[str, str]]:
    """What tells the time zones of an organisation's contacts: each (tz, "") and ("", prefix) that there is."""
    digits = sa.func.substr(identity.c.value, 1, policy.PREFIX).label("digits")
    code = sa.func.substr(identity.c.value, 1, 3)
    of_phone = sa.select(sa.case((identity.c.kind == PHONE, digits), else_=code)).where(
        identity.c.org_id == org_id, identity.c.kind.in_((PHONE, BSUID, PARENT_BSUID))
    )
    of_person = sa.select(contact.c.tz).where(contact.c.org_id == org_id)
    prefixes = db.connection().execute(of_phone.distinct()).scalars()
    zones = db.connection().execute(of_person.distinct()).scalars()
    return [*(("", prefix) for prefix in prefixes), *((tz, "") for tz in zones if tz)]


def due_of(people: sa.Subquery, start: datetime, later: Mapping[datetime, Sequence[tuple[str, str]]]) -> Any:
    """When somebody's message is due: `start`, or later where it is quiet; `later` has (tz, prefix) by moment."""
    moment = sa.literal(start, UtcTime)
    whens = []
    for due, keys in sorted(later.items()):
        by_tz = sorted({tz for tz, _ in keys if tz})
        by_prefix = sorted({prefix for tz, prefix in keys if not tz})
        where = sa.or_(people.c.tz.in_(by_tz), sa.and_(people.c.tz == "", people.c.prefix.in_(by_prefix)))
        whens.append((where, sa.literal(due, UtcTime)))
    return sa.case(*whens, else_=moment) if whens else moment


def shares_of(arms: Sequence[tuple[str, int]], holdout: int) -> list[tuple[str, int]]:
    """Every arm with its hundredths, those who get nothing first."""
    return [*([(HOLDOUT, holdout)] if holdout else []), *arms]
