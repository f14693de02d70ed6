"""Whether one person is meant by a segment: the plain reading of the tree, which SQL must agree with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import cos, radians
from operator import ge, gt, le, lt
from typing import Any

from pytake_cli.flow.words import fold
from pytake_cli.segment import check, fields, patterns
from pytake_cli.segment.tree import (
    And,
    Bare,
    Count,
    Near,
    Node,
    Not,
    Or,
    Person,
    Predicate,
    Sample,
    SegmentError,
    Value,
)

PRIME, FACTOR = 2_147_483_647, 48_271  # of Lehmer's generator: products stay below 2^63
DEGREE = 111_195.0  # metres, of latitude
_ORDER: dict[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


def matches(node: Node, person: Person, now: datetime, tz: str) -> bool:
    """True if the person is meant. `tz` is the organisation's: days begin there.

    person: {"id": 7, "name": "Ana", "phone": "+5511…", "tags": ["vip"], "stage": "lead", "fields": {"plan": "gold"},
             "messages": {"in": [<datetime>, …]}, "place": (-23.5614, -46.6559)}
    """
    match node:
        case And(children):
            return all(matches(child, person, now, tz) for child in children)
        case Or(children):
            return any(matches(child, person, now, tz) for child in children)
        case Not(child):
            return not matches(child, person, now, tz)
        case Bare(word):
            return _is_called(word, person)
        case Sample(percent):
            return _bucket(person) < percent * 100
        case Near():
            return _is_near(node, person.get("place"))
        case Count(what, since, op, value):
            return _compares(_counted(fields.find(what).of(person), since, now, tz), op, check.number(value))
        case Predicate():
            return _predicate(node, person, now, tz)


def _predicate(node: Predicate, person: Person, now: datetime, tz: str) -> bool:
    field = fields.asked(node)
    has = field.of(person)
    if node.field in fields.COUNTED:
        has = len(has or ()) or (None if node.op in fields.STATED else 0)
    if node.op == "is set":
        return bool(has) if field.type == "flag" else has is not None
    if node.op == "is empty":
        return not has if field.type == "flag" else has is None
    match field.type:
        case "flag":
            return (bool(has) == check.flag(node.values[0])) == (node.op == "=")
        case "set":
            return _set(node, has or ())
        case "number":
            return _number(node, has)
        case "time":
            return _time(node, has, now, tz)
        case "any" if isinstance(has, int | float) and not isinstance(has, bool) and _are_numbers(node):
            return _number(node, has)
        case "text" | "words" | "any":
            return _text(node, has)


def _counted(times: Any, since: Value | None, now: datetime, tz: str) -> float:
    """How many messages, by the times of each."""
    start = check.moment(since, now, tz)[0] if since else None
    return float(sum(1 for at in times or () if start is None or at >= start))


def degrees_in_metres(latitude: float) -> tuple[float, float]:
    """How long a degree is there, to the north and to the east."""
    return DEGREE, DEGREE * cos(radians(latitude))


def _is_near(node: Near, place: tuple[float, float] | None) -> bool:
    if place is None:
        return False
    to_north, to_east = degrees_in_metres(node.latitude)
    north, east = (place[0] - node.latitude) * to_north, (place[1] - node.longitude) * to_east
    return north * north + east * east <= node.metres * node.metres


def _is_called(word: str, person: Person) -> bool:
    digits = "".join(character for character in word if character.isdigit())
    if digits and not any(character.isalpha() for character in word):
        return any(phone.startswith(word) if word.startswith("+") else digits in phone for phone in _phones(person))
    return fold(word) in fold(str(person.get("name") or ""))


def _phones(person: Person) -> list[str]:
    phones = person.get("phone") or ()
    return [phones] if isinstance(phones, str) else list(phones)


def _set(node: Predicate, has: Any) -> bool:
    own = {fold(str(one)) for one in has}
    found = any(fold(value.text) in own for value in node.values)
    return found if node.op in ("=", "in") else not found


def _number(node: Predicate, has: Any) -> bool:
    negative = node.op in ("!=", "not in")
    if has is None:
        return negative
    wanted = [check.number(value) for value in node.values]
    match node.op:
        case "between":
            return wanted[0] <= float(has) <= wanted[1]
        case "=" | "in" | "!=" | "not in":
            return (float(has) in wanted) != negative
        case _:
            return _compares(float(has), node.op, wanted[0])


def _compares(has: float, op: str, wanted: float) -> bool:
    if op in _ORDER:
        return _ORDER[op](has, wanted)
    return (has == wanted) == (op == "=")


def _time(node: Predicate, has: Any, now: datetime, tz: str) -> bool:
    if isinstance(has, str):
        has = check.kept_moment(has, tz)
    if not isinstance(has, datetime):
        return node.op == "!="
    start, end = check.moment(node.values[0], now, tz)
    inside = has == start if start == end else start <= has < end
    match node.op:
        case "=":
            return inside
        case "!=":
            return not inside
        case "<":
            return has < start
        case ">=":
            return has >= start
        case ">":
            return has > start if start == end else has >= end
        case "<=":
            return has <= start if start == end else has < end
        case _:
            last_start, last_end = check.moment(node.values[1], now, tz)
            return has >= start and (has <= last_start if last_start == last_end else has < last_end)


def is_said(node: Predicate, has: str) -> bool:
    """Whether a predicate of text is true of one value; "" is none."""
    return (has != "") == (node.op == "is set") if node.op in fields.STATED else _text(node, has)


def _text(node: Predicate, has: Any) -> bool:
    if isinstance(has, list | tuple):  # a person's phones: one of them is enough, and `!=` means none of them
        negative = node.op in ("!=", "not in", "!~")
        return (all if negative else any)(_text(node, one) for one in has)
    own = fold("" if has is None else str(has))
    match node.op:
        case "=" | "in":
            return any(own == fold(value.text) for value in node.values)
        case "!=" | "not in":
            return all(own != fold(value.text) for value in node.values)
        case "~" | "!~":
            return _contains(node.values[0], own) == (node.op == "~")
        case "^=":
            return own.startswith(fold(node.values[0].text))
        case "between":
            return fold(node.values[0].text) <= own <= fold(node.values[1].text)
        case _:
            return bool(own) and _ORDER[node.op](own, fold(node.values[0].text))


def _contains(value: Value, folded: str) -> bool:
    return patterns.matches(value.text, folded) if value.kind == "regex" else fold(value.text) in folded


def _are_numbers(node: Predicate) -> bool:
    try:
        return bool([check.number(value) for value in node.values])
    except SegmentError:
        return False


def _bucket(person: Person) -> int:
    """0 to 9999, the same for a person every time; whole numbers only, so that SQL does the same."""
    mixed = int(person.get("id") or 0) % PRIME * FACTOR % PRIME
    return mixed * (mixed % 65_536 + 1) % PRIME % 10_000
