"""Quiet hours by zone, zones by phone, and how long a campaign takes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.policy.campaigns import Canary, Quiet
from pytake_cli.policy.quiet import Pace, course, followed, is_quiet, loud_at
from pytake_cli.policy.zones import zone_of

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NIGHT = Quiet(time(20), time(8))
ZONES = ("America/Sao_Paulo", "America/Manaus", "America/New_York", "Europe/Lisbon", "Asia/Kathmandu")
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
spans = st.tuples(st.times(), st.times()).filter(lambda span: span[0] != span[1]).map(lambda span: Quiet(*span))


@pytest.mark.parametrize(
    ("prefix", "tz", "zone"),
    [
        ("5592", "", "America/Manaus"),
        ("5511", "", "America/Sao_Paulo"),
        ("5568", "", "America/Rio_Branco"),
        ("5511", "America/Recife", "America/Recife"),
        ("5592", "Mars/Olympus", "America/Manaus"),
        ("1212", "", "America/New_York"),
        ("1907", "", "America/Anchorage"),
        ("3519", "", "Europe/Lisbon"),
        ("BR.", "", "America/Sao_Paulo"),
        ("", "", "America/Fortaleza"),
        ("ZZ.", "", "America/Fortaleza"),
    ],
)
def test_a_zone_is_the_persons_else_the_phones_else_the_organisations(prefix: str, tz: str, zone: str) -> None:
    assert zone_of(prefix, tz, "America/Fortaleza") == zone


@PATIENT
@given(quiet=spans, zone=st.sampled_from(ZONES), now=moments)
def test_it_is_never_quiet_when_it_is_said_to_be_loud(quiet: Quiet, zone: str, now: datetime) -> None:
    from zoneinfo import ZoneInfo

    at = loud_at(quiet, zone, now)
    assert now <= at <= now + timedelta(hours=26)
    local = at.astimezone(ZoneInfo(zone))
    shifted = local.utcoffset() != (local - timedelta(hours=3)).utcoffset()
    assert shifted or not is_quiet(quiet, local.time())


def test_a_campaign_waits_for_the_morning_and_goes_on_the_next_day() -> None:
    start = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # 19:00 in São Paulo
    made = course({"America/Sao_Paulo": 7200}, start, Pace(1.0, NIGHT))
    assert made is not None
    assert made.starts == start
    assert made.ends == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # an hour in the evening, one from 8:00 on


def test_a_later_message_waits_from_the_first_one_and_through_the_night() -> None:
    people = {"America/Sao_Paulo": 3600}
    pace = Pace(1.0, Quiet(time(20), time(8)))
    first = course(people, datetime(2026, 11, 23, 21, tzinfo=UTC), pace)  # 18:00 to 19:00 there
    assert first is not None
    made = followed(people, first, timedelta(hours=26), pace)
    assert made is not None
    # 20:00 is quiet already, so it begins and ends the morning after
    assert (made.starts, made.ends) == (
        datetime(2026, 11, 25, 11, tzinfo=UTC),
        datetime(2026, 11, 25, 12, tzinfo=UTC),
    )


def test_a_tier_makes_it_wait_a_day_for_each_part() -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    made = course({"UTC": 2500}, start, Pace(80.0, room=500, limit=1000))
    assert made is not None
    assert made.days_waited == 2
    assert made.ends.date() == datetime(2026, 11, 24, tzinfo=UTC).date()
    assert course({"UTC": 10}, start, Pace(80.0, room=0, limit=0)) is None


@PATIENT
@given(
    people=st.dictionaries(st.sampled_from(ZONES), st.integers(0, 5000), max_size=4),
    start=moments,
    rate=st.floats(0.5, 100),
    quiet=st.one_of(st.none(), st.just(NIGHT)),
    canary=st.one_of(st.none(), st.just(Canary(50, timedelta(minutes=5)))),
    room=st.one_of(st.none(), st.integers(0, 2000)),
)
def test_a_course_ends_and_is_not_shorter_than_its_rate_allows(
    people: dict[str, int], start: datetime, rate: float, quiet: Quiet | None, canary: Canary | None, room: int | None
) -> None:
    made = course(people, start, Pace(rate, quiet, canary, room, 1000 if room is not None else None))
    assert made is not None
    assert start <= made.starts <= made.ends
    assert made.seconds >= sum(people.values()) / rate * 0.9 - 2
