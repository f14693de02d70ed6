"""Comparisons in SQL: a field's value with what a segment says, and rows of other tables that a contact has.

Every condition is true or false, never NULL, so that `not` means the others. Values are bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from pytake_cli.flow.words import fold
from pytake_cli.segment import check, fields, patterns
from pytake_cli.segment.tree import Value
from pytake_cli.store.contacts import contact
from pytake_cli.store.field_index import Indexed
from pytake_cli.store.folding import folded, folded_in, matching
from pytake_cli.store.tags import Tagged

Condition = ColumnElement[bool]
TICK = timedelta(microseconds=1)  # what lies between a moment and the next: `after` is `from` the next


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose contacts, and when; `indexed` are the fields that need not be looked through."""

    org_id: int
    now: datetime
    tz: str
    tagged: Tagged
    indexed: Indexed


def known(value: ColumnElement[Any], true: Condition) -> Condition:
    """False, not NULL, where there is no value."""
    return sa.and_(value.is_not(None), true)


def flag(op: str, values: Sequence[Value], holds: Condition) -> Condition:
    """`is set` and `=`."""
    return holds if op == "is set" or check.flag(values[0]) else sa.not_(holds)


def number(op: str, values: Sequence[Value], value: ColumnElement[Any]) -> Condition:
    """Comparisons of a value that is there."""
    wanted = [_number(each) for each in values]
    match op:
        case "=" | "in":
            return value.in_(wanted)
        case "between":
            return value.between(wanted[0], wanted[1])
        case _:
            return value.op(op, is_comparison=True)(wanted[0])


def _number(value: Value) -> ColumnElement[Any]:
    return sa.literal(check.number(value), sa.Double())


def text(op: str, values: Sequence[Value], own: ColumnElement[str], *, plain: bool = False) -> Condition:
    """Comparisons of text as people compare it; `own` is "" where there is none, `plain` when it needs no folding."""
    if values[0].kind == "regex":
        return matching(own if plain else folded(own), values[0].text)
    wanted = words(values)
    if op in ("=", "in"):
        return own.in_(wanted) if plain else folded_in(own, *wanted)
    own = own if plain else folded(own)
    return own.contains(wanted[0], autoescape=True) if op == "~" else own.startswith(wanted[0], autoescape=True)


def words(values: Sequence[Value]) -> list[str]:
    """The values folded."""
    return [fold(value.text) for value in values]


class Line:
    """Where a time column that is never empty stands to a moment."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._column = column

    def known(self) -> Condition:
        return self._column.is_not(None)

    def before(self, at: datetime) -> Condition:
        return self._column < at

    def from_(self, at: datetime) -> Condition:
        return self._column >= at


class KeptLine(Line):
    """The same of a custom field, which keeps days and moments as texts that sort."""

    def __init__(self, value: ColumnElement[Any], tz: str) -> None:
        super().__init__(value)
        self._tz = tz

    def known(self) -> Condition:
        return known(self._column, sa.func.length(self._column).in_((fields.DAY_LENGTH, fields.MOMENT_LENGTH)))

    def before(self, at: datetime) -> Condition:
        return self._either(at, lambda first: self._column < first)

    def from_(self, at: datetime) -> Condition:
        return self._either(at, lambda first: self._column >= first)

    def _either(self, at: datetime, true: Callable[[str], Condition]) -> Condition:
        day, moment = check.first_kept(at, self._tz)
        is_day = sa.and_(sa.func.length(self._column) == fields.DAY_LENGTH, true(day))
        is_moment = sa.and_(sa.func.length(self._column) == fields.MOMENT_LENGTH, true(moment))
        return known(self._column, sa.or_(is_day, is_moment))


def time(op: str, values: Sequence[Value], asked: Asked, line: Line) -> Condition:
    """`is set` and comparisons; a day lasts from its midnight to the next."""
    if op == "is set":
        return line.known()
    start, end = span(values[0], asked)
    match op:
        case "=":
            return sa.and_(line.from_(start), line.before(end))
        case "<":
            return line.before(start)
        case "<=":
            return line.before(end)
        case ">":
            return line.from_(end)
        case ">=":
            return line.from_(start)
        case _:
            return sa.and_(line.from_(start), line.before(span(values[1], asked)[1]))


def span(value: Value, asked: Asked) -> tuple[datetime, datetime]:
    """From when until before when a time value lasts; a moment lasts a tick."""
    start, end = check.moment(value, asked.now, asked.tz)
    return start, end if end > start else start + TICK


def has(table: sa.Table, *conditions: Condition) -> Condition:
    """The contact has a row there of which this is true; asked of each contact by itself, so that a page is quick."""
    mine: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table)
    return mine.where(table.c.contact_id == contact.c.id, *conditions).correlate(contact).exists()


def text_of(op: str, values: Sequence[Value], table: sa.Table, theirs: Sequence[Condition], own: Any) -> Condition:
    """Text in another table: one of a contact's rows is enough, and whoever has none has ""."""
    if op == "is set":
        return has(table, *theirs, own != "")
    return or_none(values, has(table, *theirs, text(op, values, own)), has(table, *theirs))


def or_none(values: Sequence[Value], found: Condition, any_: Condition) -> Condition:
    """Those found, and those who have no row at all where "" fits."""
    nothing_fits = any(
        patterns.matches(value.text, "") if value.kind == "regex" else not fold(value.text) for value in values
    )
    return sa.or_(found, sa.not_(any_)) if nothing_fits else found


class RowLine(Line):
    """Where a time in a contact's one row of another table stands to a moment."""

    def __init__(self, table: sa.Table, column: ColumnElement[Any], *theirs: Condition) -> None:
        super().__init__(column)
        self._table, self._theirs = table, theirs

    def known(self) -> Condition:
        return has(self._table, *self._theirs, self._column.is_not(None))

    def before(self, at: datetime) -> Condition:
        return has(self._table, *self._theirs, self._column < at)

    def from_(self, at: datetime) -> Condition:
        return has(self._table, *self._theirs, self._column >= at)


class NewestLine(RowLine):
    """The same of the newest of a contact's times in another table."""

    def before(self, at: datetime) -> Condition:
        return sa.and_(self.known(), sa.not_(self.from_(at)))
