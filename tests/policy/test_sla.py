"""Promised times: reckoned in business hours, the fitting promise chosen, each thing told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from pytake_cli.policy.hours import Schedule, is_open, open_between, open_for, read_schedule
from pytake_cli.policy.sla import Promise, Talk, choose, clocks, news, next_at

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHOP = read_schedule({"mon-fri": ["09:00-12:00", "13:30-18:00"], "sat": ["22:00-02:00"]}, "America/Sao_Paulo")
SPANS = st.sampled_from(["09:00-12:00", "13:30-18:00", "22:00-02:00", "00:00-24:00", "18:00-00:00", "01:30-02:30"])
SCHEDULES = st.builds(
    lambda days, tz, holiday: read_schedule({day: [span] for day, span in days.items()}, tz, [holiday]),
    st.dictionaries(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), SPANS, min_size=1, max_size=7),
    st.sampled_from(["America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.dates(date(2026, 10, 25), date(2026, 11, 5)),
)


def test_time_counts_only_while_the_shop_is_open() -> None:
    here = ZoneInfo("America/Sao_Paulo")
    friday = datetime(2026, 11, 27, 17, 30, tzinfo=here)
    assert open_for(SHOP, friday, timedelta(hours=1)) == datetime(2026, 11, 28, 22, 30, tzinfo=here)
    assert open_for(SHOP, friday, timedelta(hours=5)) == datetime(2026, 11, 30, 9, 30, tzinfo=here)
    assert open_for(None, friday, timedelta(hours=5)) == friday + timedelta(hours=5)
    never = read_schedule({"mon": []}, "UTC")
    assert open_for(never, friday, MINUTE) is None


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, st.integers(0, 8 * 1440), st.integers(1, 1500))
def test_it_is_the_minute_that_counting_minutes_finds(schedule: Schedule, start: int, span: int) -> None:
    begin = datetime(2026, 10, 28, tzinfo=UTC) + start * MINUTE  # days around clock changes
    found = open_for(schedule, begin, span * MINUTE)
    at, left = begin, span
    for _ in range(30 * 1440):
        if left == 0:
            break
        left -= is_open(schedule, at)
        at += MINUTE
    if left == 0:
        assert found == at
    else:
        assert found is None or found > at


def test_the_promise_that_says_most_holds() -> None:
    everybody, vendas, urgent = Promise(1), Promise(2, team=7), Promise(3, priority="urgent")
    vip = Promise(4, label="vip")
    known = [everybody, vendas, urgent, vip, Promise(5)]
    assert choose(known, None, "normal", []) == everybody
    assert choose(known, 7, "normal", []) == vendas
    assert choose(known, 7, "urgent", []) == urgent
    assert choose(known, 7, "urgent", ["vip"]) == vip
    assert choose([vendas], 8, "normal", []) is None


def test_each_clock_warns_and_breaks_once_and_the_next_moment_is_known() -> None:
    promise = Promise(1, spans={"first_reply": 10 * MINUTE, "resolution": 60 * MINUTE}, warn_percent=80)
    talk = Talk(people_since=NOW, first_replied_at=None, waiting_since=NOW)
    running = clocks(promise, talk, None)
    told: dict[str, str] = {}
    seen, now = [], NOW
    while (moment := next_at(running, told)) is not None:
        assert news(running, told, moment - timedelta(microseconds=1)) == {}
        now = moment
        fresh = news(running, told, now)
        assert fresh
        told |= fresh
        seen.append(((now - NOW) // MINUTE, fresh))
    assert seen == [
        (8, {"first_reply": "warned"}),
        (10, {"first_reply": "breached"}),
        (48, {"resolution": "warned"}),
        (60, {"resolution": "breached"}),
    ]


def test_after_the_first_answer_later_messages_have_their_own_clock() -> None:
    promise = Promise(1, spans={"first_reply": 10 * MINUTE, "next_reply": 30 * MINUTE})
    replied = Talk(NOW, NOW + MINUTE, None)
    assert clocks(promise, replied, None) == {}
    again = Talk(NOW, NOW + MINUTE, NOW + 5 * MINUTE)
    assert {name: clock.due - NOW for name, clock in clocks(promise, again, None).items()} == {
        "next_reply": 35 * MINUTE
    }
    assert clocks(promise, Talk(NOW, None, NOW, is_over=True), None) == {}


@settings(deadline=None, max_examples=40)
@given(SCHEDULES, st.integers(0, 8 * 1440), st.integers(0, 3000))
def test_the_open_time_between_two_moments_is_the_minutes_that_are_open(
    schedule: Schedule, start: int, span: int
) -> None:
    begin = datetime(2026, 10, 28, tzinfo=UTC) + start * MINUTE
    counted = sum(is_open(schedule, begin + n * MINUTE) for n in range(span))
    assert open_between(schedule, begin, begin + span * MINUTE) == counted * MINUTE
    assert open_between(None, begin, begin + span * MINUTE) == span * MINUTE


@settings(deadline=None, max_examples=60)
@given(
    st.one_of(st.none(), SCHEDULES),
    st.integers(1, 1500),
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), max_size=5),
)
def test_what_was_snoozed_does_not_count(schedule: Schedule | None, span: int, gaps: list[tuple[int, int]]) -> None:
    """Counting minute by minute, and none of those in which it was snoozed, gives the same."""
    begin = at = datetime(2026, 10, 28, tzinfo=UTC)
    pauses = []
    for before, asleep in gaps:
        pauses.append((at + before * MINUTE, at + (before + asleep) * MINUTE))
        at += (before + asleep) * MINUTE
    promise = Promise(1, spans={"resolution": span * MINUTE})
    found = clocks(promise, Talk(begin, None, begin, pauses=pauses), schedule)
    moment, left = begin, span
    for _ in range(20 * 1440):
        if left == 0:
            break
        is_asleep = any(one <= moment < other for one, other in pauses)
        left -= not is_asleep and (schedule is None or is_open(schedule, moment))
        moment += MINUTE
    if left == 0:
        assert found["resolution"].due == moment
    assert clocks(promise, Talk(begin, None, begin, is_paused=True), schedule) == {}
