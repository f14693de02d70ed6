"""Business hours by the clock on the wall, also on the days when it is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytake_cli.policy.hours import Schedule, is_holiday, is_open, next_open, read_schedule

SHOP = read_schedule(
    {"mon-fri": ["09:00-12:00", "13:30-18:00"], "sat": ["09:00-13:00"]},
    "America/Sao_Paulo",
    [date(2026, 12, 25)],
    {date(2026, 12, 24): ["09:00-12:00"]},
)
MINUTE = timedelta(minutes=1)
# Zones that change their clocks by an hour, by half an hour, at midnight, and not at all; with days around a change.
ZONES = {
    "America/New_York": (date(2026, 3, 7), date(2026, 10, 31)),
    "Australia/Lord_Howe": (date(2026, 4, 4), date(2026, 10, 3)),
    "America/Sao_Paulo": (date(2018, 11, 3), date(2019, 2, 16)),
    "Africa/Cairo": (date(2026, 4, 23), date(2026, 10, 28)),
    "Asia/Kolkata": (date(2026, 1, 1),),
}


def at(text: str, tz: str = "America/Sao_Paulo", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz), fold=fold)


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        ("2026-11-23T08:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T11:59:59", True),
        ("2026-11-23T12:00", False),
        ("2026-11-23T13:30", True),
        ("2026-11-28T12:00", True),
        ("2026-11-28T13:00", False),
        ("2026-11-29T10:00", False),
        ("2026-12-24T11:00", True),
        ("2026-12-24T15:00", False),
        ("2026-12-25T11:00", False),
    ],
)
def test_the_shop_is_open_in_its_spans(moment: str, wanted: bool) -> None:
    assert is_open(SHOP, at(moment)) is wanted
    assert is_open(SHOP, at(moment).astimezone(UTC)) is wanted


def test_the_next_opening_skips_what_is_closed() -> None:
    assert next_open(SHOP, at("2026-11-23T10:00")) == at("2026-11-23T10:00")
    assert next_open(SHOP, at("2026-11-23T12:30")) == at("2026-11-23T13:30")
    assert next_open(SHOP, at("2026-11-28T20:00")) == at("2026-11-30T09:00")
    assert next_open(SHOP, at("2026-12-24T12:00")) == at("2026-12-26T09:00")
    assert next_open(Schedule("UTC", {}), at("2026-12-24T12:00")) is None


def test_a_holiday_is_told_from_a_day_that_is_merely_closed() -> None:
    assert is_holiday(SHOP, at("2026-12-25T00:00"))
    assert not is_holiday(SHOP, at("2026-12-24T23:59"))
    assert not is_holiday(SHOP, at("2026-11-29T10:00"))
    special = read_schedule({}, "UTC", [date(2026, 1, 1)], {date(2026, 1, 1): ["10:00-12:00"]})
    assert not is_holiday(special, at("2026-01-01T10:00", "UTC"))
    assert is_open(special, at("2026-01-01T10:00", "UTC"))


def test_a_bar_is_open_past_midnight_but_not_into_a_holiday() -> None:
    bar = read_schedule({"fri-sat": ["22:00-02:00"]}, "America/Sao_Paulo", [date(2026, 11, 28)])
    assert is_open(bar, at("2026-11-21T01:59"))
    assert not is_open(bar, at("2026-11-21T02:00"))
    assert not is_open(bar, at("2026-11-28T00:00"))
    day = read_schedule({"mon-sun": ["00:00-24:00"]}, "America/Sao_Paulo")
    assert is_open(day, at("2026-11-28T23:59:59"))
    late = read_schedule({"mon": ["18:00-00:00"]}, "UTC")
    assert is_open(late, at("2026-11-23T23:59", "UTC"))
    assert not is_open(late, at("2026-11-24T00:00", "UTC"))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    night = read_schedule({"sun": ["01:15-01:45"]}, "America/New_York")
    first, second = at("2026-11-01T01:30", "America/New_York"), at("2026-11-01T01:30", "America/New_York", fold=1)
    assert is_open(night, first)
    assert is_open(night, second)
    between = at("2026-11-01T01:50", "America/New_York").astimezone(UTC)
    assert not is_open(night, between)
    assert next_open(night, between) == at("2026-11-01T01:15", "America/New_York", fold=1).astimezone(UTC)


def test_an_opening_in_the_hour_that_is_left_out_is_when_the_clocks_have_been_put_on() -> None:
    night = read_schedule({"sun": ["02:30-04:00"]}, "America/New_York")
    before = at("2026-03-08T01:59", "America/New_York").astimezone(UTC)
    assert next_open(night, before) == at("2026-03-08T03:00", "America/New_York")


_MOMENT = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
_SPANS = st.lists(st.tuples(_MOMENT, _MOMENT).filter(lambda span: span[0] != span[1]), max_size=2).map(tuple)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = draw(st.sampled_from(ZONES[zone]))
    near = st.integers(0, 3).map(lambda days: day + timedelta(days=days))
    days = draw(st.dictionaries(st.integers(0, 6), _SPANS, max_size=7))
    special = draw(st.dictionaries(near, _SPANS, max_size=1))
    schedule = Schedule(zone, days, frozenset(draw(st.sets(near, max_size=1))), special)
    start = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    return schedule, start + draw(st.integers(0, 3000)) * MINUTE


@settings(max_examples=150, deadline=None)
@given(schedules())
def test_the_next_opening_is_the_first_open_minute(case: tuple[Schedule, datetime]) -> None:
    schedule, now = case
    found = next_open(schedule, now)
    minutes = (now + step * MINUTE for step in range(3 * 24 * 60))
    first = next((minute for minute in minutes if is_open(schedule, minute)), None)
    if first is not None:
        assert found == first
    else:
        assert found is None or (found > now + timedelta(days=3) - MINUTE and is_open(schedule, found))


@pytest.mark.parametrize(
    ("spans", "tz", "complaint"),
    [
        ({"monday": ["09:00-10:00"]}, "UTC", "'monday' is no day"),
        ({"mon-tues": ["09:00-10:00"]}, "UTC", "'mon-tues' is no day"),
        ({"mon": ["9-10"]}, "UTC", "'9-10' is no span"),
        ({"mon": ["24:00-25:00"]}, "UTC", "is no span"),
        ({"mon": ["09:00-24:30"]}, "UTC", "is no span"),
        ({"mon": ["09:00-09:00"]}, "UTC", "ends when it begins"),
        ({"mon-fri": ["09:00-10:00"], "wed": []}, "UTC", "wed stands in it twice"),
        ({}, "Sao_Paulo", "no time zone"),
        ({}, "../etc/passwd", "no time zone"),
    ],
)
def test_mistakes_are_named(spans: dict[str, list[str]], tz: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_schedule(spans, tz)


def test_a_range_of_days_may_go_over_the_weekend() -> None:
    assert sorted(read_schedule({"sat-mon": ["09:00-10:00"]}, "UTC").days) == [0, 5, 6]
