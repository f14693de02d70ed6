"""Prices: the table that ships, the organisation's own before it, and what messages have cost by Meta's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import InvalidData
from pytake_cli.policy import pricing
from pytake_cli.policy.audience import PREFIX
from pytake_cli.policy.campaigns import Money
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE
from pytake_cli.policy.pricing import Rate, Table
from pytake_cli.services import recently
from pytake_cli.store.contacts import identities_of
from pytake_cli.store.forgotten import forgotten_recipient as gone
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.prices import Price
from pytake_cli.store.rows import insert

message = Message.__table__  # type: ignore[attr-defined]
price = Price.__table__  # type: ignore[attr-defined]
SHIPPED, OWN = "shipped", "own"  # where a price comes from
WRONG_SHOWN = 5
LONGEST_DELIVERY = recently.LONGEST_QUEUE  # a message that was delivered today was made at most so long before


@lru_cache(maxsize=1)
def shipped() -> tuple[Rate, ...]:
    """The estimate that ships with this version."""
    text = resources.files("pytake_cli.policy").joinpath("prices.csv").read_text(encoding="utf-8")
    return tuple(pricing.read(text.splitlines())[0])


def own(db: Session, org_id: int) -> list[Rate]:
    """What the organisation imported."""
    mine = select(Price).where(Price.org_id == org_id)
    rows = db.exec(mine.order_by(col(Price.market), col(Price.category), col(Price.valid_from), col(Price.from_volume)))
    return [Rate(row.market, row.category, row.from_volume, row.micros, row.currency, row.valid_from) for row in rows]


def table(db: Session, org_id: int) -> Table:
    """The prices that hold: the organisation's own, and the shipped estimate where there are none."""
    return Table.of(own(db, org_id), shipped())


def of_one(db: Session, org_id: int, contact_id: int, on: str) -> dict[str, Money]:
    """What one message to this contact costs on a day, by category, before any volume; without those that nobody knows.

    {"UTILITY": Money(6800, "USD"), "MARKETING": Money(62500, "USD")}
    """
    known = {each.kind: each.value for each in reversed(identities_of(db, [contact_id]).get(contact_id, []))}
    country = pricing.country_of((known.get(PHONE) or known.get(BSUID) or known.get(PARENT_BSUID, ""))[:PREFIX])
    all_rates = table(db, org_id)
    tiers = {category: all_rates.tiers(country, category, on) for category in pricing.CATEGORIES} if country else {}
    return {category: Money(found[0].micros, found[0].currency) for category, found in tiers.items() if found}


def listed(db: Session, org_id: int, on: str) -> list[dict[str, Any]]:
    """Every price that holds on a day, with where it comes from."""
    mine = own(db, org_id)
    keys = {(rate.market, rate.category) for rate in mine}
    layers = [(OWN, mine), (SHIPPED, [each for each in shipped() if (each.market, each.category) not in keys])]
    return [_row(rate, source) for source, rates in layers for rate in rates if _holds(rate, rates, on)]


def _holds(rate: Rate, rates: Iterable[Rate], on: str) -> bool:
    alike = [
        each.valid_from
        for each in rates
        if (each.market, each.category) == (rate.market, rate.category) and each.valid_from <= on
    ]
    return bool(alike) and rate.valid_from == max(alike)


def _row(rate: Rate, source: str) -> dict[str, Any]:
    money = Money(rate.micros, rate.currency)
    return {
        "market": rate.market,
        "category": rate.category,
        "from": rate.from_volume,
        "price": money.amount,
        "currency": rate.currency,
        "valid_from": rate.valid_from,
        "source": source,
    }


def take(db: Session, org_id: int, lines: Iterable[str], name: str, now: datetime) -> int:
    """Imports a price file; what the organisation had for the same market, category, volume and date is replaced.

    Raises PT-PRICES-FILE, and takes nothing, when a line cannot be read.
    """
    rates, wrong = pricing.read(lines)
    if wrong:
        shown = "\n".join(f"{name}:{each.line}  {each.why}" for each in wrong[1:WRONG_SHOWN])
        raise InvalidData(
            "PT-PRICES-FILE",
            "{name}:{line}  {problem}",
            why=shown.replace("{", "{{").replace("}", "}}"),
            fix="pytake billing prices export",
            name=name,
            line=wrong[0].line,
            problem=wrong[0].why,
            count=len(wrong),
        )
    keys = ["org_id", "market", "category", "from_volume", "valid_from"]
    rows = [
        {
            "org_id": org_id,
            "market": rate.market,
            "category": rate.category,
            "from_volume": rate.from_volume,
            "micros": rate.micros,
            "currency": rate.currency,
            "valid_from": rate.valid_from,
            "created_at": now,
        }
        for rate in {(each.market, each.category, each.from_volume, each.valid_from): each for each in rates}.values()
    ]
    added = insert(db, price)
    changed = {name: added.excluded[name] for name in ("micros", "currency", "created_at")}
    if rows:
        db.connection().execute(added.on_conflict_do_update(index_elements=keys, set_=changed), rows)
    return len(rows)


def sent_so_far(db: Session, org_id: int, since: datetime, until: datetime) -> Counter[tuple[str, str]]:
    """Delivered template messages by (country, category) of Meta's word, for volume tiers."""
    found: Counter[tuple[str, str]] = Counter()
    for row in _delivered(db, org_id, since, until, None):
        if row.billable:
            found[pricing.country_of(row.prefix), row.category.upper()] += row.messages
    return found


def usage(
    db: Session, org_id: int, since: datetime, until: datetime, campaign_id: int | None = None
) -> list[dict[str, Any]]:
    """What was delivered, by market and category as Meta's statuses say, with the estimate of its price."""
    prices = table(db, org_id)
    found = []
    for (country, category), (billed, free) in _by_market(db, org_id, since, until, campaign_id).items():
        made = pricing.estimate({(country, category): billed}, prices, until.date().isoformat())
        known = not made.unknown
        found.append(
            {
                "market": country or "?",
                "category": category,
                "delivered": billed + free,
                "charged": billed,
                "free": free,
                "cost": made.most.to_json() if known else None,
                "price_date": made.price_date or None,
            }
        )
    return found


def _by_market(
    db: Session, org_id: int, since: datetime, until: datetime, campaign_id: int | None
) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for row in _delivered(db, org_id, since, until, campaign_id):
        key = (pricing.country_of(row.prefix), row.category.upper())
        billed, free = found.get(key, (0, 0))
        found[key] = (billed + row.messages, free) if row.billable else (billed, free + row.messages)
    return dict(sorted(found.items()))


def _delivered(
    db: Session, org_id: int, since: datetime, until: datetime, campaign_id: int | None
) -> Sequence[sa.Row[Any]]:
    """(prefix, category, billable, messages) of what reached somebody, as the statuses' `pricing` has it."""
    digits = sa.func.substr(sa.func.replace(message.c.address, "+", ""), 1, PREFIX).label("prefix")
    category = sa.func.coalesce(message.c.pricing["category"].as_string(), "").label("category")
    kind = sa.func.coalesce(message.c.pricing["type"].as_string(), "regular")
    billable = sa.and_(
        sa.func.coalesce(message.c.pricing["billable"].as_boolean(), sa.true()), kind.not_like("free%")
    ).label("billable")
    query = sa.select(digits, category, billable, sa.func.count().label("messages")).where(
        message.c.org_id == org_id,
        message.c.direction == OUT,
        message.c.pricing.is_not(None),
        message.c.delivered_at >= since,
        message.c.delivered_at < until,
    )
    if campaign_id is not None:
        query = query.where(message.c.campaign_id == campaign_id)
    else:
        query = query.where(message.c.id >= recently.first_id(db, since - LONGEST_DELIVERY))
    there = db.connection().execute(query.group_by(digits, category, billable)).all()
    return (*there, *_of_forgotten(db, org_id, since, until, campaign_id))


def _of_forgotten(
    db: Session, org_id: int, since: datetime, until: datetime, campaign_id: int | None
) -> Sequence[sa.Row[Any]]:
    """The same of people whom the store has forgotten: what campaigns sent them was charged all the same."""
    columns = (gone.c.prefix, gone.c.category, gone.c.billable)
    query = sa.select(*columns, sa.func.count().label("messages")).where(gone.c.org_id == org_id, gone.c.priced)
    if campaign_id is not None:
        query = query.where(gone.c.campaign_id == campaign_id)
    else:
        query = query.where(gone.c.delivered_at >= since, gone.c.delivered_at < until)
    return db.connection().execute(query.group_by(*columns)).all()
