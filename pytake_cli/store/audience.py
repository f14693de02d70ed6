"""Segments in SQL: a checked tree as a query for the ids of those whom it means, as `segment.evaluate` would say.

Every condition is true or false, never NULL, so that `not` means the others. Values are bound, names are checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlmodel import Session

from pytake_cli.flow.words import fold
from pytake_cli.policy.people import PHONE, USERNAME
from pytake_cli.segment import evaluate, fields
from pytake_cli.segment.evaluate import FACTOR, PRIME
from pytake_cli.segment.tree import And, Bare, Count, Near, Node, Not, Or, Predicate, Sample, SegmentError, Value
from pytake_cli.store import audience_talk
from pytake_cli.store.comparisons import (
    Asked,
    Condition,
    KeptLine,
    Line,
    NewestLine,
    flag,
    has,
    known,
    number,
    or_none,
    text,
    text_of,
    time,
    words,
)
from pytake_cli.store.contacts import Consent, contact, identity
from pytake_cli.store.field_index import Indexed
from pytake_cli.store.folding import folded
from pytake_cli.store.tags import Tagged, contact_tag
from pytake_cli.store.typed_fields import FLAG, NUMBER, TEXT, typed_field

MOST_WALKS = 20  # tags: SQLite puts up to 500 queries together
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
_ACTIVE = identity.c.retired_at.is_(None)
_PHONES, _USERNAMES = (identity.c.kind == PHONE, _ACTIVE), (identity.c.kind == USERNAME, _ACTIVE)


def select_ids(db: Session, tree: Node, *, org_id: int, now: datetime, tz: str) -> sa.Select[int]:
    """The ids of the organisation's contacts that a checked tree means; not those merged away or deleted.

    `tz` is the organisation's: days begin there. Saved segments must have been put in the tree's place.
    """
    asked = Asked(org_id, now, tz, Tagged(db, org_id), Indexed(db, org_id))
    return sa.select(contact.c.id).where(*alive(org_id), condition(tree, asked))


def count(db: Session, tree: Node, *, org_id: int, now: datetime, tz: str) -> int:
    """How many of the organisation's contacts a checked tree means."""
    asked = Asked(org_id, now, tz, Tagged(db, org_id), Indexed(db, org_id))
    parts = tree.children if isinstance(tree, And) else (tree,)
    # SQLite merges two walks in order of ids in half the time that asking each contact for the tag takes.
    most = MOST_WALKS if db.get_bind().dialect.name == "sqlite" else 0
    walks: list[int] = []
    rest: list[Condition] = []
    for part in sorted(parts, key=_weight):
        kept_out = _tags_kept_out(part, asked)
        if kept_out and len(walks) + len(kept_out) <= most:
            walks += kept_out
        else:
            rest.append(condition(part, asked))
    meant: sa.Select[int] = sa.select(contact.c.id).where(*alive(org_id), *rest)
    without = [sa.select(contact_tag.c.contact_id).where(contact_tag.c.tag_id == id_) for id_ in walks]
    found = (sa.except_(meant, *without) if without else meant).subquery()
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


def _tags_kept_out(node: Node, asked: Asked) -> list[int]:
    """The tags that a condition says nobody may have, if that is what it says."""
    match node:
        case Not(Predicate("tag", "=" | "in", values)) | Predicate("tag", "!=" | "not in", values):
            return asked.tagged.ids(words(values))
        case _:
            return []


def alive(org_id: int) -> tuple[Condition, ...]:
    """Who can be in an audience at all."""
    return contact.c.org_id == org_id, contact.c.merged_into_id.is_(None), contact.c.deleted_at.is_(None)


def condition(node: Node, asked: Asked) -> Condition:
    """What must be true of a row of `contact`."""
    match node:
        case And(children):
            return sa.and_(*(condition(child, asked) for child in sorted(children, key=_weight)))
        case Or(children):
            return sa.or_(*(condition(child, asked) for child in children))
        case Not(child):
            return sa.not_(condition(child, asked))
        case Bare(word):
            return _is_called(word, asked)
        case Sample(percent):
            return _bucket() < percent * 100
        case Near():
            return audience_talk.near(node)
        case Count():
            return audience_talk.counted(node, asked)
        case Predicate():
            if node.op in _OPPOSITES:
                return sa.not_(_predicate(node.field, _OPPOSITES[node.op], node, asked))
            return _predicate(node.field, node.op, node, asked)


def _weight(node: Node) -> int:
    """What asking it of one contact costs: SQLite asks in this order, and of the next only those who are left."""
    match node:
        case Not(child):
            return _weight(child)
        case Predicate():
            return 0 if node.field in (*_FLAGS, "score", "created") else 2 if node.field in _TEXTS else 3
        case Sample():
            return 1
        case _:
            return 3


def _predicate(name: str, op: str, node: Predicate, asked: Asked) -> Condition:
    if name.startswith("f."):
        return _custom(op, node, asked)
    if name in _FLAGS:
        return flag(op, node.values, _FLAGS[name])
    if name in _TEXTS:
        return _TEXTS[name] != "" if op == "is set" else text(op, node.values, _TEXTS[name])
    match name:
        case "tag":
            return _tag(op, node.values, asked)
        case "phone":
            return _phone(op, node.values, asked)
        case "username":
            return text_of(op, node.values, identity, _USERNAMES, identity.c.value)
        case "score":
            return sa.true() if op == "is set" else number(op, node.values, contact.c.score)
        case "created":
            return time(op, node.values, asked, Line(contact.c.created_at))
        case "last_seen":
            return time(op, node.values, asked, NewestLine(identity, identity.c.last_seen_at))
    if name.startswith("consent."):
        return flag(op, node.values, _consent(name.removeprefix("consent.")))
    return audience_talk.condition(op, node, asked)


def _custom(op: str, node: Predicate, asked: Asked) -> Condition:
    """By the field's index, where there is one and it helps; else contact by contact."""
    indexed, name = asked.indexed, node.field.removeprefix("f.")
    if name not in indexed.names:
        return _held(op, node, asked)
    type_ = fields.asked(node).type
    if type_ not in ("text", "words"):
        dated = type_ == "time"  # whose comparisons alone show SQLite no way into the index
        held = _held(op, node, asked)
        found = indexed.holders(sa.and_(typed_field(name, TEXT) > "", held) if dated else held)
    elif (values := indexed.values(name)) is None:
        found = None
    else:
        is_opposite = node.op != op
        meant = [value for value in ("", *values) if evaluate.is_said(node, value) != is_opposite]
        found = None if "" in meant else indexed.holders(typed_field(name, TEXT).in_(meant))
    return _held(op, node, asked) if found is None else found


def _held(op: str, node: Predicate, asked: Asked) -> Condition:
    name, type_ = node.field.removeprefix("f."), fields.asked(node).type
    match type_:
        case "number":
            value: ColumnElement[Any] = typed_field(name, NUMBER)
            return value.is_not(None) if op == "is set" else known(value, number(op, node.values, value))
        case "flag":
            value = typed_field(name, FLAG)
            return flag(op, node.values, known(value, value == "true"))
        case "time":
            value = typed_field(name, TEXT)
            return time(op, node.values, asked, KeptLine(value, asked.tz))
        case "text" | "words":
            value = typed_field(name, TEXT)
            if op == "is set":
                return known(value, value != "")
            return text(op, node.values, sa.func.coalesce(value, ""))
        case _:
            raise SegmentError(f"the type of {node.field} is not known", node.offset)


def _is_called(word: str, asked: Asked) -> Condition:
    digits = "".join(character for character in word if character.isdigit())
    if digits and not any(character.isalpha() for character in word):
        begins = word.startswith("+")
        return _phone("^=" if begins else "~", (Value(word if begins else digits),), asked)
    return folded(_NAME).contains(fold(word), autoescape=True)


def _phone(op: str, values: Sequence[Value], asked: Asked) -> Condition:
    """Phones are kept as digits, and people write them with a + before."""
    if op == "is set":
        return has(identity, *_PHONES)
    if op in ("=", "in"):
        digits = [word[1:] for word in words(values) if word.startswith("+")]
        theirs = sa.select(identity.c.contact_id).where(identity.c.org_id == asked.org_id, *_PHONES)
        found: Condition = contact.c.id.in_(theirs.where(identity.c.value.in_(digits)))
    else:
        found = has(identity, *_PHONES, text(op, values, sa.literal("+") + identity.c.value, plain=True))
    return or_none(values, found, has(identity, *_PHONES))


def _tag(op: str, values: Sequence[Value], asked: Asked) -> Condition:
    if op == "is set":
        return has(contact_tag)
    ids = asked.tagged.ids(words(values))
    few = asked.tagged.few(ids)
    return contact.c.id.in_(few) if few is not None else has(contact_tag, contact_tag.c.tag_id.in_(ids))


def _consent(purpose: str) -> Condition:
    """What the newest line of the ledger says."""
    line = consent.c
    mine: sa.Select[bool] = sa.select(line.granted).where(line.contact_id == contact.c.id, line.purpose == purpose)
    newest = mine.order_by(line.at.desc(), line.id.desc()).limit(1).correlate(contact).scalar_subquery()
    return sa.func.coalesce(newest, sa.false())


def _bucket() -> ColumnElement[int]:
    """`evaluate`'s."""
    return scattered(contact.c.id) % 10_000


def scattered(id_: ColumnElement[int]) -> ColumnElement[int]:
    """A number below PRIME that says nothing of the id's place, made with products below 2^63 on both databases."""
    mixed: ColumnElement[int] = (id_ % PRIME * FACTOR) % PRIME
    return (mixed * (mixed % 65_536 + 1)) % PRIME
