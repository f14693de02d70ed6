"""The parts of a parsed expression; `height` is how many of them nest, `offset` where the part stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

Node: TypeAlias = (
    "Literal | Name | Member | Index | Slice | ListOf | MapOf | Unary | Binary | Joined | Logic | Condition"
    " | Apply | Ask | Call"
)


@dataclass(frozen=True, slots=True)
class Literal:
    value: bool | int | Decimal | str | None
    offset: int
    height: int = 1


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    offset: int
    height: int = 1


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`, or `of["name"]`, which means the same."""

    of: Node
    name: str
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Index:
    of: Node
    index: Node
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Slice:
    of: Node
    bounds: tuple[Node | None, Node | None, Node | None]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Node, ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class MapOf:
    items: tuple[tuple[Node, Node], ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x`, `not x`."""

    sign: str
    of: Node
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparisons, `in` and `not in`."""

    sign: str
    left: Node
    right: Node
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Joined:
    """`a ~ b ~ c`."""

    parts: tuple[Node, ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Logic:
    """`a and b and c`, or the same with `or`."""

    word: str
    parts: tuple[Node, ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Condition:
    """`then if condition else otherwise`."""

    condition: Node
    then: Node
    otherwise: Node
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Apply:
    """`of | filter(arguments, keyword=…)`; what the filter does not get has no argument."""

    name: str
    of: Node
    arguments: tuple[Node, ...]
    keywords: tuple[tuple[str, Node], ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Ask:
    """`of is test(arguments)`; `negated` for `is not`."""

    name: str
    negated: bool
    of: Node
    arguments: tuple[Node, ...]
    offset: int
    height: int


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments, keyword=…)`."""

    name: str
    arguments: tuple[Node, ...]
    keywords: tuple[tuple[str, Node], ...]
    offset: int
    height: int
