"""What can be asked behind `is`, and the few functions that are called by name: two literal registries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from pytake_cli.flow.language.operators import contains, equal, is_number, kind_of, less, number_of
from pytake_cli.flow.language.values import SLOW_STEPS, EvaluationError, Scope, Value

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Question:
    """`value is name(arguments)`; `takes_missing` when asking is no use of the value, so that it is not recorded."""

    ask: Callable[..., bool]
    summary: str
    arguments: int = 0
    takes_missing: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """`name(arguments)` with `least` to `most` arguments."""

    call: Callable[..., Value]
    summary: str
    least: int
    most: int


def _empty(_: Scope, value: object) -> bool:
    return value is None or (isinstance(value, (str, list, Mapping)) and not value)


def _whole(value: object, what: str) -> int:
    number = number_of(value, what)
    if not isinstance(number, int):
        raise EvaluationError(f"{what} needs a whole number")
    return number


def _divisible(_: Scope, value: object, by: object) -> bool:
    divisor = _whole(by, "`is divisibleby`")
    if divisor == 0:
        raise EvaluationError("division by zero")
    return value is not None and _whole(value, "`is divisibleby`") % divisor == 0


def _weekend(_: Scope, value: object) -> bool:
    return isinstance(value, date) and value.weekday() >= 5


TESTS: dict[str, Question] = {
    "boolean": Question(lambda _, value: isinstance(value, bool), "it is true or false"),
    "date": Question(lambda _, value: isinstance(value, date), "it is a date, with or without a time"),
    "defined": Question(lambda _, value: value is not None, "it has a value", takes_missing=True),
    "divisibleby": Question(_divisible, "it can be divided by that number", 1),
    "empty": Question(_empty, "it has no value, or is an empty text, list or map", takes_missing=True),
    "even": Question(lambda scope, value: _divisible(scope, value, 2), "it is an even number"),
    "false": Question(lambda _, value: value is False, "it is false"),
    "in": Question(lambda scope, value, container: contains(scope, container, value), "it is one of these", 1),
    "list": Question(lambda _, value: isinstance(value, list), "it is a list"),
    "lower": Question(lambda _, value: isinstance(value, str) and value.islower(), "all its letters are small"),
    "mapping": Question(lambda _, value: isinstance(value, Mapping), "it is a map"),
    "none": Question(lambda _, value: value is None, "it has no value", takes_missing=True),
    "number": Question(lambda _, value: is_number(value), "it is a number"),
    "odd": Question(lambda scope, value: value is not None and not _divisible(scope, value, 2), "it is an odd number"),
    "sameas": Question(lambda scope, value, other: equal(scope, value, other), "it is the same value", 1),
    "string": Question(lambda _, value: isinstance(value, str), "it is a text"),
    "time": Question(lambda _, value: isinstance(value, (time, datetime)), "it is a time, with or without a date"),
    "true": Question(lambda _, value: value is True, "it is true"),
    "undefined": Question(lambda _, value: value is None, "it has no value", takes_missing=True),
    "upper": Question(lambda _, value: isinstance(value, str) and value.isupper(), "all its letters are capitals"),
    "weekend": Question(_weekend, "it is a Saturday or a Sunday"),
}


def _date(_: Scope, *parts: object) -> Value:
    try:
        if len(parts) == 1 and isinstance(parts[0], date):
            return parts[0].date() if isinstance(parts[0], datetime) else parts[0]
        if len(parts) == 1 and isinstance(parts[0], str):
            return date.fromisoformat(parts[0].strip()[:10])
        if len(parts) == 3:
            return date(*(_whole(part, "`date`") for part in parts))
    except (ValueError, OverflowError):
        raise EvaluationError("`date` was given no date; it reads 2026-03-02") from None
    raise EvaluationError(f"`date` needs a text or year, month and day, not {kind_of(parts[0])}")


def _time(_: Scope, *parts: object) -> Value:
    try:
        if len(parts) == 1 and isinstance(parts[0], (datetime, time)):
            return parts[0].time() if isinstance(parts[0], datetime) else parts[0]
        if len(parts) == 1 and isinstance(parts[0], str):
            return read_time(parts[0])
        return time(_whole(parts[0], "`time`"), _whole(parts[1], "`time`") if len(parts) > 1 else 0)
    except (ValueError, OverflowError):
        raise EvaluationError("`time` was given no time; it reads 09:30") from None


def read_time(text: str) -> time:
    """The time of `09:30`, `9:30` or `09:30:15`; raises ValueError."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    hour, minute, second = found.groups(default="0")
    return time(int(hour), int(minute), int(second))


def _datetime(scope: Scope, *parts: object) -> Value:
    now = scope.context.get("now")
    zone = now.tzinfo if isinstance(now, datetime) else None
    if len(parts) == 1 and isinstance(parts[0], str):
        try:
            found = datetime.fromisoformat(parts[0].strip())
        except (ValueError, OverflowError):
            raise EvaluationError("`datetime` was given none; it reads 2026-03-02T09:30") from None
        return found if found.tzinfo else found.replace(tzinfo=zone)
    if len(parts) == 2:
        day, hour = _date(scope, parts[0]), _time(scope, parts[1])
        if isinstance(day, date) and isinstance(hour, time):
            return datetime.combine(day, hour, tzinfo=zone)
    if isinstance(parts[0], datetime):
        return parts[0]
    raise EvaluationError(f"`datetime` needs a text, or a date and a time, not {kind_of(parts[0])}")


def pick(scope: Scope, items: list[Value], sign: str) -> Value:
    """The least (`<`) or the greatest (`>`) of the items that have a value, None of none."""
    found: Value = None
    scope.spend(SLOW_STEPS * len(items))
    for item in items:
        if item is None:
            continue
        is_before = less(item, found, sign) if sign == "<" else less(found, item, sign)
        if found is None or is_before:
            found = item
    return found


FUNCTIONS: dict[str, Function] = {
    "date": Function(_date, "the date of a text (2026-03-02), of a date with a time, or of year, month and day", 1, 3),
    "datetime": Function(_datetime, "a date with a time, of a text (2026-03-02T09:30) or of a date and a time", 1, 2),
    "max": Function(lambda scope, *items: pick(scope, list(items), ">"), "the greatest of its arguments", 2, 20),
    "min": Function(lambda scope, *items: pick(scope, list(items), "<"), "the least of its arguments", 2, 20),
    "time": Function(_time, "the time of a text (09:30), of a date with a time, or of hour and minute", 1, 2),
}
