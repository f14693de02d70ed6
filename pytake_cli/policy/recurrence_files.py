"""Recurrence rules as files, flags and rows write them: `read` and `dump`.

{daily: "09:00"}                                       every day; several times: ["09:00", "15:00"]
{weekly: mon-fri, at: "09:00"}                         also [mon, thu]
{monthly: [1, 15, last, 2 tue, last fri], at: "09:00"} the 31st of a shorter month is its last day
{every: 15m}, {every: 2d, start: 2026-12-01T09:00}     a length of time, from the start on
{cron: "0 9 * * 1-5"}                                  five fields: minute hour day month weekday
{at: 2026-12-01T09:00}                                 once

Each with: start, until, count, windows: {mon-fri: [08:00-20:00]} or ["08:00-20:00"], blackout: [2026-12-24,
2026-12-30..2027-01-02], holidays: [2026-12-25], on_holiday: skip or next-day, and
exceptions: [{date: 2026-12-24, do: skip}, {date: 2026-12-31, do: reschedule, to: 2026-12-30T15:00},
             {date: 2026-11-27, do: modify, template: black_friday}]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cronsim import CronSim, CronSimError

from pytake_cli.errors import InvalidData
from pytake_cli.policy import hours
from pytake_cli.policy.recurrence import Cron, Days, Every, Exempt, MonthDay, Once, Pattern, Rule

PATTERNS = ("cron", "every", "at", "once", "daily", "weekly", "monthly")
LIMITS = ("on", "start", "until", "count", "windows", "blackout", "holidays", "on_holiday", "exceptions")
UNITS = {"m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}  # seconds
ALIASES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
CRON_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
MOST_COUNT, MOST_TIMES = 10_000, 1_440
WANTED = {  # what a key has to be, for people
    "key": "it is one of cron, every, at, once, daily, weekly, monthly and the limits",
    "start": "every and count go from a local time such as 2026-12-01T09:00",
    "one": "it has exactly one of cron, every, at, daily, weekly, monthly",
    "weekly": "it has days of the week such as mon, thu or mon-fri",
    "monthly": "it has days of the month such as 1, 15, last, 2 tue, last fri",
    "every": "it is a length of time such as 15m, 2h, 1d, 1w",
    "time": "it is a time of day such as 09:00, or a list of them",
    "local": "it is a local time such as 2026-12-01T09:00",
    "day": "it is a day such as 2026-12-24",
    "range": "a range goes up, such as 2026-12-24..2027-01-02",
    "windows": "they are spans such as 08:00-20:00, for all days or by days such as mon-fri",
    "exceptions": "each has a date, and do: skip, reschedule with to, or modify with what is different",
    "count": "it is a number from 1 to 10000",
    "on_holiday": "it is skip or next-day",
    "do": "it is skip, reschedule or modify",
}
_SPAN = re.compile(r"(\d{1,6})\s*([a-z]+)")


def read(given: Mapping[str, Any], known_holidays: Mapping[str, frozenset[date]] | None = None) -> Rule:
    """A rule as written above; InvalidData (PT-RECURRENCE, PT-CRON) names the key that does not fit.

    `known_holidays` are the lists that `holidays: NAME` may name.
    """
    for name in given:
        if name not in (*PATTERNS, *LIMITS):
            raise _misfit(str(name), given[name], "key")
    start, until = (_local(name, given[name]) if given.get(name) else None for name in ("start", "until"))
    if until is not None and _is_day(given["until"]):
        until = datetime.combine(until.date(), time(23, 59, 59))
    rule = Rule(
        _pattern(given),
        start=start,
        until=until,
        count=_count(given.get("count")),
        windows=_windows(given.get("windows")),
        blackout=tuple(_days("blackout", each) for each in _several(given.get("blackout"))),
        holidays=_holidays(given.get("holidays"), known_holidays or {}),
        on_holiday=_one_of("on_holiday", given.get("on_holiday", "skip"), ("skip", "next-day")),
        exceptions=tuple(_exempt(each) for each in _several(given.get("exceptions"))),
    )
    if start is None and (rule.count is not None or isinstance(rule.pattern, Every)):
        raise _misfit("start", None, "start")
    return rule


def dump(rule: Rule) -> dict[str, Any]:
    """The rule as JSON, so that a row can keep it; `read` gives the same again."""
    found = _dumped(rule.pattern)
    found |= {name: at.isoformat() for name, at in (("start", rule.start), ("until", rule.until)) if at is not None}
    if rule.count is not None:
        found["count"] = rule.count
    if rule.windows is not None:
        days = hours.dump(rule.windows)["days"]
        found["windows"] = {hours.DAYS[int(day)]: ["-".join(span) for span in spans] for day, spans in days.items()}
    if rule.blackout:
        found["blackout"] = [f"{first}..{last}" for first, last in rule.blackout]
    if rule.holidays:
        found["holidays"] = sorted(day.isoformat() for day in rule.holidays)
    if rule.on_holiday != "skip":
        found["on_holiday"] = rule.on_holiday
    if rule.exceptions:
        found["exceptions"] = [_dumped_exempt(each) for each in rule.exceptions]
    return found


def _dumped(pattern: Pattern) -> dict[str, Any]:
    match pattern:
        case Once(at):
            return {"at": at.isoformat()}
        case Every(span):
            return {"every": f"{span // timedelta(minutes=1)}m"}
        case Cron(text):
            return {"cron": text}
        case Days(times, weekdays, month_days):
            clocks = [each.isoformat() for each in times]
            if month_days:
                return {"monthly": [_month_day_text(each) for each in month_days], "at": clocks}
            return (
                {"weekly": [hours.DAYS[day] for day in sorted(weekdays)], "at": clocks}
                if weekdays
                else {"daily": clocks}
            )


def _dumped_exempt(exempt: Exempt) -> dict[str, Any]:
    to = {"to": exempt.to.isoformat()} if exempt.to is not None else {}
    return {"date": exempt.day.isoformat(), "do": exempt.do, **to, **exempt.changes}


def _month_day_text(day: MonthDay) -> str:
    nth = "last" if day.nth == -1 else str(day.nth)
    return nth if day.weekday is None else f"{nth} {hours.DAYS[day.weekday]}"


def _pattern(given: Mapping[str, Any]) -> Pattern:
    named = [name for name in PATTERNS if name in given and name != "at"] or [name for name in ("at",) if name in given]
    if len(named) != 1:
        raise _misfit("recurrence", ", ".join(named) or None, "one")
    name = named[0]
    value = given[name]
    match name:
        case "cron":
            return _cron(value)
        case "every":
            return Every(_span(value))
        case "at":
            return Once(_local("at", value))
        case "once":
            return Once(_local("once", given.get("at") if value in (True, None) else value))
        case "daily":
            times = given.get("at") if value in (True, None) else value
            return Days(_times("daily", times))
    return _by_days(name, given, value)


def _by_days(name: str, given: Mapping[str, Any], value: Any) -> Days:
    """weekly and monthly: `{weekly: [mon, thu], at: "09:00"}`, or the same with `on`."""
    on = _several(given.get("on") if value in (True, None) else value)
    times = _times("at", given.get("at"))
    if not on:
        raise _misfit(name, value, name)
    if name == "monthly":
        return Days(times, month_days=tuple(_month_day(each) for each in on))
    try:
        return Days(times, weekdays=frozenset(day for each in on for day in hours.weekdays(str(each).lower())))
    except ValueError:
        raise _misfit("weekly", value, "weekly") from None


def _month_day(given: Any) -> MonthDay:
    first, _, weekday = str(given).strip().lower().partition(" ")
    nth = -1 if first == "last" else int(first) if first.isascii() and first.isdecimal() else 0
    fits = weekday in hours.DAYS and nth <= 5 if weekday else nth <= 31
    if nth == 0 or not fits:
        raise _misfit("monthly", given, "monthly")
    return MonthDay(nth, hours.DAYS.index(weekday) if weekday else None)


def _cron(given: Any) -> Cron:
    text = " ".join(str(given).split())
    text = ALIASES.get(text.lower(), text)
    fields = text.split(" ")
    if len(fields) != len(CRON_FIELDS):
        raise InvalidData(
            "PT-CRON",
            "a cron line has five fields and this has {count}: {cron}",
            why="minute hour day-of-month month day-of-week; 0 9 * * 1-5 is 09:00 from Monday to Friday",
            fix="pytake schedule create -h",
            count=len(fields) if text else 0,
            cron=text,
        )
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError) as error:
        name = str(error).removeprefix("Bad ")
        place = CRON_FIELDS.index(name) if name in CRON_FIELDS else 2
        raise InvalidData(
            "PT-CRON",
            "{word} is no {field} of a cron line: {cron}",
            why="minute 0-59, hour 0-23, day-of-month 1-31 or L, month 1-12 or JAN, day-of-week 0-7 or MON, 5L, 1#2",
            fix="pytake schedule create -h",
            word=fields[place],
            field=CRON_FIELDS[place],
            cron=text,
        ) from None
    return Cron(text)


def _span(given: Any) -> timedelta:
    match = _SPAN.fullmatch(str(given).strip().lower())
    if match is None or match[2] not in UNITS or not int(match[1]):
        raise _misfit("every", given, "every")
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _times(name: str, given: Any) -> tuple[time, ...]:
    found = sorted({_time(name, each) for each in _several(given)})
    if not found or len(found) > MOST_TIMES:
        raise _misfit(name, given, "time")
    return tuple(found)


def _time(name: str, given: Any) -> time:
    try:
        at = given if isinstance(given, time) else time.fromisoformat(str(given))
        if len(str(given)) >= 4 and at.tzinfo is None:
            return at.replace(microsecond=0)
    except ValueError:
        pass
    raise _misfit(name, given, "time")


def _local(name: str, given: Any) -> datetime:
    """A local time, or the beginning of a day."""
    if isinstance(given, datetime):
        return given
    try:
        return datetime.fromisoformat(str(given))
    except ValueError:
        raise _misfit(name, given, "local") from None


def _is_day(given: Any) -> bool:
    return len(str(given)) == len("2026-12-01")


def _day(name: str, given: Any) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(str(given).strip())
    except ValueError:
        raise _misfit(name, given, "day") from None


def _days(name: str, given: Any) -> tuple[date, date]:
    first, _, last = str(given).partition("..")
    days = _day(name, first), _day(name, last or first)
    if days[0] > days[1]:
        raise _misfit(name, given, "range")
    return days


def _windows(given: Any) -> hours.Schedule | None:
    if not given:
        return None
    spans = given if isinstance(given, Mapping) else {"mon-sun": _several(given)}
    try:
        return hours.read_schedule({str(day): _several(texts) for day, texts in spans.items()}, "UTC")
    except ValueError:
        raise _misfit("windows", given, "windows") from None


def _holidays(given: Any, known: Mapping[str, frozenset[date]]) -> frozenset[date]:
    """Days, and names of lists of days."""
    found: set[date] = set()
    for each in _several(given):
        found |= known[each] if isinstance(each, str) and each in known else {_day("holidays", each)}
    return frozenset(found)


def _exempt(given: Any) -> Exempt:
    if not isinstance(given, Mapping):
        raise _misfit("exceptions", given, "exceptions")
    day = _day("exceptions.date", given.get("date"))
    do = _one_of("exceptions.do", given.get("do"), ("skip", "reschedule", "modify"))
    changes = {str(name): value for name, value in given.items() if name not in ("date", "do", "to")}
    to = given.get("to")
    if do != "reschedule":
        if to is not None or (changes and do == "skip") or (do == "modify" and not changes):
            raise _misfit("exceptions", given, "exceptions")
        return Exempt(day, do, changes=changes)
    if to is None or changes:
        raise _misfit("exceptions", given, "exceptions")
    if isinstance(to, time) or re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", str(to)):
        return Exempt(day, do, datetime.combine(day, _time("exceptions.to", to)))
    return Exempt(day, do, _day("exceptions.to", to) if _is_day(to) else _local("exceptions.to", to))


def _count(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not str(given).isdecimal() or not 0 < int(given) <= MOST_COUNT:
        raise _misfit("count", given, "count")
    return int(given)


def _one_of(name: str, given: Any, known: tuple[Any, ...]) -> Any:
    if given not in known:
        raise _misfit(name, given, name.rpartition(".")[2])
    return given


def _several(given: Any) -> list[Any]:
    if given is None or given == "":
        return []
    return list(given) if isinstance(given, Iterable) and not isinstance(given, (str, Mapping)) else [given]


def _misfit(name: str, given: Any, wanted: str) -> InvalidData:
    return InvalidData(
        "PT-RECURRENCE",
        "{key}: {given} does not fit" if given is not None else "{key} is missing",
        why=WANTED[wanted],
        fix="pytake help recurrence",
        key=name,
        given=str(given)[:200],
    )
