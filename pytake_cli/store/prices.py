"""Prices: what Meta charges as an organisation says, by market, category and day; beside the table that is shipped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint

from pytake_cli.store.rows import Owned, primary_key, reference, time


class Price(Owned, table=True):
    """`micros` millionths of `currency` for each delivered message from the `from_volume`th of a month on."""

    __tablename__ = "price"
    __table_args__ = (UniqueConstraint("org_id", "market", "category", "from_volume", "valid_from"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    market: str  # BR, or Meta's name of a region
    category: str  # MARKETING | UTILITY | AUTHENTICATION | SERVICE
    from_volume: int = 0
    micros: int
    currency: str = "USD"
    valid_from: str  # 2026-10-01
    created_at: datetime = time()
