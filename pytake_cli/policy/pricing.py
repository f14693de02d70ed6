"""What Meta charges: by the recipient's market and the message's category, for each that is delivered."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from pytake_cli.policy.campaigns import Money

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION", "SERVICE")
COLUMNS = ("market", "category", "from", "price", "currency", "valid_from")
OTHER = "Other"
_REGIONS = {
    "North America": "US CA",
    "Rest of Africa": "DZ AO BJ BW BF BI CM TD CG ER ET GA GM GH GW CI KE LS LR LY MG MW ML MR MA MZ NA NE RW SN SL"
    " SO SS SD SZ TZ TG TN UG ZM",
    "Rest of Asia Pacific": "AF AU BD KH CN HK JP LA MN NP NZ PG PH SG LK TW TJ TH TM UZ VN",
    "Rest of Central & Eastern Europe": "AL AM AZ BY BG HR CZ GE GR HU LV LT MD MK PL RO RS SK SI UA",
    "Rest of Latin America": "BO CR DO EC SV GT HT HN JM NI PA PY PR UY VE",
    "Rest of Middle East": "BH IQ JO KW LB OM QA YE",
    "Rest of Western Europe": "AT BE DK FI IE NO PT SE CH",
}
REGIONS = {country: region for region, countries in _REGIONS.items() for country in countries.split()}
_MARKET = re.compile(r"[A-Z]{2}|[A-Z][A-Za-z&]+( [A-Za-z&]+)*")


@dataclass(frozen=True, slots=True)
class Rate:
    """`micros` millionths of `currency` a message, from the `from_volume`th of a month on, since `valid_from`."""

    market: str  # BR, or Meta's name of a region
    category: str
    from_volume: int
    micros: int
    currency: str
    valid_from: str  # 2026-10-01


@dataclass(frozen=True, slots=True)
class Misread:
    """A line of a price file that is none."""

    line: int
    why: str


def read(lines: Iterable[str]) -> tuple[list[Rate], list[Misread]]:
    """The rates of a CSV file, and what is wrong with the other lines; lines with # are remarks.

    market,category,from,price,currency,valid_from
    BR,MARKETING,0,0.0625,USD,2026-04-01
    """
    numbered = [(at, line) for at, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not numbered:
        return [], [Misread(1, "the file is empty")]
    head = [each.strip().lower().lstrip("\ufeff") for each in next(csv.reader([numbered[0][1]]))]
    lacking = [name for name in COLUMNS if name not in head and name != "from"]
    if lacking:
        return [], [Misread(numbered[0][0], f"the first line lacks {', '.join(lacking)}")]
    rates, wrong = [], []
    for at, line in numbered[1:]:
        found = _rate(dict(zip(head, (each.strip() for each in next(csv.reader([line]))), strict=False)))
        if isinstance(found, Rate):
            rates.append(found)
        else:
            wrong.append(Misread(at, found))
    return rates, wrong


def _rate(row: Mapping[str, str]) -> Rate | str:
    """The rate of a row, or what is wrong with it."""
    market, category = row.get("market", ""), row.get("category", "").upper()
    if not _MARKET.fullmatch(market):
        return f"{market!r} is no market: a country such as BR, or a region of Meta's"
    if category not in CATEGORIES:
        return f"{category!r} is none of {', '.join(CATEGORIES)}"
    try:
        micros = Decimal(row.get("price", "")) * 1_000_000
        from_volume = int(row.get("from") or 0)
        valid_from = date.fromisoformat(row.get("valid_from", "")).isoformat()
    except (InvalidOperation, ValueError):
        return "price is a number such as 0.0625, from a whole one, valid_from a date such as 2026-10-01"
    if not micros.is_finite() or not 0 <= micros < 10**12 or micros != int(micros) or from_volume < 0:
        return "price has at most six decimals and is not below 0"
    currency = row.get("currency", "")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        return f"{currency!r} is no currency such as USD"
    return Rate(market, category, from_volume, int(micros), currency, valid_from)


@dataclass(slots=True)
class Table:
    """Rates by market and category; of a date, those that hold on it. Later tables go before earlier ones."""

    own: dict[tuple[str, str], list[Rate]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, *layers: Iterable[Rate]) -> Table:
        """A table whose first layer wins, for each market and category that it has."""
        table = cls()
        for layer in layers:
            fresh: dict[tuple[str, str], list[Rate]] = defaultdict(list)
            for rate in layer:
                fresh[rate.market, rate.category].append(rate)
            for key, rates in fresh.items():
                table.own.setdefault(key, rates)
        return table

    def tiers(self, country: str, category: str, on: str) -> list[Rate]:
        """The rates of a country by volume, the first tier first; those of its region where it has none."""
        for market in (country, REGIONS.get(country, OTHER)):
            rates = [rate for rate in self.own.get((market, category), ()) if rate.valid_from <= on]
            if rates:
                newest = max(rate.valid_from for rate in rates)
                return sorted((each for each in rates if each.valid_from == newest), key=lambda each: each.from_volume)
        return []


@dataclass(frozen=True, slots=True)
class Line:
    """What the messages to one country cost."""

    country: str
    category: str
    count: int
    least: Money
    most: Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """A range: `most` at the first tier's price for every message, `least` with the volume of the month counted."""

    least: Money
    most: Money
    price_date: str
    unknown: tuple[str, ...] = ()  # countries without a price, or with another currency's
    lines: tuple[Line, ...] = ()


def estimate(
    counts: Mapping[tuple[str, str], int], table: Table, on: str, used: Mapping[tuple[str, str], int] | None = None
) -> Estimate:
    """The cost of so many messages by (country, category); `used` are those of the month so far."""
    lines, unknown, newest, currency = [], set(), "", ""
    for (country, category), count in sorted(counts.items()):
        tiers = table.tiers(country, category, on)
        if not count:
            continue
        currency = currency or (tiers[0].currency if tiers else "")
        if not tiers or tiers[0].currency != currency or not country:
            unknown.add(country or "?")
            continue
        newest = max(newest, tiers[0].valid_from)
        before = (used or {}).get((country, category), 0)
        least = sum(rate.micros * part for rate, part in _parts(tiers, before, count))
        most = max(rate.micros for rate in tiers) * count
        lines.append(Line(country, category, count, Money(least, currency), Money(most, currency)))
    totals = [Money(sum(getattr(each, name).micros for each in lines), currency or "USD") for name in ("least", "most")]
    return Estimate(totals[0], totals[1], newest, tuple(sorted(unknown)), tuple(lines))


def _parts(tiers: list[Rate], before: int, count: int) -> Iterator[tuple[Rate, int]]:
    """How many of the messages fall into each tier."""
    for rate, following in zip(tiers, [*tiers[1:], None], strict=True):
        end = following.from_volume if following else before + count
        part = min(count, max(0, end - before))
        if part:
            yield rate, part
            before, count = before + part, count - part


def country_of(prefix: str) -> str:
    """The country of somebody whose phone begins with these four digits, or whose BSUID with `BR.`; '' if unknown."""
    if not prefix.isdigit():
        return prefix[:2].upper() if re.match(r"[A-Za-z]{2}\.", prefix) else ""
    if prefix.startswith("55"):
        return "BR"
    if prefix.startswith("1"):
        from pytake_cli.policy.audience import CANADA, ISLANDS

        return ISLANDS.get(prefix[1:4]) or ("CA" if prefix[1:4] in CANADA else "US")
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for size in (2, 3, 1):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(prefix[:size]))
        if regions and len(prefix) >= size:
            return "KZ" if prefix[:2] in ("76", "77") else regions[0]
    return ""
