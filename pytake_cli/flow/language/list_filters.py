"""Filters over lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from pytake_cli.flow.language import arguments, operators
from pytake_cli.flow.language.operators import bounded_size, is_number, kind_of, number_of
from pytake_cli.flow.language.questions import pick
from pytake_cli.flow.language.values import MAX_STRING, SLOW_STEPS, EvaluationError, Scope, Value
from pytake_cli.flow.language.writing import json_of, texts
from pytake_cli.flow.words import fold


def length(_: Scope, value: Value) -> Value:
    """How many characters or items; 0 of nothing."""
    if value is None:
        return 0
    if isinstance(value, (str, list, Mapping)):
        return len(value)
    raise EvaluationError(f"{kind_of(value)} has no length")


def first(scope: Scope, value: Value) -> Value:
    """The first item or character."""
    found = value if isinstance(value, str) else arguments.items(scope, value)
    return found[0] if found else None


def last(scope: Scope, value: Value) -> Value:
    """The last item or character."""
    found = value if isinstance(value, str) else arguments.items(scope, value)
    return found[-1] if found else None


def join(scope: Scope, value: Value, separator: Value = ", ", last: Value = None) -> Value:
    """One text of all items; `last` stands before the last one."""
    pieces = texts(arguments.items(scope, value), scope)
    between = arguments.text(scope, separator)
    before_last = between if last is None else arguments.text(scope, last)
    size = sum(map(len, pieces)) + len(between) * max(len(pieces) - 2, 0) + len(before_last)
    bounded_size(size, MAX_STRING)
    if len(pieces) < 2:
        return "".join(pieces)
    return between.join(pieces[:-1]) + before_last + pieces[-1]


def sort(scope: Scope, value: Value, by: Value = None, reverse: Value = False) -> Value:
    """In order; texts by letters, case and accents aside; `by` names the key of maps; what has no value comes last."""
    entries = [(_value(item, by), item) for item in arguments.items(scope, value)]
    present = [entry for entry in entries if entry[0] is not None]
    key = _ordering(scope, [entry[0] for entry in present])
    scope.spend(2 * len(present))
    present.sort(key=lambda entry: key(entry[0]), reverse=arguments.flag(reverse, "reverse"))
    return [item for _, item in (*present, *(entry for entry in entries if entry[0] is None))]


def unique(scope: Scope, value: Value) -> Value:
    """Each item once, in order."""
    seen: set[object] = set()
    kept: list[Value] = []
    items = arguments.items(scope, value)
    scope.spend(2 * len(items))
    for item in items:
        mark = _mark(scope, item)
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return kept


def total(scope: Scope, value: Value, by: Value = None) -> Value:
    """The sum of the numbers; `by` names the key of maps."""
    found: Value = 0
    items = arguments.items(scope, value)
    scope.spend(SLOW_STEPS * len(items))
    for item in items:
        one = _value(item, by)
        if one is not None:
            found = operators.add(scope, found, arguments.number(one))
    return found


def least(scope: Scope, value: Value) -> Value:
    """The least item."""
    return pick(scope, arguments.items(scope, value), "<")


def greatest(scope: Scope, value: Value) -> Value:
    """The greatest item."""
    return pick(scope, arguments.items(scope, value), ">")


def to_list(scope: Scope, value: Value) -> Value:
    """A list as it is, the keys of a map, anything else as the only item."""
    if value is None:
        return []
    return arguments.items(scope, value) if isinstance(value, (list, Mapping)) else [value]


def pluck(scope: Scope, value: Value, key: Value) -> Value:
    """The value of one key of each map."""
    items = arguments.items(scope, value)
    scope.spend(len(items))
    return [_value(item, key) for item in items]


def where(scope: Scope, value: Value, key: Value, wanted: Value = True) -> Value:
    """The maps whose key has that value."""
    items = arguments.items(scope, value)
    scope.spend(SLOW_STEPS * len(items))
    return [item for item in items if operators.equal(scope, _value(item, key), wanted)]


def _value(item: Value, by: Value) -> Value:
    if by is None:
        return item
    if not isinstance(by, str):
        raise EvaluationError("the name of a key is text")
    # asking for Mapping is a call in Python, which a plain dict spares
    return item.get(by) if type(item) is dict or isinstance(item, Mapping) else None


def _ordering(scope: Scope, values: list[Value]) -> Callable[[Any], Any]:
    """The key to sort by, which exists only for values of one kind."""
    if all(isinstance(value, str) for value in values):
        scope.spend(sum(len(value) for value in values if isinstance(value, str)) // 4)
        return lambda value: (fold(value), value)
    scope.spend(SLOW_STEPS * len(values))
    if all(is_number(value) for value in values):
        return lambda value: number_of(value, "sorting")
    if all(isinstance(value, time) for value in values):
        return lambda value: value.replace(tzinfo=None)
    if all(isinstance(value, date) for value in values):
        return _by_moment([value for value in values if isinstance(value, date)])
    if all(isinstance(value, bool) for value in values):
        return lambda value: value
    raise EvaluationError("the items are of different kinds, or lists or maps, which have no order")


def _by_moment(values: list[date]) -> Callable[[Any], Any]:
    if not all(isinstance(value, datetime) for value in values):
        return lambda value: value.date() if isinstance(value, datetime) else value
    if all(isinstance(value, datetime) and value.tzinfo for value in values):
        return lambda value: value.timestamp()
    return lambda value: value.replace(tzinfo=None)


def _mark(scope: Scope, item: Value) -> object:
    if isinstance(item, (list, Mapping)):
        written = json_of(item, scope)
        scope.spend_on(written)
        return (type(item).__name__, written)
    if is_number(item):
        return ("number", number_of(item, "it"))
    return (type(item).__name__, item)
