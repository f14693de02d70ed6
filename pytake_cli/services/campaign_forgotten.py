"""Ledgers of campaigns when people are forgotten: their rows go, and what became of each stays as a number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy import pricing
from pytake_cli.policy.audience import GONE, PREFIX
from pytake_cli.store import Store
from pytake_cli.store.campaigns import PENDING, SKIPPED, recipient
from pytake_cli.store.forgotten import forgotten_recipient
from pytake_cli.store.messages import Message

message = Message.__table__  # type: ignore[attr-defined]

# What a message that nobody will hear of again counts as.
ENDS = {"queued": "cancelled", "sending": "unknown"}


def forget(store: Store, which: sa.ColumnElement[bool], at_once: int) -> None:
    """Takes people out of the ledgers, `at_once` in a transaction; what their campaigns came to stays as it was."""
    while True:
        with store.write() as db:
            if _forget_some(db, which, at_once) < at_once:
                return


def _forget_some(db: Session, which: sa.ColumnElement[bool], most: int) -> int:
    columns = (
        *(recipient.c[name] for name in ("id", "org_id", "campaign_id", "arm", "state", "reason", "message_id")),
        *(recipient.c[name] for name in ("replied_at", "opted_out_at")),
        *(message.c[name] for name in ("status", "error_code", "read_at", "delivered_at", "pricing", "address")),
    )
    joined = recipient.outerjoin(message, message.c.id == recipient.c.message_id)
    rows = db.connection().execute(sa.select(*columns).select_from(joined).where(which).limit(most)).all()
    if not rows:
        return 0
    db.connection().execute(sa.insert(forgotten_recipient), [_kept(row) for row in rows])
    db.connection().execute(sa.delete(recipient).where(recipient.c.id.in_([row.id for row in rows])))
    sent = [row.message_id for row in rows if row.message_id is not None]
    counted = sa.update(message).where(message.c.id.in_(sent))
    db.connection().execute(counted.values(campaign_id=None))  # else it would count twice
    return len(rows)


def _kept(row: sa.Row[Any]) -> dict[str, Any]:
    waits = row.state == PENDING
    price = row.pricing if row.delivered_at is not None else None
    return {
        "org_id": row.org_id,
        "campaign_id": row.campaign_id,
        "arm": row.arm,
        "state": SKIPPED if waits else row.state,
        "reason": GONE if waits else row.reason,
        "status": ENDS.get(row.status, row.status) or "",
        "error_code": row.error_code,
        "read": row.read_at is not None,
        "replied": row.replied_at is not None,
        "opted_out": row.opted_out_at is not None,
        "prefix": _country(row.address) if price is not None else "",
        "category": str((price or {}).get("category") or "").upper(),
        "billable": price is not None and _is_billable(price),
        "priced": price is not None,
        "delivered_at": _hour(row.delivered_at),
    }


def _is_billable(price: dict[str, Any]) -> bool:
    return price.get("billable") is not False and not str(price.get("type") or "regular").startswith("free")


def _country(address: str) -> str:
    """`BR.`, as an id of Meta's begins: no digit of a phone stays."""
    country = pricing.country_of(address.replace("+", "")[:PREFIX])
    return f"{country}." if country else ""


def _hour(moment: datetime | None) -> datetime | None:
    """Near enough for what a month cost; a second could tell who it was."""
    return moment and moment.replace(minute=0, second=0, microsecond=0)
