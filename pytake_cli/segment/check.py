"""Whether a tree asks only what can be: fields that exist, comparisons their types allow, values that can be read."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import isfinite, nan
from zoneinfo import ZoneInfo

from pytake_cli.flow.patterns import PatternError
from pytake_cli.flow.words import closest
from pytake_cli.segment import fields, patterns
from pytake_cli.segment.grammar import parse
from pytake_cli.segment.tree import And, Bare, Count, Near, Node, Not, Or, Predicate, Sample, SegmentError, Value

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
YEARS = range(1900, 9000)  # of moments that a segment may name: beyond them zones leave the calendar
SHORTEST_PART = 2  # letters that `~` looks for at the least


Custom = Mapping[str, str]  # an organisation's fields: {"plano": "choice"}


def read(text: str, custom: Custom | None = None) -> Node:
    """The tree of a segment's text, checked; raises `SegmentError`.

    Without `custom` every name may be a custom field, and its values are compared as they are.
    """
    return _checked(parse(text), custom)


def _checked(node: Node, custom: Custom | None) -> Node:
    match node:
        case And(children):
            return And(tuple(_checked(child, custom) for child in children))
        case Or(children):
            return Or(tuple(_checked(child, custom) for child in children))
        case Not(child):
            return Not(_checked(child, custom))
        case Bare(word, offset):
            if fields.exists(word):
                return _flag(_typed(Predicate(word, "is set", (), offset), custom))
            _refuse_colon(word, offset, custom or ())
            return node
        case Predicate():
            typed = _typed(node, custom)
            _check_predicate(typed)
            return typed
        case Count(what, since, op, value, offset):
            if what not in fields.COUNTED:
                raise SegmentError(
                    "{what} cannot be counted",
                    offset,
                    "count one of {known}",
                    what=what,
                    known=", ".join(fields.COUNTED),
                )
            if op not in fields.OPERATORS["number"]:
                raise SegmentError("a count cannot be compared by {op}", offset, op=op)
            number(value)
            if since is not None:
                _readable_time(since)
            return node
        case Sample() | Near():
            return node


def _refuse_colon(word: str, offset: int, custom: Container[str]) -> None:
    """`tag:vip`, as the inbox filters, would look for a name, and `not tag:vip` mean everybody."""
    name, colon, value = word.partition(":")
    name = f"f.{name}" if name in custom else name.lower()
    if colon and fields.exists(name):
        raise SegmentError(
            "{word} would look for a name", offset, "{field} = {value}", word=word, field=name, value=value or "…"
        )


def _typed(node: Predicate, custom: Custom | None) -> Predicate:
    """With the type of the organisation's own field; one that it does not have is refused."""
    name = node.field.removeprefix("f.")
    if custom is None or name == node.field:
        fields.find(node.field, node.offset, custom or ())
        return node
    if name not in custom:
        near = closest(name, custom)
        raise SegmentError(
            "there is no field {field}",
            node.offset,
            "did you mean {near}?" if near else "pytake field add {name} --type text",
            field=node.field,
            near=f"f.{near}",
            name=name,
        )
    return replace(node, type=custom[name])


def _flag(node: Predicate) -> Node:
    if fields.asked(node).type != "flag":
        raise SegmentError("{field} is a field and needs a comparison", node.offset, "{field} is set", field=node.field)
    return node


def _check_predicate(node: Predicate) -> None:
    field = fields.asked(node)
    allowed = fields.OPERATORS[field.type]
    if node.op not in allowed:
        raise SegmentError(
            "{field} cannot be compared by {op}",
            node.offset,
            "use one of {known}",
            field=node.field,
            op=node.op,
            known=" ".join(allowed),
        )
    for value in node.values:
        _check_value(field, node, value)


def _check_value(field: fields.Field, node: Predicate, value: Value) -> None:
    if value.kind == "regex":
        if node.op not in ("~", "!~"):
            raise SegmentError("a pattern is compared by ~ or !~", value.offset)
        try:
            patterns.normal(value.text)
        except PatternError as error:
            wrong = error.message
            raise SegmentError(wrong.template, value.offset + 1 + error.offset, "", **wrong.values) from None
        return
    if node.op in ("~", "!~") and len(value.text) < SHORTEST_PART:
        raise SegmentError("~ looks for at least {count} letters", value.offset, count=SHORTEST_PART)
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
        found = float(value.text)
    except ValueError:
        found = nan
    if not isfinite(found):
        raise SegmentError("{value} is no number", value.offset, value=value.text)
    return found


def flag(value: Value) -> bool:
    word = value.text.lower()
    if word not in YES + NO:
        raise SegmentError("{value} is neither yes nor no", value.offset, value=value.text)
    return word in YES


def _readable_time(value: Value) -> None:
    moment(value, datetime(2026, 1, 1, tzinfo=UTC), "UTC")


def moment(value: Value, now: datetime, tz: str) -> tuple[datetime, datetime]:
    """From when until when a time value lasts: a day for dates and `today`, one moment for `-30d`."""
    zone = ZoneInfo(tz)
    word = value.text.lower()
    try:
        if relative := _RELATIVE.fullmatch(word):
            at = now + int(relative[1]) * _UNITS[relative[2]]
        elif word in _DAYS:
            return _day(now.astimezone(zone).date() + timedelta(days=_DAYS[word]), zone)
        elif len(word) == 10:
            return _day(date.fromisoformat(word), zone)
        else:
            at = datetime.fromisoformat(value.text)
        if at.year not in YEARS:
            raise ValueError(at.year)
    except (ValueError, OverflowError):
        raise SegmentError(
            "{value} is no time",
            value.offset,
            "write 2026-11-01, 2026-11-01T09:00, today or -30d",
            value=value.text,
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return at, at


def _day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if day.year not in YEARS:
        raise ValueError(day.year)
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins there, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def kept_moment(text: str, tz: str) -> datetime | None:
    """The moment that a custom field of dates holds, a day's being its beginning; None for any other text."""
    try:
        if len(text) == fields.DAY_LENGTH:
            return midnight(date.fromisoformat(text), ZoneInfo(tz))
        return datetime.fromisoformat(text) if len(text) == fields.MOMENT_LENGTH else None
    except ValueError:
        return None


def first_kept(at: datetime, tz: str) -> tuple[str, str]:
    """The first day and the first moment, as custom fields keep them, that are not before `at`."""
    zone = ZoneInfo(tz)
    day = at.astimezone(zone).date()
    day += timedelta(days=midnight(day, zone) < at)
    second = at.astimezone(UTC).replace(microsecond=0)
    second += timedelta(seconds=second < at)
    return day.isoformat(), second.isoformat(timespec="seconds")
