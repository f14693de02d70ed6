"""The fields that segments speak of: their types, where a person has them, and which comparisons each type allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pytake_cli.flow.words import closest
from pytake_cli.segment.tree import Op, Person, Predicate, SegmentError

Type = Literal["text", "words", "number", "time", "flag", "set", "any"]
"""words: compared whole and folded, such as a stage; set: several at once, such as tags; any: an undeclared field."""
# what an organisation calls its fields' types -> how a segment compares them
CUSTOM: dict[str, Type] = {"text": "text", "number": "number", "date": "time", "bool": "flag", "choice": "words"}

FIELDS: dict[str, tuple[Type, tuple[str, ...]]] = {
    "name": ("text", ("name",)),
    "phone": ("text", ("phone",)),
    "username": ("text", ("username",)),
    "language": ("words", ("language",)),
    "number": ("set", ("numbers",)),
    "tag": ("set", ("tags",)),
    "segment": ("set", ("segments",)),
    "stage": ("words", ("stage",)),
    "score": ("number", ("score",)),
    "vip": ("flag", ("vip",)),
    "blocked": ("flag", ("blocked",)),
    "created": ("time", ("created",)),
    "last_seen": ("time", ("last_seen",)),
    "conv.status": ("words", ("conversation", "status")),
    "conv.assignee": ("words", ("conversation", "assignee")),
    "conv.queue": ("words", ("conversation", "queue")),
    "conv.waiting": ("time", ("conversation", "waiting")),
    "conv.last_in": ("time", ("conversation", "last_in")),
    "conv.last_out": ("time", ("conversation", "last_out")),
    "conv.window": ("time", ("conversation", "window")),
    "conv.csat": ("number", ("conversation", "csat")),
    "msg.in": ("number", ("messages", "in")),
    "msg.out": ("number", ("messages", "out")),
    "msg.failed": ("number", ("messages", "failed")),
}
FLOW_PARTS: dict[str, Type] = {"outcome": "words", "node": "words", "at": "time"}
CAMPAIGN_PARTS: dict[str, Type] = dict.fromkeys(("sent", "read", "replied", "failed", "clicked"), "flag")
PURPOSES = ("marketing", "utility", "all")  # of consent
DAY_LENGTH, MOMENT_LENGTH = len("2026-11-01"), len("2026-11-01T12:00:00+00:00")  # how custom fields keep dates
COUNTED = ("msg.in", "msg.out", "msg.failed")

STATED: tuple[Op, ...] = ("is set", "is empty")
EQUAL: tuple[Op, ...] = ("=", "!=", "in", "not in")
ORDERED: tuple[Op, ...] = (">", ">=", "<", "<=", "between")
OPERATORS: dict[Type, tuple[Op, ...]] = {
    "text": (*EQUAL, "~", "!~", "^=", *STATED),
    "words": (*EQUAL, "~", "!~", "^=", *STATED),
    "set": (*EQUAL, *STATED),
    "number": ("=", "!=", "in", "not in", *ORDERED, *STATED),
    "time": ("=", "!=", *ORDERED, *STATED),
    "flag": ("=", "!=", *STATED),
    "any": (*EQUAL, "~", "!~", "^=", *ORDERED, *STATED),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a segment may name."""

    name: str
    type: Type
    path: tuple[str, ...]

    def of(self, person: Person) -> Any:
        """What the person has there; None when nothing, and when a custom field holds what is not of its type."""
        value: Any = person
        for part in self.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if self.path[0] == "fields" and not _is_of(value, self.type):
            return None
        return None if value in ("", [], ()) else value


def _is_of(value: Any, type_: Type) -> bool:
    match type_:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "time":
            return isinstance(value, str) and len(value) in (DAY_LENGTH, MOMENT_LENGTH)
        case "text" | "words":
            return isinstance(value, str)
        case _:
            return True


def asked(node: Predicate) -> Field:
    """The field that a checked predicate speaks of."""
    field = find(node.field, node.offset)
    return replace(field, type=CUSTOM[node.type]) if node.type else field


def find(name: str, offset: int = 0, custom: Iterable[str] = ()) -> Field:
    """The field of that name, or `SegmentError` with the nearest one; `custom` are the organisation's own."""
    if name in FIELDS:
        return Field(name, *FIELDS[name])
    head, _, rest = name.partition(".")
    if rest and head == "f":
        return Field(name, "any", ("fields", rest))
    if rest in PURPOSES and head == "consent":
        return Field(name, "flag", ("consent", rest))
    owner, _, part = rest.rpartition(".")
    if owner and head == "flow" and part in FLOW_PARTS:
        return Field(name, FLOW_PARTS[part], ("flows", owner, part))
    if owner and head == "camp" and part in CAMPAIGN_PARTS:
        return Field(name, CAMPAIGN_PARTS[part], ("campaigns", owner, part))
    known = {**dict.fromkeys(FIELDS), **{f"consent.{purpose}": None for purpose in PURPOSES}}
    known |= {own: f"f.{own}" for own in custom}
    near = closest(name, known)
    near = known.get(near or "") or near
    raise SegmentError(
        "there is no field {field}",
        offset,
        "did you mean {near}?" if near else "custom fields are written f.<name>",
        field=name,
        near=near,
    )


def exists(name: str) -> bool:
    """Whether there is such a field."""
    try:
        find(name)
    except SegmentError:
        return False
    return True
