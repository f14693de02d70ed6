"""Segments in SQL: a checked tree as a query for the ids of those whom it means, as `segment.evaluate` would say.

Every condition is true or false, never NULL, so that `not` means the others. Values are bound, names are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session

from pytake_cli.flow.words import fold
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.segment import check, fields
from pytake_cli.segment.evaluate import FACTOR, PRIME
from pytake_cli.segment.tree import And, Bare, Count, Node, Not, Or, Predicate, Sample, SegmentError, Value
from pytake_cli.store.contacts import Consent, contact, identity
from pytake_cli.store.folding import folded
from pytake_cli.store.tags import contact_tag, tag
from pytake_cli.store.typed_fields import FLAG, NUMBER, TEXT, typed_field

Condition = ColumnElement[bool]
consent = Consent.__table__  # type: ignore[attr-defined]
# what is true of exactly those of whom the other is not
_OPPOSITES = {"!=": "=", "not in": "in", "!~": "~", "is empty": "is set"}
_FLAGS = {
    "vip": contact.c.vip,
    "blocked": contact.c.blocked_at.is_not(None),
    "consent.marketing": contact.c.marketing_granted_at.is_not(None),
}
_NAME = sa.func.coalesce(sa.func.nullif(contact.c.name, ""), contact.c.profile_name)
_TEXTS = {"name": _NAME, "language": contact.c.language, "stage": contact.c.stage}
_IDENTITIES = {"phone": (PHONE, "+"), "username": (USERNAME, "")}


def select_ids(tree: Node, *, org_id: int, now: datetime, tz: str) -> sa.Select[tuple[int]]:
    """The ids of the organisation's contacts that a checked tree means; not those merged away or deleted.

    `tz` is the organisation's: days begin there. Saved segments must have been put in the tree's place.
    """
    return sa.select(contact.c.id).where(*alive(org_id), condition(tree, Asked(org_id, now, tz)))


def count(db: Session, query: sa.Select[tuple[int]]) -> int:
    """How many people a query of `select_ids` means."""
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())


def alive(org_id: int) -> tuple[Condition, ...]:
    """Who can be in an audience at all."""
    return contact.c.org_id == org_id, contact.c.merged_into_id.is_(None), contact.c.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose contacts, and when."""

    org_id: int
    now: datetime
    tz: str


def condition(node: Node, asked: Asked) -> Condition:
    """What must be true of a row of `contact`."""
    match node:
        case And(children):
            return sa.and_(*(condition(child, asked) for child in children))
        case Or(children):
            return sa.or_(*(condition(child, asked) for child in children))
        case Not(child):
            return sa.not_(condition(child, asked))
        case Bare(word):
            return _is_called(word, asked)
        case Sample(percent):
            return _bucket() < percent * 100
        case Count():
            raise SegmentError(f"{node.what} cannot be counted here", node.offset)
        case Predicate():
            if node.op in _OPPOSITES:
                return sa.not_(_predicate(node.field, _OPPOSITES[node.op], node, asked))
            return _predicate(node.field, node.op, node, asked)


def _predicate(name: str, op: str, node: Predicate, asked: Asked) -> Condition:
    if name.startswith("f."):
        return _custom(op, node, asked)
    if name in _FLAGS:
        return flag(op, node.values, _FLAGS[name])
    if name in _TEXTS:
        return sa.and_(_TEXTS[name] != "") if op == "is set" else text(op, node.values, folded(_TEXTS[name]))
    if name in _IDENTITIES:
        return _identity(*_IDENTITIES[name], op, node, asked)
    match name:
        case "tag":
            return _tag(op, node.values, asked)
        case "score":
            return sa.true() if op == "is set" else number(op, node.values, contact.c.score)
        case "created":
            return time(op, node.values, asked, Line(contact.c.created_at))
        case "last_seen":
            return _last_seen(op, node.values, asked)
    if name.startswith("consent."):
        return flag(op, node.values, _consent(name.removeprefix("consent."), asked))
    raise SegmentError(f"{name} cannot be asked of everybody", node.offset)


def _custom(op: str, node: Predicate, asked: Asked) -> Condition:
    name, type_ = node.field.removeprefix("f."), fields.asked(node).type
    match type_:
        case "number":
            value: ColumnElement[Any] = typed_field(name, NUMBER)
            return value.is_not(None) if op == "is set" else _known(value, number(op, node.values, value))
        case "flag":
            value = typed_field(name, FLAG)
            return flag(op, node.values, _known(value, value == "true"))
        case "time":
            value = typed_field(name, TEXT)
            return time(op, node.values, asked, KeptLine(value, asked.tz))
        case "text" | "words":
            value = typed_field(name, TEXT)
            if op == "is set":
                return _known(value, value != "")
            return text(op, node.values, folded(sa.func.coalesce(value, "")))
        case _:
            raise SegmentError(f"the type of {node.field} is not known", node.offset)


def _known(value: ColumnElement[Any], true: Condition) -> Condition:
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


def text(op: str, values: Sequence[Value], own: ColumnElement[str]) -> Condition:
    """Comparisons of folded text, "" where there is none."""
    wanted = []
    for value in values:
        if value.kind == "regex":
            raise SegmentError(
                "a pattern cannot be asked of everybody", value.offset, 'use ~ "part" or ^= "beginning" instead'
            )
        wanted.append(fold(value.text))
    match op:
        case "=" | "in":
            return own.in_(wanted)
        case "~":
            return own.contains(wanted[0], autoescape=True)
        case _:
            return own.startswith(wanted[0], autoescape=True)


class Line:
    """Where a time column stands to a moment."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._column = column

    def known(self) -> Condition:
        return self._column.is_not(None)

    def before(self, at: datetime) -> Condition:
        return _known(self._column, self._column < at)

    def from_(self, at: datetime) -> Condition:
        return _known(self._column, self._column >= at)


class KeptLine(Line):
    """The same of a custom field, which keeps days and moments as texts that sort."""

    def __init__(self, value: ColumnElement[Any], tz: str) -> None:
        super().__init__(value)
        self._tz = tz

    def known(self) -> Condition:
        return _known(self._column, sa.func.length(self._column).in_((check.DAY_LENGTH, check.MOMENT_LENGTH)))

    def before(self, at: datetime) -> Condition:
        return self._either(at, lambda first: self._column < first)

    def from_(self, at: datetime) -> Condition:
        return self._either(at, lambda first: self._column >= first)

    def _either(self, at: datetime, true: Callable[[str], Condition]) -> Condition:
        day, moment = check.first_kept(at, self._tz)
        is_day = sa.and_(sa.func.length(self._column) == check.DAY_LENGTH, true(day))
        is_moment = sa.and_(sa.func.length(self._column) == check.MOMENT_LENGTH, true(moment))
        return _known(self._column, sa.or_(is_day, is_moment))


TICK = timedelta(microseconds=1)  # what lies between a moment and the next: `after` is `from` the next


def time(op: str, values: Sequence[Value], asked: Asked, line: Line) -> Condition:
    """`is set` and comparisons; a day lasts from its midnight to the next."""
    if op == "is set":
        return line.known()
    start, end = _span(values[0], asked)
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
            return sa.and_(line.from_(start), line.before(_span(values[1], asked)[1]))


def _span(value: Value, asked: Asked) -> tuple[datetime, datetime]:
    """From when until before when a time value lasts; a moment lasts a tick."""
    start, end = check.moment(value, asked.now, asked.tz)
    return start, end if end > start else start + TICK


def _in(theirs: sa.Select[tuple[int]]) -> Condition:
    """The contact is one of them."""
    id_: ColumnElement[int] = contact.c.id
    return id_.in_(theirs)


def _is_called(word: str, asked: Asked) -> Condition:
    digits = "".join(character for character in word if character.isdigit())
    if digits and not any(character.isalpha() for character in word):
        own = sa.literal("+") + identity.c.value
        called = (
            own.startswith(word, autoescape=True) if word.startswith("+") else own.contains(digits, autoescape=True)
        )
        return _in(_identities(PHONE, asked).where(called))
    return folded(_NAME).contains(fold(word), autoescape=True)


def _identity(kind: str, prefix: str, op: str, node: Predicate, asked: Asked) -> Condition:
    """Of several phones one is enough; whoever has none has ""."""
    theirs = _identities(kind, asked)
    if op == "is set":
        return _in(theirs)
    own = folded(identity.c.value) if kind == USERNAME else sa.literal(prefix) + identity.c.value
    found = _in(theirs.where(text(op, node.values, own)))
    if any(not fold(value.text) for value in node.values):
        return sa.or_(found, sa.not_(_in(theirs)))
    return found


def _identities(kind: str, asked: Asked) -> sa.Select[tuple[int]]:
    return sa.select(identity.c.contact_id).where(
        identity.c.org_id == asked.org_id, identity.c.kind == kind, identity.c.retired_at.is_(None)
    )


def _tag(op: str, values: Sequence[Value], asked: Asked) -> Condition:
    given = sa.select(contact_tag.c.contact_id)
    if op == "is set":
        return _in(given.where(contact_tag.c.org_id == asked.org_id))
    named = sa.select(tag.c.id).where(
        tag.c.org_id == asked.org_id, folded(tag.c.name).in_([fold(value.text) for value in values])
    )
    return _in(given.where(contact_tag.c.tag_id.in_(named)))


def _consent(purpose: str, asked: Asked) -> Condition:
    """What the newest line of the ledger says."""
    line = consent.c
    mine = sa.select(line.granted).where(line.contact_id == contact.c.id, line.purpose == purpose)
    newest = mine.order_by(line.at.desc(), line.id.desc()).limit(1).correlate(contact).scalar_subquery()
    return sa.func.coalesce(newest, sa.false())


def _last_seen(op: str, values: Sequence[Value], asked: Asked) -> Condition:
    theirs = sa.select(sa.func.max(identity.c.last_seen_at)).where(identity.c.contact_id == contact.c.id)
    return time(op, values, asked, Line(theirs.correlate(contact).scalar_subquery()))


def _bucket() -> ColumnElement[int]:
    """`evaluate`'s, in whole numbers below 2^63."""
    mixed: ColumnElement[int] = (contact.c.id % PRIME * FACTOR) % PRIME
    return (mixed * (mixed % 65_536 + 1)) % PRIME % 10_000
