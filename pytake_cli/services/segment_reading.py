"""Reads segments: with the organisation's own fields, its flows and campaigns, and saved segments by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlmodel import Session, col, select

from pytake_cli import locale
from pytake_cli.errors import InvalidData
from pytake_cli.flow.words import closest
from pytake_cli.locale import _
from pytake_cli.segment import check
from pytake_cli.segment.tree import And, Node, Not, Or, Predicate, SegmentError, Value
from pytake_cli.store import fields as field_rows
from pytake_cli.store import segments
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.flows import Flow

LISTS = {"flow": "pytake flow list", "camp": "pytake campaign list"}


class Reader:
    """Reads segments of an organisation; each saved one is read once. `instead` is a saved one's text to come."""

    def __init__(self, db: Session, org_id: int, instead: dict[str, str] | None = None) -> None:
        self._db, self._org_id = db, org_id
        self._custom = {field.name: field.type for field in field_rows.everyone(db, org_id)}
        self._saved = {row.name: row.query for row in segments.everyone(db, org_id)} | (instead or {})
        self._trees: dict[str, Node] = {}
        self._names: dict[str, list[str]] = {}

    def read(self, text: str) -> Node:
        """The text's tree, with saved segments in the place of their names; raises InvalidData."""
        return self.expanded(self.checked(text), text)

    def checked(self, text: str) -> Node:
        """The same as it is written; raises InvalidData."""
        try:
            return check.read(text, self._custom)
        except SegmentError as error:
            raise refused(text, error) from None

    def expanded(self, node: Node, text: str) -> Node:
        """A checked tree with saved segments in the place of their names."""
        try:
            return self._expanded(node, ())
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
            case Predicate("segment"):
                return self._saved_ones(node, path)
            case Predicate():
                self._check_name(node)
                return node
            case _:
                return node

    def _saved_ones(self, node: Predicate, path: tuple[str, ...]) -> Node:
        if node.op not in ("=", "in", "!=", "not in"):
            raise SegmentError("a segment is asked by its name", node.offset, "segment = NAME")
        found = tuple(self._saved_one(value, path) for value in node.values)
        some = found[0] if len(found) == 1 else Or(found)
        return some if node.op in ("=", "in") else Not(some)

    def _saved_one(self, value: Value, path: tuple[str, ...]) -> Node:
        name = value.text.lower()
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise SegmentError("the segments name each other in a circle: {circle}", value.offset, circle=circle)
        if name not in self._saved:
            raise SegmentError(
                "there is no segment {name}",
                value.offset,
                name=name,
                **_nearest(name, self._saved, "pytake segment list"),
            )
        if name not in self._trees:
            try:
                self._trees[name] = self._expanded(check.read(self._saved[name], self._custom), (*path, name))
            except SegmentError as error:  # its place is in another text: here it is at the name
                told = error.message.startswith(("segment ", "the segments "))
                message = "{inner}" if told else "segment {name}: {inner}"
                raise SegmentError(message, value.offset, "{inner.fix}", name=name, inner=error) from None
        return self._trees[name]

    def _check_name(self, node: Predicate) -> None:
        """A flow or campaign that is not there would mean nobody, and `not` everybody."""
        head, _, rest = node.field.partition(".")
        if head not in LISTS:
            return
        name = rest.rpartition(".")[0]
        if head not in self._names:
            table = Flow if head == "flow" else Campaign
            found = self._db.exec(select(col(table.name)).where(table.org_id == self._org_id))
            self._names[head] = [each.lower() for each in found]
        if name not in self._names[head]:
            raise SegmentError(
                "there is no flow {name}" if head == "flow" else "there is no campaign {name}",
                node.offset,
                name=name,
                **_nearest(name, self._names[head], LISTS[head]),
            )


def _nearest(name: str, known: Sequence[str] | dict[str, str], listed: str) -> dict[str, str]:
    """The fix for a name that nothing has, and what it names."""
    near = closest(name, known)
    return {"fix": "did you mean {near}?", "near": near} if near else {"fix": listed}


def leaves(node: Node) -> Iterator[Node]:
    """The conditions of a tree, as they are written."""
    match node:
        case And(children) | Or(children):
            for child in children:
                yield from leaves(child)
        case Not(child):
            yield from leaves(child)
        case _:
            yield node


def named_in(text: str) -> set[str]:
    """The saved segments that a text names; none if it cannot be read."""
    try:
        found = leaves(check.read(text))
    except SegmentError:
        return set()
    asked = (leaf for leaf in found if isinstance(leaf, Predicate) and leaf.field == "segment")
    return {value.text.lower() for leaf in asked for value in leaf.values}


def refused(text: str, error: SegmentError) -> InvalidData:
    """The error that shows the place: the line, and a caret under it."""
    start = text.rfind("\n", 0, error.offset) + 1
    line = text[start:].partition("\n")[0].replace("\t", " ")
    reason, fix = told(error)
    return InvalidData(
        "PT-SEGMENT-TEXT",
        "{reason}\n  {line}\n  {caret}",
        fix=fix,
        reason=reason,
        line=line,
        caret=" " * (error.offset - start) + "^",
        offset=error.offset,
    )


def told(error: SegmentError) -> tuple[str, str]:
    """What is wrong and what would be right, in the language of this process or request."""
    inner = error.values.get("inner")
    values = {name: locale.told(value) for name, value in error.values.items()}
    if not isinstance(inner, SegmentError):
        return _(error.template).format(**values), _(error.fix_template).format(**values)
    reason, fix = told(inner)
    return _(error.template).format(**{**values, "inner": reason}), fix
