"""Periods of reports: `7d`, a day, a week, a month, each with the one before. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_AGO = re.compile(r"(\d{1,4})([dwm])")
_DAY = timedelta(days=1)
LONGEST_DAYS = 3700


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `first` to `last` in `tz`; `unit` is d, w, m or "" (so many days)."""

    first: date
    last: date
    tz: tzinfo
    unit: str = ""

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), self.tz).astimezone(UTC)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last + _DAY, time(), self.tz).astimezone(UTC)

    @property
    def name(self) -> str:
        """As it is written: 2026-W47, 2026-11, 2026-11-23, or 2026-11-17..2026-11-23."""
        match self.unit:
            case "w":
                year, week, _ = self.first.isocalendar()
                return f"{year}-W{week:02}"
            case "m":
                return f"{self.first:%Y-%m}"
            case "d":
                return self.first.isoformat()
        return f"{self.first}..{self.last}"

    def days(self) -> Iterator[date]:
        for step in range((self.last - self.first).days + 1):
            yield self.first + step * _DAY

    def before(self) -> Period:
        """The period before, of the same length; of a month the month before."""
        last = self.first - _DAY
        if self.unit == "m":
            return Period(last.replace(day=1), last, self.tz, "m")
        return Period(last - (self.last - self.first), last, self.tz, self.unit)


def read(text: str, today: date, tz: tzinfo) -> Period:
    """`7d` (with today), `2w`, `1m` (30 days), `d`, `w`, `m` (this one), `2026-W47`, `2026-11`, `2026-11-23`, `A..B`.

    Raises ValueError.
    """
    words = text.strip()
    if words in ("d", "w", "m"):
        return around(today, words, tz)
    if ago := _AGO.fullmatch(words):
        days = int(ago[1]) * {"d": 1, "w": 7, "m": 30}[ago[2]]
        if not 0 < days <= LONGEST_DAYS:
            raise ValueError(text)
        return Period(today - timedelta(days=days - 1), today, tz)
    if week := re.fullmatch(r"(\d{4})-W(\d{2})", words):
        return around(date.fromisocalendar(int(week[1]), int(week[2]), 1), "w", tz)
    if month := re.fullmatch(r"(\d{4})-(\d{2})", words):
        return around(date(int(month[1]), int(month[2]), 1), "m", tz)
    first, dots, last = words.partition("..")
    if not dots:
        return around(_date(first), "d", tz)
    found = Period(_date(first), _date(last), tz)
    if not 0 <= (found.last - found.first).days <= LONGEST_DAYS:
        raise ValueError(text)
    return found


def _date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) or text.startswith(("0000", "0001", "9999")):
        raise ValueError(text)
    return date.fromisoformat(text)


def around(day: date, unit: str, tz: tzinfo) -> Period:
    """The day, week or month in which a day is."""
    match unit:
        case "w":
            monday = day - timedelta(days=day.weekday())
            return Period(monday, monday + timedelta(days=6), tz, "w")
        case "m":
            first = day.replace(day=1)
            return Period(first, (first + timedelta(days=31)).replace(day=1) - _DAY, tz, "m")
    return Period(day, day, tz, "d")
