"""Numbers: the WhatsApp business numbers of an organisation, their limits and whether they may send now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, select

from pytake_cli.store.rows import Owned, primary_key, reference, time

REMOVED = "REMOVED"  # beside Meta's statuses: we let the number go, its history stays


class Number(Owned, table=True):
    __tablename__ = "number"

    id: int | None = primary_key()
    org_id: int = reference("organisation.id", index=True)
    phone_number_id: str = Field(unique=True)  # Meta's id, what webhooks name
    waba_id: str
    portfolio_id: str  # the scope of BSUIDs; the WABA's id where Meta did not tell the portfolio's
    app_id: str = ""  # when set, webhooks signed by another app's secret may not speak for this number
    display: str  # E.164
    name: str = ""  # the verified name
    quality: str = "UNKNOWN"  # GREEN | YELLOW | RED | UNKNOWN
    tier: str = ""  # TIER_250 … TIER_UNLIMITED: unique users a day outside windows, per portfolio
    rate_per_second: int = 80  # Meta's throughput for the number, incoming counted
    status: str = "CONNECTED"
    stopped_at: datetime | None = time(nullable=True)  # sending stopped by an error of its class, or by a person
    stopped_until: datetime | None = time(nullable=True)  # None while stopped: until somebody or a new token helps
    stopped_code: int | None = None
    stopped_reason: str = ""
    templates_stopped_until: datetime | None = time(nullable=True)  # spam limit (131048): no campaigns before
    last_inbound_at: datetime | None = time(nullable=True)
    created_at: datetime = time()


def by_phone_number_id(db: Session, phone_number_id: str) -> Number | None:
    return db.exec(select(Number).where(Number.phone_number_id == phone_number_id)).first()


def everyone(db: Session) -> list[Number]:
    return list(db.exec(select(Number).order_by(Number.id)))  # type: ignore[arg-type]


number = Number.__table__  # type: ignore[attr-defined]
_MAY_STOP = tuple(number.c[name] for name in ("status", "stopped_at", "stopped_until", "templates_stopped_until"))
_SENDER = sa.select(number.c.id, number.c.org_id, number.c.phone_number_id, number.c.rate_per_second, *_MAY_STOP)
_SENDER = _SENDER.where(number.c.id == sa.bindparam("number"))


def sender(db: Session, number_id: int) -> sa.Row[Any] | None:
    """What the sender has to know of a number: asked many times a second, and the row as an object costs four times."""
    return db.connection().execute(_SENDER, {"number": number_id}).first()
