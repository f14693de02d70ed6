"""Whether a tree asks only what can be: fields that exist, comparisons their types allow, values that can be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.segment import fields
from pytake_cli.segment.grammar import parse
from pytake_cli.segment.tree import And, Bare, Count, Node, Not, Or, Predicate, Sample, SegmentError, Value

YES, NO = ("true", "yes", "sim"), ("false", "no", "não", "nao")
_RELATIVE = re.compile(r"([+-]\d{1,5})(d|w|h|m|min|y)")
_DAYS = {"today": 0, "hoje": 0, "yesterday": -1, "ontem": -1, "tomorrow": 1, "amanhã": 1}
_UNITS = {
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
SHORTEST_PART = 2  # letters that `~` looks for at the least


def read(text: str) -> Node:
    """The tree of a segment's text, checked; raises `SegmentError`."""
    return _checked(parse(text))


def _checked(node: Node) -> Node:
    match node:
        case And(children):
            return And(tuple(_checked(child) for child in children))
        case Or(children):
            return Or(tuple(_checked(child) for child in children))
        case Not(child):
            return Not(_checked(child))
        case Bare(word, offset):
            if fields.exists(word):
                return _flag(word, offset)
            return node
        case Predicate():
            _check_predicate(node)
            return node
        case Count(what, since, op, value, offset):
            if what not in fields.COUNTED:
                raise SegmentError(f"{what} cannot be counted", offset, f"count one of {', '.join(fields.COUNTED)}")
            if op not in fields.OPERATORS["number"]:
                raise SegmentError(f"a count cannot be compared by {op}", offset)
            number(value)
            if since is not None:
                _readable_time(since)
            return node
        case Sample():
            return node


def _flag(word: str, offset: int) -> Node:
    field = fields.find(word, offset)
    if field.type != "flag":
        raise SegmentError(f"{word} is a field and needs a comparison", offset, f"{word} is set")
    return Predicate(word, "is set", (), offset)


def _check_predicate(node: Predicate) -> None:
    field = fields.find(node.field, node.offset)
    allowed = fields.OPERATORS[field.type]
    if node.op not in allowed:
        raise SegmentError(
            f"{node.field} cannot be compared by {node.op}", node.offset, f"use one of {' '.join(allowed)}"
        )
    for value in node.values:
        _check_value(field, node, value)


def _check_value(field: fields.Field, node: Predicate, value: Value) -> None:
    if value.kind == "regex":
        if node.op not in ("~", "!~"):
            raise SegmentError("a pattern is compared by ~ or !~", value.offset)
        try:
            compile_pattern(value.text)
        except PatternError as error:
            raise SegmentError(error.message, value.offset + 1 + error.offset) from None
        return
    if node.op in ("~", "!~") and len(value.text) < SHORTEST_PART:
        raise SegmentError(f"~ looks for at least {SHORTEST_PART} letters", value.offset)
    match field.type:
        case "number":
            number(value)
        case "time":
            _readable_time(value)
        case "flag":
            flag(value)
        case "text" | "words" | "set" | "any":
            pass  # any text will do


def number(value: Value) -> float:
    try:
        return float(value.text)
    except ValueError:
        raise SegmentError(f"{value.text} is no number", value.offset) from None


def flag(value: Value) -> bool:
    word = value.text.lower()
    if word not in YES + NO:
        raise SegmentError(f"{value.text} is neither yes nor no", value.offset)
    return word in YES


def _readable_time(value: Value) -> None:
    moment(value, datetime(2026, 1, 1, tzinfo=UTC), "UTC")


def moment(value: Value, now: datetime, tz: str) -> tuple[datetime, datetime]:
    """From when until when a time value lasts: a day for dates and `today`, one moment for `-30d`."""
    zone = ZoneInfo(tz)
    word = value.text.lower()
    if relative := _RELATIVE.fullmatch(word):
        at = now + int(relative[1]) * _UNITS[relative[2]]
        return at, at
    if word in _DAYS:
        return _day(now.astimezone(zone).date() + timedelta(days=_DAYS[word]), zone)
    try:
        if len(word) == 10:
            return _day(date.fromisoformat(word), zone)
        at = datetime.fromisoformat(value.text)
    except (ValueError, OverflowError):
        raise SegmentError(
            f"{value.text} is no time", value.offset, "write 2026-11-01, 2026-11-01T09:00, today or -30d"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return at, at


def _day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    return start, datetime(after.year, after.month, after.day, tzinfo=zone)
