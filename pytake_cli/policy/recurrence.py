"""Recurrence: when something is to be done again. Pure; `recurrence_files` reads and writes the rules.

Local times are worked out by the clock on the wall and only then become moments: a job at 01:30 runs once in the night
in which 01:30 comes twice, and one at 02:30 runs at 03:00 in the night that has no 02:30. Only a length of time that is
no whole number of days ("every 15m") goes by what has really passed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Any, Literal, assert_never

from cronsim import CronSim

from pytake_cli.policy import hours
from pytake_cli.policy.wall_clock import moment, on_the_wall

FARTHEST = timedelta(days=366 * 9)  # a 29 February may be eight years away; what is farther never comes
MOST_COUNTED = 1_000  # missed times that are counted one by one
_DAY = timedelta(days=1)
_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=400))


@dataclass(frozen=True, slots=True)
class Once:
    at: datetime  # local; with an offset where the same local time comes twice


@dataclass(frozen=True, slots=True)
class Every:
    """From the rule's start on; whole days keep the time of day."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class MonthDay:
    """The 15th (15, None), the last (-1, None), the second Tuesday (2, 1), the last Friday (-1, 4)."""

    nth: int
    weekday: int | None = None

    def matches(self, day: date) -> bool:
        last = ((day.replace(day=1) + timedelta(days=31)).replace(day=1) - _DAY).day
        if self.weekday is None:
            return day.day == (last if self.nth == -1 else min(self.nth, last))
        if day.weekday() != self.weekday:
            return False
        return day.day + 7 > last if self.nth == -1 else (day.day + 6) // 7 == self.nth


@dataclass(frozen=True, slots=True)
class Days:
    """At these times of the days that match; no weekdays and no days of the month stand for all."""

    times: tuple[time, ...]
    weekdays: frozenset[int] = frozenset()
    month_days: tuple[MonthDay, ...] = ()

    def matches(self, day: date) -> bool:
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        return not self.month_days or any(each.matches(day) for each in self.month_days)


@dataclass(frozen=True, slots=True)
class Cron:
    text: str  # five fields, as Debian's cron reads them


Pattern = Once | Every | Days | Cron


@dataclass(frozen=True, slots=True)
class Exempt:
    """What is different on a day: nothing happens, it happens at another time, or something else happens."""

    day: date
    do: Literal["skip", "reschedule", "modify"]
    to: datetime | date | None = None  # reschedule: once at that local time, or on that day at the same times
    changes: Mapping[str, Any] = field(default_factory=dict)  # modify: what is different


@dataclass(frozen=True, slots=True)
class Rule:
    """When something happens: a pattern within limits. Local times have no zone: the rule's user says which."""

    pattern: Pattern
    start: datetime | None = None  # not before; where "every" counts from
    until: datetime | None = None  # not after
    count: int | None = None  # at most so many times since the start
    windows: hours.Schedule | None = None  # only what falls into them
    blackout: tuple[tuple[date, date], ...] = ()  # nothing from the first day to the last
    holidays: frozenset[date] = frozenset()
    on_holiday: Literal["skip", "next-day"] = "skip"
    exceptions: tuple[Exempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that it happens; `local` is the key that makes it happen once, whatever became of `at`."""

    at: datetime  # UTC
    local: str  # 2026-11-23T09:00, the time by the pattern; in a second pass of an hour with its offset
    changes: Mapping[str, Any] = field(default_factory=dict, compare=False)


def next_after(rule: Rule, tz: str, after: datetime) -> Occurrence | None:
    """The first occurrence later than `after`; None when there is no more, or none within nine years."""
    return next(occurrences(rule, tz, after), None)


def newest(rule: Rule, tz: str, came: Occurrence, now: datetime) -> tuple[Occurrence, int]:
    """Of the times that have come since `came` the last one, and how many they are (counted to MOST_COUNTED + 1)."""
    found = [came, *islice(takewhile(lambda each: each.at <= now, occurrences(rule, tz, came.at)), MOST_COUNTED)]
    if len(found) <= MOST_COUNTED:
        return found[-1], len(found)
    for back in _BACK:
        near = list(takewhile(lambda each: each.at <= now, occurrences(rule, tz, now - back)))
        if near:
            return near[-1], len(found)
    return found[-1], len(found)


def occurrences(rule: Rule, tz: str, after: datetime) -> Iterator[Occurrence]:
    """Every occurrence later than `after`, one for each moment."""
    zone = hours.zone(tz)
    if rule.count is None:
        yield from _all(rule, zone, after)
        return
    assert rule.start is not None, "a rule that counts has a start"
    first = _all(rule, zone, moment(rule.start, zone) - _DAY)
    yield from (each for each in islice(first, rule.count) if each.at > after)


def _all(rule: Rule, zone: tzinfo, after: datetime) -> Iterator[Occurrence]:
    """The regular ones and those put off, in order."""
    last = after
    for each in heapq.merge(_regular(rule, zone, after), _put_off(rule, zone, after), key=lambda each: each.at):
        if each.at > last:
            last = each.at
            yield each


def _regular(rule: Rule, zone: tzinfo, after: datetime) -> Iterator[Occurrence]:
    """What the pattern gives, but days without any, and those whose occurrences are put off."""
    exempt = {each.day: each for each in _exceptions(rule)}
    change = _offset(after + _DAY, zone) - _offset(after - _DAY, zone)
    begin = on_the_wall(after, zone) - abs(change)  # around a change, local times are not in step with moments
    end = begin + FARTHEST
    while begin <= end:
        for local, at in _times(rule, zone, begin):
            if local > end or (rule.until is not None and local > rule.until):
                return
            different = exempt.get(local.date())
            if _is_closed(rule, local.date()) or (different is not None and different.do != "modify"):
                begin = datetime.combine(local.date() + _DAY, time())
                break
            if at > after and _in_window(rule, local):
                yield Occurrence(at, key(local, at, zone), different.changes if different else {})
                end = local + FARTHEST
        else:
            return


def _put_off(rule: Rule, zone: tzinfo, after: datetime) -> list[Occurrence]:
    """What is rescheduled to a time later than `after`."""
    found = []
    today = on_the_wall(after, zone).date()
    for each in _exceptions(rule):
        if each.do != "reschedule" or each.to is None or _day_of(each.to) < today or _in_blackout(rule, each.day):
            continue
        for local, at in _of_day(rule, zone, each.day):
            to = each.to if isinstance(each.to, datetime) else datetime.combine(each.to, local.time())
            if moment(to, zone) > after:
                found.append(Occurrence(moment(to, zone), key(local, at, zone)))
            if isinstance(each.to, datetime):
                break  # the whole day's become one
    return sorted(found, key=lambda each: each.at)


def _of_day(rule: Rule, zone: tzinfo, day: date) -> Iterator[tuple[datetime, datetime]]:
    for local, at in _times(rule, zone, datetime.combine(day, time())):
        if local.date() != day or (rule.until is not None and local > rule.until):
            return
        if _in_window(rule, local):
            yield local, at


def _exceptions(rule: Rule) -> Iterable[Exempt]:
    """Those that the rule names, and holidays that are made up for on the next day."""
    yield from rule.exceptions
    if rule.on_holiday == "next-day":
        named = {each.day for each in rule.exceptions}
        for day in sorted(rule.holidays - named):
            to = day + _DAY
            while to in rule.holidays or _in_blackout(rule, to):
                to += _DAY
            yield Exempt(day, "reschedule", to)


def _times(rule: Rule, zone: tzinfo, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The pattern alone, from a local time on: the time on the wall and its moment."""
    begin = max(begin, rule.start) if rule.start is not None else begin
    match rule.pattern:
        case Once(at):
            local = at.replace(tzinfo=None)
            if local >= begin:
                yield local, at.astimezone(UTC) if at.tzinfo else moment(local, zone)
        case Every(span) if span % _DAY:
            assert rule.start is not None, "every counts from a start"
            first = moment(rule.start, zone)
            at = first + -(-(moment(begin, zone) - first) // span) * span
            while True:
                yield on_the_wall(at, zone), at
                at += span
        case Every(span):
            assert rule.start is not None, "every counts from a start"
            local = rule.start + -(-(begin - rule.start) // span) * span
            while True:
                yield local, moment(local, zone)
                local += span
        case Days() as days:
            yield from ((local, moment(local, zone)) for local in _of_days(days, begin))
        case Cron(text):
            yield from ((local, moment(local, zone)) for local in CronSim(text, begin - timedelta(seconds=1)))
        case _:
            assert_never(rule.pattern)


def _of_days(days: Days, begin: datetime) -> Iterator[datetime]:
    day = begin.date()
    while True:
        if days.matches(day):
            yield from (local for at in days.times if (local := datetime.combine(day, at)) >= begin)
        day += _DAY


def key(local: datetime, at: datetime, zone: tzinfo) -> str:
    """What an occurrence is known by: its local time, with the offset where the hour comes for the second time."""
    text = local.isoformat(timespec="seconds" if local.second else "minutes")
    again = moment(local, zone) < at
    return f"{text}{at.astimezone(zone).isoformat()[-6:]}" if again else text


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _day_of(to: datetime | date) -> date:
    return to.date() if isinstance(to, datetime) else to


def _is_closed(rule: Rule, day: date) -> bool:
    """No occurrence that day; a holiday with an exception of its own is no holiday."""
    if _in_blackout(rule, day):
        return True
    return day in rule.holidays and all(each.day != day for each in rule.exceptions)


def _in_blackout(rule: Rule, day: date) -> bool:
    return any(first <= day <= last for first, last in rule.blackout)


def _in_window(rule: Rule, local: datetime) -> bool:
    return rule.windows is None or hours.is_open_at(rule.windows, local)
