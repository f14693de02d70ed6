"""Rules of recurrence as the system's own clocks write them: lines of a crontab, calendars of systemd timers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_never

from cronsim import CronSim

from pytake_cli.policy.hours import DAYS
from pytake_cli.policy.recurrence import Cron, Days, Every, Once, Rule

LIMITS = ("until", "count", "windows", "blackout", "holidays", "exceptions")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def crontab(rule: Rule) -> list[str]:
    """The first five fields of the lines that stand for the rule; ValueError says what they cannot say."""
    for name in LIMITS:
        if getattr(rule, name):
            raise ValueError(name)
    match rule.pattern:
        case Cron(text):
            return [text]
        case Every(span):
            assert rule.start is not None
            return [_every(span, rule.start)]
        case Days() as days:
            return _of_days(days)
        case Once():
            raise ValueError("at")
        case _:
            assert_never(rule.pattern)


def calendars(rule: Rule, tz: str) -> list[str]:
    """The same as OnCalendar= of systemd, which knows time zones and single days."""
    if isinstance(rule.pattern, Once) and not any(getattr(rule, name) for name in LIMITS):
        return [f"{rule.pattern.at:%Y-%m-%d %H:%M:%S} {tz}"]
    return [calendar for line in crontab(rule) for calendar in _calendars(line, tz)]


def _every(span: timedelta, start: datetime) -> str:
    """A length of time that fits evenly into an hour, a day or a week."""
    if span < _HOUR and not _HOUR % span:
        step = int(span.total_seconds()) // 60
        return f"{_list(range(start.minute % step, 60, step), 60)} * * * *"
    if span < _DAY and not _DAY % span and not span % _HOUR:
        step = span // _HOUR
        return f"{start.minute} {_list(range(start.hour % step, 24, step), 24)} * * *"
    if span == _DAY:
        return f"{start.minute} {start.hour} * * *"
    if span == 7 * _DAY:
        return f"{start.minute} {start.hour} * * {start.isoweekday() % 7}"
    raise ValueError("every")


def _of_days(days: Days) -> list[str]:
    if any(each.weekday is not None or not 0 < each.nth <= 28 for each in days.month_days):
        raise ValueError("monthly")
    month = ",".join(str(each.nth) for each in days.month_days) or "*"
    week = ",".join(str((day + 1) % 7) for day in sorted(days.weekdays)) or "*"
    return [f"{at.minute} {at.hour} {month} * {week}" for at in days.times]


def _calendars(line: str, tz: str) -> list[str]:
    cron = CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
    weekdays = [day for day in cron.weekdays if isinstance(day, int)]
    if len(weekdays) < len(cron.weekdays) or min(cron.days) < 0:
        raise ValueError("cron")
    names = ",".join(DAYS[day].title() for day in sorted({(day - 1) % 7 for day in weekdays}))
    week = "" if len({day % 7 for day in weekdays}) == 7 else f"{names} "
    months = _list(sorted(cron.months), 12)
    clock = f"{_list(sorted(cron.hours), 24, '02')}:{_list(sorted(cron.minutes), 60, '02')}:00 {tz}"
    days = _list(sorted(cron.days), 31)
    if cron.day_and or not week or days == "*":
        return [f"{week}*-{months}-{days} {clock}"]
    return [f"{week}*-{months}-* {clock}", f"*-{months}-{days} {clock}"]  # cron: one of the two is enough


def _list(values: range | list[int], whole: int, form: str = "") -> str:
    return "*" if len(values) == whole else ",".join(format(each, form) for each in values)
