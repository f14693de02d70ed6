"""The ledgers of later messages: who was sent the first one waits in them, and what became of that first one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.store.campaigns import PENDING, SKIPPED, Campaign, recipient
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.messages import Message
from pytake_cli.store.rows import insert
from pytake_cli.store.types import UtcTime

message = Message.__table__  # type: ignore[attr-defined]
service_window = ServiceWindow.__table__  # type: ignore[attr-defined]
NAME = "later-"


def name(place: int) -> str:
    """What the later message of that place is called: `later-1`."""
    return f"{NAME}{place}"


def place_of(campaign: Campaign) -> int | None:
    """Which later message a campaign is; None for one that is none."""
    found = (campaign.occurrence or "").removeprefix(NAME)
    is_later = campaign.series_id is not None and found != campaign.occurrence and found.isdecimal()
    return int(found) if is_later else None


def add(
    db: Session, first: int, following: int, recipient_ids: Sequence[int], due_at: datetime, not_reached: str
) -> int:
    """Puts recipients of the first campaign into the ledger of the following one; how many are new there.

    Whoever was skipped there as `not_reached` by the first message waits again, as it is tried again.
    """
    columns = {
        "org_id": recipient.c.org_id,
        "campaign_id": sa.literal(following, sa.BigInteger),
        "contact_id": recipient.c.contact_id,
        "state": sa.literal(PENDING),
        "arm": sa.literal(""),
        "due_at": sa.literal(due_at, UtcTime),
        "values": recipient.c["values"],
        "reason": sa.literal(""),
        "tries": sa.literal(0),
    }
    people = sa.select(recipient.c.contact_id).where(recipient.c.id.in_(recipient_ids))
    missed = sa.and_(recipient.c.state == SKIPPED, recipient.c.reason == not_reached)
    again = sa.update(recipient).where(
        recipient.c.campaign_id == following,
        sa.or_(recipient.c.state == PENDING, missed),
        recipient.c.contact_id.in_(people),
    )
    db.connection().execute(again.values(state=PENDING, reason="", due_at=due_at))
    chosen = sa.select(*(value.label(key) for key, value in columns.items())).where(
        recipient.c.id.in_(recipient_ids), recipient.c.campaign_id == first
    )
    added = insert(db, recipient).from_select(list(columns), chosen)
    counted = {"preserve_rowcount": True}
    return int(db.connection().execute(added.on_conflict_do_nothing(), execution_options=counted).rowcount)


def firsts(db: Session, first: int, number_id: int, contact_ids: Sequence[int]) -> Sequence[Any]:
    """`contact_id`, the `state`, `status` and `sent_at` of the first message, and when the person wrote last."""
    joined = recipient.outerjoin(message, message.c.id == recipient.c.message_id).outerjoin(
        service_window,
        sa.and_(service_window.c.contact_id == recipient.c.contact_id, service_window.c.number_id == number_id),
    )
    columns = (
        recipient.c.contact_id,
        recipient.c.state,
        message.c.status,
        message.c.due_at.label("told_by"),
        message.c.sent_at,
        service_window.c.last_inbound_at,
    )
    mine = (recipient.c.campaign_id == first, recipient.c.contact_id.in_(contact_ids))
    rows: Sequence[sa.Row[Any]] = db.execute(sa.select(*columns).select_from(joined).where(*mine)).all()
    return rows


def following(db: Session, campaign_id: int) -> Sequence[Campaign]:
    """The later messages of a campaign, as campaigns."""
    mine = select(Campaign).where(Campaign.series_id == campaign_id, col(Campaign.occurrence).startswith(NAME))
    return db.exec(mine.order_by(col(Campaign.id))).all()
