"""Business hours: whether a shop is open, and when it opens next. Pure; schedules come from the settings.

Everything goes by the clock on the wall: where an hour comes twice in autumn, a shop that is open at 01:30 is open at
both, and where an hour is left out in spring, a shop that would open in it opens when the clocks have been put on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FARTHEST_DAYS = 400  # a shop that does not open within them is closed for good
_DAY = timedelta(days=1)
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Open spans by weekday (0 = Monday) in `tz`; `holidays` are closed whatever the day, `special` replaces a day.

    A span that ends at or before its start goes on past midnight ("22:00-02:00"; "18:00-00:00" ends with the day).
    A day that is special is no holiday; a holiday also cuts short what began the evening before.

    [flows.hours.shop]
    tz = "America/Sao_Paulo"
    mon-fri = ["09:00-12:00", "13:30-18:00"]
    sat = ["09:00-13:00"]
    holidays = ["2026-12-25"]
    """

    tz: str
    days: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[tuple[time, time], ...]] = field(default_factory=dict)


Spans = tuple[tuple[time, time], ...]


def dump(schedule: Schedule) -> dict[str, Any]:
    """The schedule as JSON, so that a log can keep what was known; `load` reads it again."""
    found: dict[str, Any] = {
        "tz": schedule.tz,
        "days": {str(day): _told(given) for day, given in schedule.days.items()},
    }
    if schedule.holidays:
        found["holidays"] = sorted(day.isoformat() for day in schedule.holidays)
    if schedule.special:
        found["special"] = {day.isoformat(): _told(given) for day, given in schedule.special.items()}
    return found


def load(given: Mapping[str, Any]) -> Schedule:
    """What `dump` wrote."""
    days = {int(day): _heard(spans) for day, spans in given["days"].items()}
    holidays = frozenset(date.fromisoformat(day) for day in given.get("holidays", ()))
    special = {date.fromisoformat(day): _heard(spans) for day, spans in given.get("special", {}).items()}
    return Schedule(given["tz"], days, holidays, special)


def _told(spans: Spans) -> list[list[str]]:
    return [[start.isoformat("minutes"), end.isoformat("minutes")] for start, end in spans]


def _heard(spans: Iterable[Iterable[str]]) -> Spans:
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in spans)


def is_open(schedule: Schedule, now: datetime) -> bool:
    return is_open_at(schedule, now.astimezone(zone(schedule.tz)).replace(tzinfo=None))


def is_holiday(schedule: Schedule, now: datetime) -> bool:
    return _is_holiday(schedule, now.astimezone(zone(schedule.tz)).date())


def next_open(schedule: Schedule, now: datetime) -> datetime | None:
    """`now` if it is open, else the next opening within 400 days."""
    if is_open(schedule, now):
        return now
    day = now.astimezone(zone(schedule.tz)).date()
    for _ in range(FARTHEST_DAYS + 1):
        openings = [at for at in _changes(schedule, day) if at > now and is_open(schedule, at)]
        if openings:
            return min(openings).astimezone(now.tzinfo)
        day += _DAY
    return None


def open_for(schedule: Schedule | None, start: datetime, span: timedelta) -> datetime | None:
    """When the shop has been open for `span` since `start`; None if that takes more than 400 days of the calendar.

    Without a schedule it is always open.
    """
    if schedule is None:
        return start + span
    day, at, left = start.astimezone(zone(schedule.tz)).date(), start.astimezone(UTC), span
    for _ in range(FARTHEST_DAYS + 1):
        moments = {*_changes(schedule, day), *_ends(schedule, day), _midnight(schedule, day + _DAY)}
        for then in sorted(moment for moment in moments if moment > at):
            if is_open(schedule, at):
                if then - at >= left:
                    return (at + left).astimezone(start.tzinfo)
                left -= then - at
            at = then
        day += _DAY
    return None


def open_between(schedule: Schedule | None, start: datetime, end: datetime) -> timedelta:
    """How long the shop is open from `start` to `end`."""
    if schedule is None:
        return end - start
    day, at, found = start.astimezone(zone(schedule.tz)).date(), start.astimezone(UTC), timedelta()
    while at < end:
        moments = {*_changes(schedule, day), *_ends(schedule, day), _midnight(schedule, day + _DAY)}
        for then in sorted(moment for moment in moments if moment > at):
            if at < end and is_open(schedule, at):
                found += min(then, end) - at
            at = then
        day += _DAY
    return found


def _midnight(schedule: Schedule, day: date) -> datetime:
    return datetime.combine(day, time(), zone(schedule.tz)).astimezone(UTC)


def _ends(schedule: Schedule, day: date) -> Iterator[datetime]:
    """The moments of a day at which a shop may close, besides those of `_changes`."""
    for _, end in (*_spans(schedule, day), *_spans(schedule, day - _DAY)):
        local = datetime.combine(day, end, zone(schedule.tz))
        for fold in (0, 1):
            yield local.replace(fold=fold).astimezone(UTC)


def read_schedule(
    spans: Mapping[str, Iterable[str]],
    tz: str,
    holidays: Iterable[date] = (),
    special: Mapping[date, Iterable[str]] | None = None,
) -> Schedule:
    """A schedule as the settings write it; ValueError says which part is no day, no span or no zone."""
    days: dict[int, tuple[tuple[time, time], ...]] = {}
    for name, texts in spans.items():
        read = tuple(_span(text) for text in texts)
        for day in weekdays(name):
            if day in days:
                raise ValueError(f"{DAYS[day]} stands in it twice")
            days[day] = read
    try:
        zone(tz)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"there is no time zone {tz!r}") from None
    replaced = {day: tuple(_span(text) for text in texts) for day, texts in (special or {}).items()}
    return Schedule(tz, days, frozenset(holidays), replaced)


@lru_cache(maxsize=64)
def zone(tz: str) -> ZoneInfo:
    return ZoneInfo(tz)


def _is_holiday(schedule: Schedule, day: date) -> bool:
    return day in schedule.holidays and day not in schedule.special


def _spans(schedule: Schedule, day: date) -> tuple[tuple[time, time], ...]:
    """The spans that begin on a day."""
    if day in schedule.special:
        return schedule.special[day]
    return () if day in schedule.holidays else schedule.days.get(day.weekday(), ())


def is_open_at(schedule: Schedule, local: datetime) -> bool:
    """The same by the clock on the wall, whatever the zone."""
    day, at = local.date(), local.time()
    if _is_holiday(schedule, day):
        return False
    if any(start <= at and (at < end or end <= start) for start, end in _spans(schedule, day)):
        return True
    return any(end <= start and at < end for start, end in _spans(schedule, day - _DAY))


def _changes(schedule: Schedule, day: date) -> Iterator[datetime]:
    """The moments of a day at which a shop may open: its spans' starts, midnight, and when the clocks are changed."""
    here = zone(schedule.tz)
    for start in (time(), *(start for start, _ in _spans(schedule, day))):
        local = datetime.combine(day, start, here)
        for fold in (0, 1):  # in a gap, one of the two is the moment after it by another name
            yield local.replace(fold=fold).astimezone(UTC)
    yield from _clock_change(here, day)


def _clock_change(zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """When on a day the offset from UTC changes, if it does."""
    early = datetime.combine(day, time(), UTC) - timedelta(hours=15)
    late = early + timedelta(hours=54)
    if early.astimezone(zone).utcoffset() == late.astimezone(zone).utcoffset():
        return
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    change = late.replace(microsecond=0)
    if change.astimezone(zone).date() == day:
        yield change


def _span(text: str) -> tuple[time, time]:
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no span such as 09:00-18:00")
    hours = [int(match[1]), int(match[3])]
    if hours[0] == 24 or (hours[1] == 24 and match[4] != "00"):
        raise ValueError(f"{text!r} is no span such as 09:00-18:00")
    start, end = time(hours[0], int(match[2])), time(hours[1] % 24, int(match[4]))
    if start == end and end != time():
        raise ValueError(f"{text!r} ends when it begins; the whole day is 00:00-24:00")
    return start, end


def weekdays(name: str) -> Iterator[int]:
    first, _, last = name.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{name!r} is no day or range of days such as mon or mon-fri")
    start, end = DAYS.index(first), DAYS.index(last or first)
    for day in range(start, end + 1 if end >= start else end + 8):
        yield day % 7
