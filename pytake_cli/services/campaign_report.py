"""What became of a campaign: everybody of its ledger, one by one or added up, with what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.locale import _
from pytake_cli.policy.audience import REASONS
from pytake_cli.services import campaign_watch, campaigns, prices
from pytake_cli.store import ledger_counts
from pytake_cli.store.campaigns import Campaign, recipient
from pytake_cli.store.contacts import contact
from pytake_cli.store.forgotten import forgotten_recipient as gone
from pytake_cli.store.messages import Message
from pytake_cli.whatsapp.errors import rule

message = Message.__table__  # type: ignore[attr-defined]

ROWS_AT_ONCE = 2_000
ANSWERED = {"replied": recipient.c.replied_at, "opted_out": recipient.c.opted_out_at}
REACHED = {"sent": ("sent", "held", "delivered", "read", "played"), "delivered": ("delivered", "read", "played")}
_FATE = sa.func.coalesce(message.c.status, recipient.c.state)
_COLUMNS = (
    recipient.c.id,
    recipient.c.contact_id,
    sa.func.coalesce(sa.func.nullif(contact.c.name, ""), contact.c.profile_name).label("name"),
    message.c.address,
    recipient.c.arm,
    _FATE.label("state"),
    recipient.c.reason,
    message.c.error_code,
    message.c.error,
    recipient.c.message_id,
    recipient.c.tries,
    recipient.c.due_at,
    message.c.sent_at,
    message.c.delivered_at,
    message.c.read_at,
    message.c.failed_at,
    recipient.c.replied_at,
    recipient.c.opted_out_at,
)


def recipients(
    db: Session,
    campaign: Campaign,
    states: Sequence[str] = (),
    codes: Sequence[int] = (),
    limit: int | None = None,
    *,
    after: int = 0,
) -> Iterator[dict[str, Any]]:
    """Everybody of the ledger behind `after`, or those with one of the states; a part at a time in memory.

    A state is that of the message, or of the ledger for who has none; `sent` and `delivered` mean at least so far.
    """
    people = recipient.join(contact, contact.c.id == recipient.c.contact_id)
    people = people.outerjoin(message, message.c.id == recipient.c.message_id)
    query = sa.select(*_COLUMNS).select_from(people).where(recipient.c.campaign_id == campaign.id)
    if states:
        query = query.where(sa.or_(*(_is(state) for state in states)))
    if codes:
        query = query.where(message.c.error_code.in_(codes))
    last, left = after, limit
    while left is None or left > 0:
        most = ROWS_AT_ONCE if left is None else min(left, ROWS_AT_ONCE)
        rows = db.connection().execute(query.where(recipient.c.id > last).order_by(recipient.c.id).limit(most)).all()
        for row in rows:
            why = rule(row.error_code, None).meaning if row.error_code is not None else row.error or ""
            yield {**row._asdict(), "why": _(REASONS.get(row.reason, row.reason) or why)}
        if len(rows) < most:
            return
        last, left = rows[-1].id, None if left is None else left - len(rows)


def replies(db: Session, campaign: Campaign, limit: int) -> list[dict[str, Any]]:
    """The newest first answers: who, when, in which conversation, and what was said."""
    answer = message.alias("answer")
    mine = sa.and_(
        answer.c.contact_id == recipient.c.contact_id,
        answer.c.direction == "in",
        answer.c.at >= recipient.c.replied_at,
    )
    first = sa.select(sa.func.min(answer.c.id)).where(mine).scalar_subquery()
    name = sa.func.coalesce(sa.func.nullif(contact.c.name, ""), contact.c.profile_name).label("name")
    columns = (recipient.c.contact_id, name, message.c.conversation_id, message.c.at, message.c.text)
    joined = recipient.join(contact, contact.c.id == recipient.c.contact_id).join(message, message.c.id == first)
    answered = sa.select(*columns).select_from(joined).where(recipient.c.campaign_id == campaign.id)
    newest = answered.where(recipient.c.replied_at.is_not(None)).order_by(recipient.c.replied_at.desc())
    return [row._asdict() for row in db.connection().execute(newest.limit(limit))]


def _is(state: str) -> sa.ColumnElement[bool]:
    if state in ANSWERED:
        return ANSWERED[state].is_not(None)  # type: ignore[no-any-return]
    return _FATE.in_(REACHED.get(state, (state,)))


def report(db: Session, campaign: Campaign, now: datetime) -> dict[str, Any]:
    """Everything added up: fates, reasons, answers by arm, and the cost as Meta's statuses tell what is charged."""
    assert campaign.id is not None
    sent = campaigns.definition(campaign)
    usage = prices.usage(db, campaign.org_id, campaign.created_at, now, campaign.id)
    return {
        **campaign_watch.of(db, campaign, now),
        "template": sent.flow or ", ".join(arm.template for arm in sent.arms),
        "query": campaign.query,
        "arms": _arms(db, campaign.id),
        "usage": usage,
        "cost": _sum(usage),
        "fates": dict(sorted(ledger_counts.fates(db, campaign.id).items())),
    }


def _arms(db: Session, campaign_id: int) -> list[dict[str, Any]]:
    """How each variant did."""
    reached = message.c.status.in_(REACHED["delivered"])
    columns = {
        "people": sa.func.count(),
        "delivered": sa.func.count(sa.case((reached, 1))),
        "read": sa.func.count(message.c.read_at),
        "replied": sa.func.count(recipient.c.replied_at),
        "opted_out": sa.func.count(recipient.c.opted_out_at),
    }
    joined = recipient.outerjoin(message, message.c.id == recipient.c.message_id)
    query = sa.select(recipient.c.arm, *(column.label(name) for name, column in columns.items())).select_from(joined)
    mine = query.where(recipient.c.campaign_id == campaign_id).group_by(recipient.c.arm).order_by(recipient.c.arm)
    return _with_forgotten(db, campaign_id, [row._asdict() for row in db.connection().execute(mine)])


def _with_forgotten(db: Session, campaign_id: int, arms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The variants with those whom the store has forgotten."""
    flags = {
        "people": sa.func.count(),
        "delivered": sa.func.count(sa.case((gone.c.status.in_(REACHED["delivered"]), 1))),
        **{name: sa.func.count(sa.case((gone.c[name], 1))) for name in ("read", "replied", "opted_out")},
    }
    query = sa.select(gone.c.arm, *(column.label(name) for name, column in flags.items()))
    by_arm = {arm["arm"]: arm for arm in arms}
    for row in db.connection().execute(query.where(gone.c.campaign_id == campaign_id).group_by(gone.c.arm)):
        arm = by_arm.setdefault(row.arm, {"arm": row.arm, **dict.fromkeys(flags, 0)})
        by_arm[row.arm] = {**arm, **{name: arm[name] + getattr(row, name) for name in flags}}
    return [by_arm[name] for name in sorted(by_arm)]


def _sum(usage: Sequence[dict[str, Any]]) -> dict[str, str] | None:
    """The whole cost; None while a price is unknown or nothing was delivered."""
    costs = [row["cost"] for row in usage]
    if not costs or any(cost is None for cost in costs):
        return None
    return {"amount": str(sum(Decimal(cost["amount"]) for cost in costs)), "currency": costs[0]["currency"]}
