"""Values of fields: what Brazilians and machines write is understood, what may mean two things is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.field_values import Misfit, Value, read
from pytake_cli.store.fields import TYPES

PLANS = ("Básico", "Ouro")


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("text", "  Ana\0 ", "Ana"),
        ("text", " ", None),
        ("text", True, "true"),
        ("number", "10", 10),
        ("number", "-10,5", -10.5),
        ("number", "1.234,56", 1234.56),
        ("number", "1,234.56", 1234.56),
        ("number", "1 000", 1000),
        ("number", "1.5", 1.5),
        ("number", 7, 7),
        ("number", 2.0, 2),
        ("bool", "Sim", True),
        ("bool", "não", False),
        ("bool", "x", True),
        ("bool", "0", False),
        ("bool", False, False),
        ("date", "2026-11-01", "2026-11-01"),
        ("date", "01/11/2026", "2026-11-01"),
        ("date", "2026-11-01T09:00", "2026-11-01T12:00:00+00:00"),
        ("date", "2026-11-01T09:00Z", "2026-11-01T09:00:00+00:00"),
        ("choice", "basico", "Básico"),
        ("choice", "OURO", "Ouro"),
    ],
)
def test_what_people_write_becomes_a_value(type_: str, text: Value, value: Value | None) -> None:
    found = read(type_, text, choices=PLANS, tz=ZoneInfo("America/Sao_Paulo"))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("number", "dez"),
        ("number", "1,234"),
        ("number", "1.234.567"),
        ("number", "1e5"),
        ("number", "nan"),
        ("number", "١٢"),
        ("number", "12345678901234567"),
        ("number", "."),
        ("bool", "talvez"),
        ("date", "31/02/2026"),
        ("date", "2026-13-01"),
        ("date", "amanhã"),
        ("choice", "prata"),
        ("text", "x" * 4001),
    ],
)
def test_what_does_not_fit_is_refused(type_: str, text: str) -> None:
    with pytest.raises(Misfit):
        read(type_, text, choices=PLANS)


def test_a_choice_that_is_nearly_right_is_named() -> None:
    with pytest.raises(Misfit, match="did you mean Ouro"):
        read("choice", "Ouru", choices=PLANS)


def test_the_country_says_whether_the_month_comes_first() -> None:
    assert read("date", "03/11/2026", month_first=True) == "2026-03-11"


@given(st.sampled_from(sorted(TYPES)), st.text())
def test_any_text_is_a_value_or_refused_and_a_value_is_read_as_itself(type_: str, text: str) -> None:
    try:
        value = read(type_, text, choices=PLANS)
    except Misfit:
        return
    if value is not None:
        assert read(type_, value, choices=PLANS) == value


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_numbers_stay_what_they_are(number: int) -> None:
    assert read("number", str(number)) == number


@given(st.dates())
def test_days_stay_what_they_are(day: date) -> None:
    assert read("date", day.isoformat()) == day.isoformat()


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_stay_what_they_are(moment: datetime) -> None:
    found = read("date", moment.isoformat())
    assert datetime.fromisoformat(str(found)) == moment.replace(microsecond=0)
