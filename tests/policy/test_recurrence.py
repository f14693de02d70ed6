"""Recurrence: every local day once, whatever the clocks do; limits, exceptions, and errors that teach."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytake_cli.errors import InvalidData
from pytake_cli.policy.recurrence import Occurrence, next_after, occurrences
from pytake_cli.policy.recurrence_files import dump, read
from pytake_cli.policy.wall_clock import moment, oddity, on_the_wall

SP = "America/Sao_Paulo"
ZONES = ("America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Africa/Cairo", SP, "Asia/Gaza", "UTC")
YEARS = 3


def upcoming(given: dict[str, Any], tz: str, after: str, count: int) -> list[str]:
    """Local keys and, where the wall shows another time then, what it shows."""
    found = []
    for each in islice(occurrences(read(given), tz, datetime.fromisoformat(after).replace(tzinfo=UTC)), count):
        shown = on_the_wall(each.at, ZoneInfo(tz)).isoformat(timespec="minutes")
        found.append(each.local if each.local.startswith(shown) else f"{each.local} at {shown}")
    return found


@settings(max_examples=60, deadline=None)
@given(
    tz=st.sampled_from(ZONES),
    at=st.times(max_value=time(3, 59)) | st.sampled_from([time(1, 30), time(2, 30)]),
    year=st.sampled_from([2016, 2017, 2018, 2025, 2026, 2027]),
    cron=st.booleans(),
)
@example(tz=SP, at=time(0, 0), year=2016, cron=True)
@example(tz="Australia/Lord_Howe", at=time(2, 0), year=2026, cron=False)
@example(tz="America/New_York", at=time(2, 30), year=2026, cron=True)
def test_a_daily_rule_has_every_local_day_exactly_once_in_three_years(tz: str, at: time, year: int, cron: bool) -> None:
    rule = read({"cron": f"{at.minute} {at.hour} * * *"} if cron else {"daily": at.isoformat("minutes")})
    now = moment(datetime.fromisoformat(f"{year}-01-01"), ZoneInfo(tz)) - timedelta(seconds=1)
    days: Counter[date] = Counter()
    while (found := next_after(rule, tz, now)) and datetime.fromisoformat(found.local).year < year + YEARS:
        assert found.at > now
        now = found.at
        shown = on_the_wall(found.at, ZoneInfo(tz))
        local = datetime.fromisoformat(found.local)
        days[local.date()] += 1
        assert shown.date() == local.date()
        assert shown >= local, "never before its time"
        assert (shown == local) == (oddity(local, ZoneInfo(tz)) != "skipped")
    whole = (date(year + YEARS, 1, 1) - date(year, 1, 1)).days
    assert len(days) == whole
    assert set(days.values()) == {1}


def test_an_hour_that_comes_twice_counts_once() -> None:
    given = {"cron": "0,30 1 * * *"}
    assert upcoming(given, "America/New_York", "2026-11-01T04:00", 3) == [
        "2026-11-01T01:00",
        "2026-11-01T01:30",
        "2026-11-02T01:00",
    ]


def test_an_hour_that_is_left_out_counts_once_at_its_end() -> None:
    given = {"cron": "*/15 2,3 * * *"}
    assert upcoming(given, "America/New_York", "2026-03-08T05:00", 3) == [
        "2026-03-08T02:00 at 2026-03-08T03:00",
        "2026-03-08T03:15",
        "2026-03-08T03:30",
    ]


def test_a_length_of_time_goes_on_in_the_hour_that_comes_twice() -> None:
    rule = read({"every": "30m", "start": "2026-01-01T00:00"})
    found = list(islice(occurrences(rule, "America/New_York", datetime(2026, 11, 1, 4, 45, tzinfo=UTC)), 5))
    assert [each.local for each in found] == [
        "2026-11-01T01:00",
        "2026-11-01T01:30",
        "2026-11-01T01:00-05:00",
        "2026-11-01T01:30-05:00",
        "2026-11-01T02:00",
    ]
    assert {later.at - earlier.at for earlier, later in pairwise(found)} == {timedelta(minutes=30)}


def test_whole_days_keep_the_time_of_day() -> None:
    given = {"every": "2d", "start": "2026-03-05T09:00"}
    assert upcoming(given, "America/New_York", "2026-03-05T00:00", 3) == [
        "2026-03-05T09:00",
        "2026-03-07T09:00",
        "2026-03-09T09:00",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"weekly": "mon-fri", "at": "09:00"}, ["2026-02-27T09:00", "2026-03-02T09:00", "2026-03-03T09:00"]),
        ({"weekly": ["fri"], "at": ["18:00", "09:00"]}, ["2026-02-27T09:00", "2026-02-27T18:00", "2026-03-06T09:00"]),
        ({"monthly": 31, "at": "09:00"}, ["2026-02-28T09:00", "2026-03-31T09:00", "2026-04-30T09:00"]),
        ({"monthly": ["last"], "at": "09:00"}, ["2026-02-28T09:00", "2026-03-31T09:00", "2026-04-30T09:00"]),
        ({"monthly": "2 tue", "at": "09:00"}, ["2026-03-10T09:00", "2026-04-14T09:00", "2026-05-12T09:00"]),
        ({"monthly": "last fri", "at": "09:00"}, ["2026-02-27T09:00", "2026-03-27T09:00", "2026-04-24T09:00"]),
        ({"cron": "0 0 29 2 *"}, ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        ({"cron": "@monthly"}, ["2026-03-01T00:00", "2026-04-01T00:00", "2026-05-01T00:00"]),
        ({"at": "2026-12-01T09:00"}, ["2026-12-01T09:00"]),
        ({"once": True, "at": "2026-12-01T09:00"}, ["2026-12-01T09:00"]),
        ({"daily": True, "at": "09:00", "until": "2026-02-27"}, ["2026-02-27T09:00"]),
        ({"daily": "09:00", "start": "2026-02-01", "count": 28}, ["2026-02-27T09:00", "2026-02-28T09:00"]),
        (
            {"daily": "09:00", "blackout": ["2026-02-27", "2026-03-01..2026-03-09"]},
            ["2026-02-28T09:00", "2026-03-10T09:00", "2026-03-11T09:00"],
        ),
        (
            {"cron": "0 * * * *", "windows": {"mon-fri": ["08:00-10:00"]}},
            ["2026-02-27T08:00", "2026-02-27T09:00", "2026-03-02T08:00"],
        ),
        (
            {"daily": "09:00", "holidays": ["2026-02-27", "2026-02-28"]},
            ["2026-03-01T09:00", "2026-03-02T09:00", "2026-03-03T09:00"],
        ),
        (
            {"weekly": "fri", "at": "09:00", "holidays": ["2026-02-27"], "on_holiday": "next-day"},
            ["2026-02-27T09:00 at 2026-02-28T09:00", "2026-03-06T09:00", "2026-03-13T09:00"],
        ),
        (
            {"daily": ["09:00", "15:00"], "exceptions": [{"date": "2026-02-27", "do": "reschedule", "to": "11:00"}]},
            ["2026-02-27T09:00 at 2026-02-27T11:00", "2026-02-28T09:00", "2026-02-28T15:00"],
        ),
        (
            {
                "weekly": "mon",
                "at": "09:00",
                "exceptions": [{"date": "2026-03-02", "do": "reschedule", "to": "2026-02-28T10:00"}],
            },
            ["2026-03-02T09:00 at 2026-02-28T10:00", "2026-03-09T09:00", "2026-03-16T09:00"],
        ),
        (
            {"daily": "09:00", "exceptions": [{"date": date(2026, 2, 27), "do": "skip"}]},
            ["2026-02-28T09:00", "2026-03-01T09:00", "2026-03-02T09:00"],
        ),
    ],
)
def test_rules_give_these_times(given: dict[str, Any], expected: list[str]) -> None:
    assert upcoming(given, SP, "2026-02-27T03:00", 3) == expected


def test_a_modified_day_says_what_is_different() -> None:
    rule = read({"daily": "09:00", "exceptions": [{"date": "2026-11-27", "do": "modify", "template": "black_friday"}]})
    found = list(islice(occurrences(rule, SP, datetime(2026, 11, 26, tzinfo=UTC)), 3))
    assert [dict(each.changes) for each in found] == [{}, {"template": "black_friday"}, {}]


def test_holidays_may_be_named() -> None:
    rule = read({"daily": "09:00", "holidays": "shop"}, {"shop": frozenset([date(2026, 12, 25)])})
    assert rule.holidays == {date(2026, 12, 25)}


@pytest.mark.parametrize(
    "given",
    [
        {"daily": "09:00", "blackout": "2026-01-01..2099-12-31"},
        {"cron": "0 9 * * *", "windows": ["10:00-11:00"]},
        {"at": "2020-01-01T09:00"},
    ],
)
def test_a_rule_that_never_comes_ends_the_search(given: dict[str, Any]) -> None:
    assert next_after(read(given), SP, datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cron": "0 25 * * *"}, "25 is no hour of a cron line"),
        ({"cron": "61 9 * * *"}, "61 is no minute"),
        ({"cron": "0 9 * * seg"}, "seg is no day-of-week"),
        ({"cron": "0 9 * *"}, "five fields and this has 4"),
        ({"cron": "0 0 9 * * *"}, "five fields and this has 6"),
        ({"cron": "0 0 31 2 *"}, "31 is no day-of-month"),
        ({"cron": ""}, "five fields and this has 0"),
        ({"daily": "9h"}, "daily: 9h does not fit"),
        ({"daily": "25:00"}, "daily: 25:00"),
        ({"weekly": "seg", "at": "09:00"}, "weekly: seg"),
        ({"weekly": "mon"}, "at is missing"),
        ({"monthly": [0], "at": "09:00"}, "monthly: 0"),
        ({"monthly": ["6 tue"], "at": "09:00"}, "monthly: 6 tue"),
        ({"every": "1 fortnight", "start": "2026-01-01"}, "every: 1 fortnight"),
        ({"every": "1d"}, "start is missing"),
        ({"every": "0m", "start": "2026-01-01"}, "every: 0m"),
        ({"daily": "09:00", "cron": "0 9 * * *"}, "recurrence: cron, daily does not fit"),
        ({}, "recurrence is missing"),
        ({"daily": "09:00", "blackouts": []}, "blackouts"),
        ({"daily": "09:00", "count": 3}, "start is missing"),
        ({"daily": "09:00", "count": "x"}, "count: x"),
        ({"daily": "09:00", "windows": ["9-18"]}, "windows"),
        ({"daily": "09:00", "holidays": "shop"}, "holidays: shop"),
        ({"daily": "09:00", "blackout": "2026-12-31..2026-12-01"}, "blackout"),
        ({"daily": "09:00", "exceptions": [{"date": "2026-12-01", "do": "dance"}]}, "exceptions.do: dance"),
        ({"daily": "09:00", "exceptions": [{"date": "2026-12-01", "do": "reschedule"}]}, "exceptions"),
        ({"daily": "09:00", "exceptions": [{"date": "2026-12-01", "do": "modify"}]}, "exceptions"),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidData) as caught:
        read(given)
    assert words in str(caught.value)


DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31)).map(date.isoformat)
MOMENTS = st.datetimes(datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2028-12-01"))
CLOCKS = st.times().map(lambda at: at.replace(microsecond=0).isoformat())
PATTERNS = st.one_of(
    st.builds(lambda at: {"daily": at}, st.lists(CLOCKS, min_size=1, max_size=3)),
    st.builds(
        lambda on, at: {"weekly": on, "at": at},
        st.lists(st.sampled_from(["mon", "tue-thu", "sun"]), min_size=1),
        CLOCKS,
    ),
    st.builds(
        lambda on, at: {"monthly": on, "at": at},
        st.lists(st.sampled_from([1, 29, 31, "last", "1 mon", "last sun"]), min_size=1),
        CLOCKS,
    ),
    st.builds(lambda span: {"every": span}, st.sampled_from(["7m", "90m", "1d", "36h", "2w"])),
    st.builds(
        lambda minute, hour: {"cron": f"{minute} {hour} * * *"},
        st.sampled_from(["0", "*/20"]),
        st.sampled_from(["1", "2-3", "*/5"]),
    ),
    st.builds(lambda at: {"at": at.isoformat()}, MOMENTS),
)
LIMITS = st.fixed_dictionaries(
    {"start": DAYS},
    optional={
        "until": DAYS,
        "count": st.integers(1, 20),
        "windows": st.just({"mon-sat": ["01:00-20:00"]}),
        "blackout": st.lists(DAYS, max_size=3),
        "holidays": st.lists(DAYS, max_size=3),
        "on_holiday": st.sampled_from(["skip", "next-day"]),
        "exceptions": st.lists(
            st.one_of(
                st.builds(lambda day: {"date": day, "do": "skip"}, DAYS),
                st.builds(lambda day, to: {"date": day, "do": "reschedule", "to": to}, DAYS, DAYS),
                st.builds(lambda day: {"date": day, "do": "modify", "template": "x"}, DAYS),
            ),
            max_size=3,
        ),
    },
)


@settings(max_examples=200, deadline=None)
@given(
    pattern=PATTERNS,
    limits=LIMITS,
    tz=st.sampled_from(ZONES),
    after=MOMENTS,
)
def test_asking_again_after_each_gives_the_same_as_asking_once(
    pattern: dict[str, Any], limits: dict[str, Any], tz: str, after: datetime
) -> None:
    rule = read({**pattern, **limits})
    assert read(dump(rule)) == rule
    now = after.replace(tzinfo=UTC)
    together = list(islice(occurrences(rule, tz, now), 12))
    one_by_one: list[Occurrence] = []
    while len(one_by_one) < 12 and (found := next_after(rule, tz, now)):
        one_by_one.append(found)
        now = found.at
    assert one_by_one == together
    assert all(earlier.at < later.at for earlier, later in pairwise(together))
    assert len({each.local for each in together}) == len(together), "each has a key of its own"
