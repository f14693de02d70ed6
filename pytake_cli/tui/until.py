"""Reads until when somebody wants to be reminded: `+1h`, `30m`, `14:30`, `amanhã 9h`, `mon 9:00`, `25/12 8h`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

DAYS = {"hoje": 0, "today": 0, "amanhã": 1, "amanha": 1, "tomorrow": 1}
WEEKDAYS = ("seg mon", "ter tue", "qua wed", "qui thu", "sex fri", "sáb sab sat", "dom sun")
UNITS = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "s": 604_800, "sem": 604_800}
MORNING = time(9)  # of a day that is named without a time
_SPAN = re.compile(r"\+?\s*(\d{1,4})\s*(min|m|h|d|w|sem|s)")
_CLOCK = re.compile(r"(?:às |as |at )?(\d{1,2})(?:[:h](\d{2})|h)?")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?|(\d{4})-(\d{2})-(\d{2})")


def until(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment after `now` that the words mean; None if they mean none."""
    words = text.strip().casefold()
    try:
        if (span := _SPAN.fullmatch(words)) is not None and (words.startswith("+") or span[2] != "h" or "+" in words):
            return now + timedelta(seconds=int(span[1]) * UNITS[span[2]])
        return _moment(words, now, zone)
    except (ValueError, OverflowError):
        return None  # 31/2, 25:00


def _moment(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    here = now.astimezone(zone)
    first, _space, rest = words.partition(" ")
    day = _day(first, here.date())
    clock = _clock(rest.strip()) if rest.strip() else None
    if day is None:
        clock = _clock(words)
        if clock is None:
            return None
        moment = datetime.combine(here.date(), clock, zone)
        return moment if moment > now else datetime.combine(here.date() + timedelta(days=1), clock, zone)
    if rest.strip() and clock is None:
        return None
    moment = datetime.combine(day, clock or MORNING, zone)
    if moment <= now and any(first[:3] in names.split() for names in WEEKDAYS):
        moment = datetime.combine(day + timedelta(days=7), clock or MORNING, zone)
    return moment if moment > now else None


def _day(word: str, today: date) -> date | None:
    if word in DAYS:
        return today + timedelta(days=DAYS[word])
    for number, names in enumerate(WEEKDAYS):
        if word[:3] in names.split() and word.isalpha():
            return today + timedelta(days=(number - today.weekday()) % 7)
    if (found := _DATE.fullmatch(word)) is None:
        return None
    if found[4]:
        return date(int(found[4]), int(found[5]), int(found[6]))
    named = date(int(found[3] or today.year), int(found[2]), int(found[1]))
    return named if found[3] or named >= today else named.replace(year=today.year + 1)


def _clock(words: str) -> time | None:
    found = _CLOCK.fullmatch(words)
    return time(int(found[1]), int(found[2] or 0)) if found else None
