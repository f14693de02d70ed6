"""Segments: texts that say who is meant, read with the organisation's own fields and its saved segments."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.segment import check
from pytake_cli.segment.tree import And, Node, Not, Or, Predicate, SegmentError, Value
from pytake_cli.store import audience, segments
from pytake_cli.store import fields as field_rows
from pytake_cli.store.organisations import Organisation


def ids(db: Session, org_id: int, text: str, now: datetime) -> sa.Select[tuple[int]]:
    """The query for the ids of the contacts that a segment's text means; more can be asked of `contact` in it."""
    tree = read(db, org_id, text)
    tz = db.get_one(Organisation, org_id).tz
    try:
        return audience.select_ids(tree, org_id=org_id, now=now, tz=tz)
    except SegmentError as error:
        raise refused(text, error) from None


def read(db: Session, org_id: int, text: str) -> Node:
    """The text's tree, checked against the organisation's fields, with saved segments in the place of their names."""
    return Reader(db, org_id).read(text)


class Reader:
    """Reads segments of an organisation; each saved one is read once."""

    def __init__(self, db: Session, org_id: int) -> None:
        self._custom = {field.name: field.type for field in field_rows.everyone(db, org_id)}
        self._saved = {row.name: row.query for row in segments.everyone(db, org_id)}
        self._trees: dict[str, Node] = {}

    def read(self, text: str) -> Node:
        try:
            return self._expanded(check.read(text, self._custom), ())
        except SegmentError as error:
            raise refused(text, error) from None

    def _expanded(self, node: Node, path: tuple[str, ...]) -> Node:
        match node:
            case And(children):
                return And(tuple(self._expanded(child, path) for child in children))
            case Or(children):
                return Or(tuple(self._expanded(child, path) for child in children))
            case Not(child):
                return Not(self._expanded(child, path))
            case Predicate("segment", op, values):
                return self._named(node, op, values, path)
            case _:
                return node

    def _named(self, node: Predicate, op: str, values: tuple[Value, ...], path: tuple[str, ...]) -> Node:
        if op not in ("=", "in", "!=", "not in"):
            raise SegmentError("a segment is asked by its name", node.offset, "segment = NAME")
        found = tuple(self._saved_tree(value, path) for value in values)
        some = found[0] if len(found) == 1 else Or(found)
        return some if op in ("=", "in") else Not(some)

    def _saved_tree(self, value: Value, path: tuple[str, ...]) -> Node:
        name = value.text.lower()
        if name in path:
            round_ = " -> ".join((*path[path.index(name) :], name))
            raise SegmentError(f"the segments name each other in a circle: {round_}", value.offset)
        if name not in self._saved:
            raise SegmentError(f"there is no segment {name}", value.offset, "pytake segment list")
        if name not in self._trees:
            self._trees[name] = self._expanded(check.read(self._saved[name], self._custom), (*path, name))
        return self._trees[name]


def refused(text: str, error: SegmentError) -> InvalidData:
    """The error that shows the place: the line, and a caret under it."""
    start = text.rfind("\n", 0, error.offset) + 1
    line = text[start:].partition("\n")[0].replace("\t", " ")
    return InvalidData(
        "PT-SEGMENT-TEXT",
        "{reason}\n  {line}\n  {caret}",
        fix=error.fix,
        reason=error.message,
        line=line,
        caret=" " * (error.offset - start) + "^",
        offset=error.offset,
    )
