"""Reads dates and times as people type them: `amanhã 9h`, `sexta`, `dia 15`, `15 de março`, `next friday 3pm`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from pytake_cli.flow.answers.numbers import number_word
from pytake_cli.flow.answers.vocabulary import DAYS_AWAY, FILLERS, MONTHS, WEEKDAYS
from pytake_cli.flow.locales import Locale
from pytake_cli.flow.words import fold


@dataclass(frozen=True, slots=True)
class Moment:
    """What was read: `days` in order of preference, as `15/03` may be of this year or the last."""

    days: tuple[date, ...] = ()
    time: time | None = None
    is_vague: bool = False  # `3` may be 15:00: neither am nor pm was said


@dataclass(slots=True)
class _Reading:
    """The folded text, which loses each piece as it is understood."""

    text: str
    now: datetime
    locale: Locale
    days: list[date] = field(default_factory=list)
    time: time | None = None
    is_vague: bool = False

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.search(self.text)
        if found:
            self.text = f"{self.text[: found.start()]} {self.text[found.end() :]}"
        return found


def _alternatives(words: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_MONTH = _alternatives(MONTHS)
_ORDINAL = r"(?:st|nd|rd|th|o|a)?"
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d)|\b)")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})(?:/(\d{1,2})(?:/(\d{4}|\d{2}))?|([.-])(\d{1,2})\4(\d{4}|\d{2}))(?![\d/])")
_DAY_MONTH = re.compile(
    rf"\b(\d{{1,2}}){_ORDINAL} ?(?:de |of |/)?({_MONTH})\b\.?"
    r"(?:,? ?(?:de |del |of |/)?(\d{4}|\d{2}(?![\d:h])))?"
)
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? (?:the )?(\d{{1,2}}){_ORDINAL}\b(?:,? (\d{{4}}))?")
_DAYS_AWAY = re.compile(rf"\b(?:the )?({_alternatives(DAYS_AWAY)})\b")
_AHEAD = re.compile(
    r"\b(?:daqui a|daqui|em|in|dentro de|en) (\d{1,3}) "
    r"(dias?|days?|semanas?|weeks?|mes|meses|months?|horas?|hours?|minutos?|minutes?)\b"
)
_WEEKDAY = re.compile(
    rf"\b(?:(this|esta|este|nesta|neste|essa|nessa) )?(?:(?:next|proxim[ao]|na|no|on) )?({_alternatives(WEEKDAYS)})"
    r"(?:[- ]feira)?\b(?: que vem| que viene| proxim[ao])?\.?"
)
_DAY = re.compile(
    r"\b(?:dia|el|the|day) (\d{1,2})(?:st|nd|rd|th|o)?\b(?! ?(?:h|:|am|pm)\b)|\b(\d{1,2})(?:st|nd|rd|th)\b"
)
_BARE_DAY = re.compile(r"^\s*(\d{1,2})\s*$")

_NOON = re.compile(r"\b(?:(meio[- ]dia|noon|midday|mediodia)|meia[- ]noite|midnight|medianoche)\b( e meia)?")
_HALF_PAST = re.compile(r"\bhalf past (\d{1,2})\b")
_MORNING = re.compile(r"\b(?:da|de|pela|na|in the|por la|de la) (?:manha|morning|manana|madrugada)\b")
_EVENING = re.compile(
    r"\b(?:(?:da|de|a|pela|na|in the|por la|de la) (?:tarde|afternoon|evening)"
    r"|(?:da|de|a|pela|na|de la|por la) (?:noite|noche)|at night)\b"
)
_HALF_DAY = r"\s*(a\.?m\b\.?|p\.?m\b\.?)"
_CLOCK = re.compile(
    r"(?<![\d/.,-])(\d{1,2}) ?(?:(?:h|hs|hrs|:|h:) ?(\d{2})(?: ?(?:min|minutos|m|h|hs)\b)?"
    r"|(?:h|hs|hrs|horas?|hours?|o'clock)\b( e meia)?|( e meia)|\.([0-5]\d)(?![\d.]))"
    rf"(?::\d{{2}}(?!\d))?(?:{_HALF_DAY})?(?![\d/])"
)
_HALF_DAY_CLOCK = re.compile(rf"(?<![\d/.,:-])(\d{{1,2}}){_HALF_DAY}")
_BARE_HOUR = re.compile(r"(?<![\d/.,:-])(\d{1,2})(?![\d/.,:%-])")
_WORD = re.compile(r"(?<!\d )(?<!\d de )\b[a-z]+\b(?!-feira)")


def read_moment(text: str, now: datetime, locale: Locale) -> Moment | None:
    """The date, the time or both that a text says; None when some of it is not understood."""
    reading = _Reading(_numbered(fold(text)), now, locale)
    half = _half_day(reading)
    try:
        for read in _DATES:
            if read(reading):
                break
        if reading.time is None:
            _time(reading, half)
        if not reading.days and (found := reading.take(_BARE_DAY)):
            reading.days = list(_month_days(int(found[1]), now.date()))
    except (ValueError, OverflowError):
        return None  # 31/02, 25:00
    left = re.sub(r"[,;.!?()-]", " ", reading.text).split()
    if any(word not in FILLERS for word in left) or (not reading.days and reading.time is None):
        return None
    return Moment(tuple(reading.days), reading.time, reading.is_vague)


def _numbered(text: str) -> str:
    """Number words as digits, where they are not the short name of a month (`15 dez`)."""

    def digits(found: re.Match[str]) -> str:
        number = number_word(found.group())
        return str(number) if number is not None and number <= 31 else found.group()

    return _WORD.sub(digits, text)


def _half_day(reading: _Reading) -> str:
    if found := reading.take(_EVENING):
        return "night" if re.search("noite|noche|night", found.group()) else "p"
    return "a" if reading.take(_MORNING) else ""


def _iso(reading: _Reading) -> bool:
    found = reading.take(_ISO)
    if found:
        reading.days = [date(*map(int, found.groups()))]
    return found is not None


def _numeric(reading: _Reading) -> bool:
    found = reading.take(_NUMERIC)
    if found is None:
        return False
    first, second = int(found[1]), int(found[2] or found[5])
    is_day_first = reading.locale.day_first if first <= 12 and second <= 12 else second <= 12
    day, month = (first, second) if is_day_first else (second, first)
    reading.days = _of_year(day, month, found[3] or found[6], reading.now.date())
    return True


def _day_month(reading: _Reading) -> bool:
    found = reading.take(_DAY_MONTH)
    if found:
        reading.days = _of_year(int(found[1]), MONTHS[found[2]], found[3], reading.now.date())
    return found is not None


def _month_day(reading: _Reading) -> bool:
    found = reading.take(_MONTH_DAY)
    if found:
        reading.days = _of_year(int(found[2]), MONTHS[found[1]], found[3], reading.now.date())
    return found is not None


def _days_away(reading: _Reading) -> bool:
    found = reading.take(_DAYS_AWAY)
    if found:
        reading.days = [reading.now.date() + timedelta(days=DAYS_AWAY[found[1]])]
    return found is not None


def _ahead(reading: _Reading) -> bool:
    found = reading.take(_AHEAD)
    if found is None:
        return False
    count, unit = int(found[1]), found[2]
    if unit.startswith(("hora", "hour", "minut")):
        shift = timedelta(minutes=count) if unit.startswith("minut") else timedelta(hours=count)
        then = reading.now + shift
        reading.days, reading.time = [then.date()], then.time().replace(second=0, microsecond=0)
    elif unit.startswith(("mes", "month")):
        month = reading.now.month - 1 + count
        year, month = reading.now.year + month // 12, month % 12 + 1
        reading.days = [date(year, month, min(reading.now.day, calendar.monthrange(year, month)[1]))]
    else:
        weeks = unit.startswith(("semana", "week"))
        reading.days = [reading.now.date() + timedelta(days=count * (7 if weeks else 1))]
    return True


def _weekday(reading: _Reading) -> bool:
    """The nearest such day after today; `esta sexta` may be today."""
    found = reading.take(_WEEKDAY)
    if found:
        today = reading.now.date()
        away = (WEEKDAYS[found[2]] - today.weekday()) % 7
        reading.days = [today + timedelta(days=away or (0 if found[1] else 7))]
    return found is not None


def _day_of_month(reading: _Reading) -> bool:
    found = reading.take(_DAY)
    if found:
        reading.days = list(_month_days(int(found[1] or found[2]), reading.now.date()))
    return found is not None


_DATES: tuple[Callable[[_Reading], bool], ...] = (
    _iso,
    _numeric,
    _day_month,
    _month_day,
    _ahead,
    _days_away,
    _weekday,
    _day_of_month,
)


def _of_year(day: int, month: int, year: str | None, today: date) -> list[date]:
    """The date of that year; without one the next such day, then the last one."""
    if year is not None:
        number = int(year)
        if len(year) == 2:
            # up to 20 years ahead, else of the past: 85 is 1985
            number += today.year // 100 * 100
            number -= 100 if number > today.year + 20 else 0
        return [date(number, month, day)]
    found = list(_dates(day, ((other, month) for other in range(today.year - 8, today.year + 9))))
    return _nearest(found, today)


def _month_days(day: int, today: date) -> list[date]:
    months = (divmod(today.year * 12 + today.month - 1 + shift, 12) for shift in range(-3, 4))
    return _nearest(list(_dates(day, ((year, month + 1) for year, month in months))), today)


def _dates(day: int, months: Iterator[tuple[int, int]]) -> Iterator[date]:
    for year, month in months:
        if 1 <= day <= calendar.monthrange(year, month)[1]:
            yield date(year, month, day)


def _nearest(found: list[date], today: date) -> list[date]:
    after, before = [one for one in found if one >= today], [one for one in found if one < today]
    if not after or not before:
        raise ValueError
    return [after[0], before[-1]]


def _time(reading: _Reading, half: str) -> None:
    if found := reading.take(_NOON):
        reading.time = time(12 if found[1] else 0, 30 if found[2] else 0)
    elif found := reading.take(_HALF_PAST):
        _set_time(reading, int(found[1]), 30, half)
    elif found := reading.take(_CLOCK):
        minutes = 30 if found[3] or found[4] else int(found[2] or found[5] or 0)
        _set_time(reading, int(found[1]), minutes, found[6][:1] if found[6] else half)
    elif found := reading.take(_HALF_DAY_CLOCK):
        _set_time(reading, int(found[1]), 0, found[2][:1])
    elif (reading.days or half or not _BARE_DAY.match(reading.text)) and (found := reading.take(_BARE_HOUR)):
        _set_time(reading, int(found[1]), 0, half)


def _set_time(reading: _Reading, hour: int, minute: int, half: str) -> None:
    if half == "night" and hour == 12:
        hour, half = 0, "p"  # 12 da noite
    elif half and 1 <= hour <= 12:
        hour = hour % 12 + (0 if half == "a" else 12)
    elif half == "a" and hour > 12:
        raise ValueError
    reading.time = time(hour, minute)
    reading.is_vague = not half and 1 <= hour <= 11
