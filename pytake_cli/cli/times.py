"""Times as people type them, in both languages: `2026-12-01T09:00`, `09:00`, `amanhã 9h`, `seg 9h`, `+2h`, `-7d`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pytake_cli.errors import UsageError

UNITS = {
    "s": 1,
    "sec": 1,
    "seg": 1,
    "m": 60,
    "min": 60,
    "h": 3_600,
    "d": 86_400,
    "w": 604_800,
    "sem": 604_800,
}  # seconds
DAYS = {
    "hoje": 0, "today": 0, "amanhã": 1, "amanha": 1, "tomorrow": 1, "ontem": -1, "yesterday": -1,
}  # fmt: skip
WEEKDAYS = {
    "seg": 0, "segunda": 0, "mon": 0, "monday": 0, "ter": 1, "terça": 1, "terca": 1, "tue": 1, "tuesday": 1,
    "qua": 2, "quarta": 2, "wed": 2, "wednesday": 2, "qui": 3, "quinta": 3, "thu": 3, "thursday": 3,
    "sex": 4, "sexta": 4, "fri": 4, "friday": 4, "sáb": 5, "sab": 5, "sábado": 5, "sabado": 5, "sat": 5, "saturday": 5,
    "dom": 6, "domingo": 6, "sun": 6, "sunday": 6,
}  # fmt: skip
LONGEST_SPAN = timedelta(days=36_500)  # so long ago is still a date
_SPAN = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]+)")
_CLOCK = re.compile(r"(\d{1,2})(?:[:h](\d{2}))?(?::(\d{2}))?\s*(h|am|pm)?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")


def instant(text: str, now: datetime, tz: tzinfo) -> datetime:
    """The moment that a text names, in UTC; a time of day alone is its next occurrence, a day alone its start."""
    try:
        return _instant(text, now, tz)
    except OverflowError:  # before the year 1, or after 9999
        raise _unreadable(text) from None


def _instant(text: str, now: datetime, tz: tzinfo) -> datetime:
    words = text.strip().lower()
    if words in ("now", "agora"):
        return now
    if words[:1] in ("+", "-"):
        sign = 1 if words[0] == "+" else -1
        return now + sign * duration(words[1:])
    if found := _iso(text.strip(), tz):
        return found
    first, _, rest = words.partition(" ")
    here = now.astimezone(tz)
    day = _day(first, here.date())
    clock = _clock(rest.removeprefix("às ").removeprefix("as ").removeprefix("at ")) if rest else None
    if day is not None and (clock is not None or not rest):
        moment = _at(day, clock or time(), tz)
        if first in WEEKDAYS and moment <= now:
            moment = _at(day + timedelta(days=7), clock or time(), tz)
        return moment
    clock = _clock(words)
    if clock is None:
        raise _unreadable(text)
    moment = _at(here.date(), clock, tz)
    return moment if moment > now else _at(here.date() + timedelta(days=1), clock, tz)


def past(text: str, now: datetime, tz: tzinfo) -> datetime:
    """For --since and --until: `7d` and `2h` mean ago, a time of day and a day of the week the last one."""
    words = text.strip().lower()
    if (span := _SPAN.fullmatch(words)) and span[2] in UNITS:
        return now - duration(words)
    moment = instant(text, now, tz)
    back = 7 if words.partition(" ")[0] in WEEKDAYS else 1 if _clock(words) is not None else 0
    if back and moment > now:
        here = moment.astimezone(tz)
        return _at(here.date() - timedelta(days=back), here.time(), tz)
    return moment


def duration(text: str) -> timedelta:
    """`90s`, `10m`, `2h`, `1h30m`, `7d`, `2w`."""
    words = text.strip().lower().replace(" ", "")
    parts = _SPAN.findall(words)
    if not parts or "".join(f"{amount}{unit}" for amount, unit in parts) != words:
        raise _no_span(text)
    try:
        found = timedelta(seconds=sum(float(amount.replace(",", ".")) * UNITS[unit] for amount, unit in parts))
    except (KeyError, OverflowError):
        raise _no_span(text) from None
    if found > LONGEST_SPAN:
        raise _no_span(text)
    return found


def _no_span(text: str) -> UsageError:
    return UsageError(
        "PT-USAGE-SPAN",
        "{text} is no length of time",
        why="for example 90s, 10m, 2h, 7d",
        fix="pytake help times",
        text=text,
    )


def _iso(text: str, tz: tzinfo) -> datetime | None:
    if not re.match(r"\d{4}-\d{2}-\d{2}.", text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=tz)).astimezone(UTC)


def _day(word: str, today: date) -> date | None:
    if word in DAYS:
        return today + timedelta(days=DAYS[word])
    if word.rstrip(".,") in WEEKDAYS:
        return today + timedelta(days=(WEEKDAYS[word.rstrip(".,")] - today.weekday()) % 7)
    match = _DATE.fullmatch(word)
    if match is None:
        return None
    try:
        if match[1]:
            return date(int(match[1]), int(match[2]), int(match[3]))
        named = date(int(match[6] or today.year), int(match[5]), int(match[4]))
        return named if match[6] or named >= today else named.replace(year=today.year + 1)
    except ValueError:
        return None


def _clock(words: str) -> time | None:
    match = _CLOCK.fullmatch(words.strip())
    if match is None or (match[2] is None and match[4] is None):
        return None
    hour = int(match[1]) % 12 + (12 if match[4] == "pm" else 0) if match[4] in ("am", "pm") else int(match[1])
    try:
        return time(hour, int(match[2] or 0), int(match[3] or 0))
    except ValueError:
        return None


def _at(day: date, clock: time, tz: tzinfo) -> datetime:
    return datetime.combine(day, clock, tz).astimezone(UTC)


def _unreadable(text: str) -> UsageError:
    return UsageError(
        "PT-USAGE-TIME",
        "cannot read the time {text}",
        fix="pytake help times",
        why="for example 2026-12-01T09:00, 09:00, tomorrow 9:00, amanhã 9h, seg 9h, +2h, -7d",
        text=text,
    )
