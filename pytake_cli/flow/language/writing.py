"""Values as text and as JSON, in loops that call as little as they can for each item."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from pytake_cli.flow.language.operators import bounded_size, is_number, kind_of, number_of
from pytake_cli.flow.language.values import MAX_ITEMS, MAX_STRING, SLOW_STEPS, EvaluationError, Scope

SHOWN_DECIMALS = 12  # of a number in a text, unless a filter says otherwise
_LARGE = 10**38  # whole numbers below are written without a further look


def text_of(value: object, scope: Scope) -> str:
    """The value as texts show it: nothing for None, numbers plain, dates as ISO, lists with commas, maps as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat() if isinstance(value, date) or value.second else value.strftime("%H:%M")
    if isinstance(value, list):
        parts = texts(value, scope)
        bounded_size(sum(map(len, parts)) + 2 * len(parts), MAX_STRING)
        return ", ".join(parts)
    if isinstance(value, Mapping):
        return json_of(value, scope)
    raise EvaluationError(f"{kind_of(value)} cannot be written as text")


def texts(values: Sequence[object], scope: Scope) -> list[str]:
    """The items of a list as texts, those of lists in it as well."""
    found: list[str] = []
    waiting = [iter(values)]
    scope.spend(len(values))
    while waiting:
        for item in waiting[-1]:
            if type(item) is str:
                found.append(item)
            elif type(item) is int and -_LARGE < item < _LARGE:
                found.append(str(item))
            elif type(item) is list and item:
                scope.spend(len(item))
                waiting.append(iter(item))
                break
            else:
                scope.spend(SLOW_STEPS)
                found.append(text_of(item, scope))
        else:
            waiting.pop()
    bounded_size(len(found), MAX_ITEMS)
    return found


def json_of(value: object, scope: Scope) -> str:
    """The value as compact JSON; dates as ISO text."""
    _weigh(value, scope)

    def plain(item: object) -> object:
        if isinstance(item, Decimal):
            whole = int(item)
            return whole if whole == item else float(item)
        return dict(item) if isinstance(item, Mapping) else text_of(item, scope)

    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=plain)
    except (TypeError, ValueError):
        raise EvaluationError("the value cannot be written as JSON") from None
    bounded_size(len(written), MAX_STRING)
    return written


def _weigh(value: object, scope: Scope) -> None:
    """Spends a step on each part and refuses what would not fit, before anything is written."""
    waiting: list[object] = [value]
    size = 0
    while waiting:
        item = waiting.pop()
        # asking for Mapping is a call in Python: what is plain is told before
        if type(item) is str:
            size += len(item)
        elif type(item) is list:
            scope.spend(len(item))
            waiting += item
        elif item is None or type(item) is bool or (type(item) is int and -_LARGE < item < _LARGE):
            pass  # a few signs, bounded by the steps
        elif type(item) is dict or isinstance(item, Mapping):
            scope.spend(2 * len(item))
            size += sum(len(key) for key in item if type(key) is str)
            waiting += item.values()
        else:
            scope.spend(SLOW_STEPS)
            if is_number(item):
                number_of(item, "JSON")
        if size > MAX_STRING:
            bounded_size(size, MAX_STRING)


def _number(value: object) -> str:
    number = number_of(value, "text")
    if isinstance(number, int):
        return str(number)
    exponent = number.as_tuple().exponent
    is_long = isinstance(exponent, int) and -exponent > SHOWN_DECIMALS
    text = format(number, f".{SHOWN_DECIMALS}f" if is_long else "f")
    # a float's 2.0 is 2, and a third has no end; a decimal's 2.50 was written so
    return text.rstrip("0").rstrip(".") if "." in text and (is_long or isinstance(value, float)) else text
