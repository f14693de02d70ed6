"""Filters over dates and times."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from pytake_cli.flow.language import arguments
from pytake_cli.flow.language.operators import kind_of
from pytake_cli.flow.language.questions import read_time
from pytake_cli.flow.language.values import EvaluationError, Scope, Value
from pytake_cli.flow.locales import FormatError, format_date, format_datetime, format_moment, format_time, locale_of
from pytake_cli.locale import Phrase

_MOST = 1_000_000  # of any unit; a date has four digits for its year
_STYLES = Phrase("style is long, short or number")
_SAMPLE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def show_date(scope: Scope, value: Value, style: Value = "short") -> Value:
    """A date: short, medium, long, full, or a pattern of its own."""
    return _shown(scope, arguments.moment(scope, value), style)


def show_time(scope: Scope, value: Value, style: Value = None) -> Value:
    """The time of day, as the language writes it or by a pattern."""
    if isinstance(value, str) and len(value) <= 15:
        try:
            value = read_time(value)
        except ValueError:
            raise EvaluationError("the text is no time such as 09:30") from None
    moment = arguments.moment(scope, value)
    if style is not None:
        return _shown(scope, moment, style)
    if not isinstance(moment, (time, datetime)):
        raise EvaluationError("the date has no time")
    return format_time(moment, arguments.locale(scope))


def show_datetime(scope: Scope, value: Value) -> Value:
    """A date with its time."""
    moment = arguments.day(scope, value)
    if not isinstance(moment, datetime):
        raise EvaluationError("the date has no time")
    return format_datetime(moment, arguments.locale(scope))


def weekday(scope: Scope, value: Value, style: Value = "long") -> Value:
    """The name of the day of the week: long, short, or number (Monday is 1)."""
    day, locale = arguments.day(scope, value), arguments.locale(scope)
    match style:
        case "long":
            return locale.days[day.weekday()]
        case "short":
            return locale.short_days[day.weekday()]
        case "number":
            return day.isoweekday()
        case _:
            raise EvaluationError(_STYLES)


def move(
    scope: Scope,
    value: Value,
    days: Value = 0,
    weeks: Value = 0,
    months: Value = 0,
    years: Value = 0,
    hours: Value = 0,
    minutes: Value = 0,
) -> Value:
    """A date or time moved on, or back by negative numbers; a month that is too short gives its last day."""
    moment = arguments.moment(scope, value)
    shift = timedelta(
        days=_count(days, "days"),
        weeks=_count(weeks, "weeks"),
        hours=_count(hours, "hours"),
        minutes=_count(minutes, "minutes"),
    )
    by_months = _count(months, "months") + 12 * _count(years, "years")
    try:
        if isinstance(moment, time):
            if by_months or days or weeks:
                raise EvaluationError("a time without a date moves by hours and minutes")
            return (datetime.combine(date(2000, 1, 10), moment) + shift % timedelta(days=1)).timetz()
        if not isinstance(moment, datetime) and (hours or minutes):
            moment = datetime.combine(moment, time())
        return _months_on(moment, by_months) + shift
    except (OverflowError, ValueError):
        raise EvaluationError("the date is out of the calendar") from None


def difference(scope: Scope, value: Value, other: Value, unit: Value = "days") -> Value:
    """How many whole days, weeks, hours or minutes from the other moment to this one."""
    seconds = _UNITS.get(unit) if isinstance(unit, str) else None
    if seconds is None:
        raise EvaluationError("unit is minutes, hours, days or weeks")
    one, two = arguments.day(scope, value), arguments.day(scope, other)
    if not (isinstance(one, datetime) and isinstance(two, datetime)):
        apart = timedelta(days=one.toordinal() - two.toordinal())
    elif one.tzinfo and two.tzinfo:
        apart = one - two
    else:
        apart = one.replace(tzinfo=None) - two.replace(tzinfo=None)
    return int(apart.total_seconds() / seconds)


def greeting(scope: Scope, value: Value) -> Value:
    """Good morning, afternoon or evening, by the hour."""
    moment = arguments.moment(scope, value)
    if not isinstance(moment, (time, datetime)):
        raise EvaluationError(f"a time is needed, not {kind_of(moment)}")
    morning, afternoon, evening = arguments.locale(scope).greetings
    if 5 <= moment.hour < 12:
        return morning
    return afternoon if 12 <= moment.hour < 18 else evening


def wrong_pattern(style: object) -> Phrase | None:
    """What is wrong with a pattern, None when it can be written."""
    if not isinstance(style, str):
        return Phrase("the pattern is a text such as dd/MM/yyyy")
    try:
        format_date(_SAMPLE, locale_of("en"), style)
    except FormatError as error:
        return error.message
    return None


def wrong_style(style: object) -> Phrase | None:
    """What is wrong with the style of a weekday."""
    return None if style in ("long", "short", "number") else _STYLES


def _shown(scope: Scope, moment: date | time, style: Value) -> str:
    if not isinstance(style, str) or len(style) > 200:
        raise EvaluationError("the pattern is a text such as dd/MM/yyyy")
    try:
        if isinstance(moment, time):
            return format_moment(moment, style, arguments.locale(scope))
        return format_date(moment, arguments.locale(scope), style)
    except FormatError as error:
        raise EvaluationError(str(error)) from None


def _count(value: Value, name: str) -> int:
    return arguments.whole(value, name, -_MOST, _MOST)


def _months_on(moment: date, months: int) -> date:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
