"""A segment as a tree, and the error that a text which is none gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Op = Literal["=", "!=", "~", "!~", "^=", ">", ">=", "<", "<=", "in", "not in", "between", "is set", "is empty"]


class SegmentError(Exception):
    """The text is no segment, or asks what cannot be; `offset` counts characters from its start."""

    def __init__(self, template: str, offset: int, fix: str = "", **values: object) -> None:
        self.message = template.format(**values)
        super().__init__(self.message)
        self.template, self.fix_template, self.values = template, fix, values  # for who translates it
        self.offset = offset
        self.fix = fix.format(**values)


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is compared with, as written; `quoted` values are always text, `regex` ones patterns."""

    text: str
    kind: Literal["word", "quoted", "regex"] = "word"
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Predicate:
    """`stage in (lead, mql)` is Predicate("stage", "in", (lead, mql))."""

    field: str
    op: Op
    values: tuple[Value, ...] = ()
    offset: int = 0
    type: str = ""  # of a custom field, as the organisation declared it; empty: whatever a contact has there


@dataclass(frozen=True, slots=True)
class Bare:
    """A word alone: part of a name, or the end of a phone number."""

    word: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """`sample(10%)`: the same tenth of the people every time."""

    percent: float
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Near:
    """`near(-23.55, -46.63, 5km)`: the place that somebody sent last is not farther from there."""

    latitude: float
    longitude: float
    metres: float
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """`count(msg.in, since=-7d) > 3`."""

    what: str
    since: Value | None
    op: Op
    value: Value
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    child: Node


@dataclass(frozen=True, slots=True)
class And:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    children: tuple[Node, ...]


Node = Predicate | Bare | Sample | Near | Count | Not | And | Or
Person = Mapping[str, Any]
