"""Prices: tables by market, category, volume and date; markets by the first digits of a phone."""

from __future__ import annotations

import phonenumbers
import pytest

from pytake_cli.policy import pricing
from pytake_cli.policy.audience import NOT_US
from pytake_cli.policy.campaigns import Money
from pytake_cli.policy.pricing import Rate, Table, country_of
from pytake_cli.services import prices

HEAD = "market,category,from,price,currency,valid_from"


def test_the_table_that_ships_has_every_region_and_category() -> None:
    table = Table.of(prices.shipped())
    for market in {*pricing.REGIONS, *pricing.REGIONS.values(), "BR", "IN", "Other", "ZZ"}:
        for category in pricing.CATEGORIES:
            assert table.tiers(market, category, "2026-11-01")


def test_a_price_holds_from_its_day_on() -> None:
    rates = [Rate("BR", "MARKETING", 0, 1, "USD", "2026-01-01"), Rate("BR", "MARKETING", 0, 2, "USD", "2026-10-01")]
    table = Table.of(rates)
    found = [table.tiers("BR", "MARKETING", day) for day in ("2025-12-31", "2026-09-30", "2026-10-01")]
    assert [[rate.micros for rate in each] for each in found] == [[], [1], [2]]


def test_volume_tiers_make_the_least_of_a_range() -> None:
    rates = [Rate("BR", "UTILITY", 0, 100, "USD", "2026-01-01"), Rate("BR", "UTILITY", 1000, 60, "USD", "2026-01-01")]
    made = pricing.estimate({("BR", "UTILITY"): 500}, Table.of(rates), "2026-11-01", {("BR", "UTILITY"): 800})
    assert (made.least.micros, made.most.micros) == (200 * 100 + 300 * 60, 500 * 100)


def test_the_first_layer_wins_market_by_market() -> None:
    own, shipped = [Rate("BR", "MARKETING", 0, 9, "BRL", "2026-01-01")], prices.shipped()
    table = Table.of(own, shipped)
    assert table.tiers("BR", "MARKETING", "2026-11-01")[0].micros == 9
    assert table.tiers("PT", "MARKETING", "2026-11-01")[0].currency == "USD"


@pytest.mark.parametrize(
    "line",
    [
        "BR,PROMO,0,0.06,USD,2026-01-01",
        "br,MARKETING,0,0.06,USD,2026-01-01",
        "BR,MARKETING,0,abc,USD,2026-01-01",
        "BR,MARKETING,0,NaN,USD,2026-01-01",
        "BR,MARKETING,0,-1,USD,2026-01-01",
        "BR,MARKETING,x,0.06,USD,2026-01-01",
        "BR,MARKETING,0,0.0000001,USD,2026-01-01",
        "BR,MARKETING,0,0.06,R$,2026-01-01",
        "BR,MARKETING,0,0.06,USD,01/01/2026",
        "BR",
    ],
)
def test_a_line_that_is_none_is_told_with_its_number(line: str) -> None:
    rates, wrong = pricing.read(["# prices", HEAD, "BR,UTILITY,0,0.01,USD,2026-01-01", line])
    assert len(rates) == 1
    assert [each.line for each in wrong] == [4]


def test_money_has_two_places_or_as_many_as_it_needs() -> None:
    assert [Money(micros, "USD").amount for micros in (0, 750_000_000, 62_500, 6_800, 1)] == [
        "0.00",
        "750.00",
        "0.0625",
        "0.0068",
        "0.000001",
    ]


def test_four_digits_tell_the_country_as_the_library_does() -> None:
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number(country)
        if example is None:
            continue
        digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]
        main = phonenumbers.region_codes_for_country_code(example.country_code or 0)[0]
        expected = country if digits.startswith("1") else {"KZ": "KZ"}.get(country, main)
        assert country_of(digits[:4]) == expected, country


def test_area_codes_that_are_not_american_are_not_american() -> None:
    assert all(country_of(prefix) != "US" for prefix in NOT_US)
    assert country_of("1212") == "US"
