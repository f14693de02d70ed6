"""What all steps have in common: the fields, the ways out, and how the engine enters and resumes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from pytake_cli.flow.effects import End
from pytake_cli.flow.events import Event
from pytake_cli.flow.expressions import Expression, Template
from pytake_cli.flow.session import Wait
from pytake_cli.flow.values import LANGUAGE, Condition, OneOrMore, Target, Text

if TYPE_CHECKING:
    from pytake_cli.flow.walk import Walk


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a step. `kind` is shown in graphs and coverage, `label` tells choices and cases apart."""

    kind: Literal[
        "next",
        "skip",
        "choice",
        "case",
        "else",
        "timeout",
        "invalid",
        "error",
        "window_closed",
        "weight",
        "open",
        "closed",
        "holiday",
        "reply",
        "low",
        "returned",
        "cancel",
        "resumed",
    ]
    target: str
    label: str = ""
    path: tuple[str | int, ...] = ()  # where the target stands in the step: ("choices", "humano", "goto")

    @property
    def name(self) -> str:
        """As `Go` and records have it: `next`, `choice:humano`."""
        return f"{self.kind}:{self.label}" if self.label else self.kind


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that goes to the customer, with the limit that Meta sets for its place."""

    path: tuple[str | int, ...]
    text: Text
    limit: str  # a key of flow.limits.LIMITS: "body", "button", "row_title", …


@dataclass(frozen=True, slots=True)
class Go:
    """Leaves by a way, `Way.name`; an empty target is `end`. The way "start" begins a flow, and is no way out."""

    target: str
    way: str = "next"


@dataclass(frozen=True, slots=True)
class Fail:
    """Goes to the step's `on_error`, else the flow's; the reason is recorded."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """The flow ends here; a sub-flow goes back to its caller, unless the `whole` session is over."""

    end: End
    whole: bool = False


Move = Go | Wait | Fail | Over
Path = tuple[str | int, ...]
Held = Expression | Template  # an expression, or a text that is not for the customer


def is_value(value: dict[Any, Any], fields: frozenset[str]) -> bool:
    """True for a map that is the main field's value: a text by language, not a map of fields."""
    return not fields.intersection(value) and all(isinstance(key, str) and LANGUAGE.fullmatch(key) for key in value)


def needs(condition: bool, problem: str, field: str = "") -> None:
    """Raises the error of fields that do not go together."""
    if not condition:
        raise PydanticCustomError("flow_needs", "{problem}", {"problem": problem, "field": field})


class Step(BaseModel):
    """One step of a flow file. Subclasses add the verb and its fields; `verb` is the key that says what it does.

    The verb's own value is the field `main`, or a map of fields: `wait: 2h` is `wait: {for: 2h}`, and what is written
    inside the map may as well stand beside it: `handoff: {team: vendas, text: …}` is `handoff: vendas` with `text: …`.
    A verb whose `main` is itself (ask, switch, set, split) has no such map.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)

    verb: ClassVar[str]
    main: ClassVar[str] = ""  # as written in files; "" when the verb takes a map only
    may_fail: ClassVar[bool] = False  # then it, or the flow, needs an `on_error`
    waits: ClassVar[bool] = False

    if_: Condition | None = Field(None, alias="if", description="the step is skipped unless this is true")
    next: Target | None = Field(None, description="the step after this one, or `end`")
    on_error: Target | None = Field(None, description="where it goes when it fails")
    note: str = Field("", description="a comment, shown in the graph")
    tags: OneOrMore[str] = Field((), description="words to find steps by, in graphs and statistics")

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, given: Any) -> Any:
        """Fields that were written inside the verb's map, beside it."""
        if not isinstance(given, dict) or cls.verb not in given:
            return given
        if cls.main == cls.verb:
            return given
        value = given[cls.verb]
        rest = {key: item for key, item in given.items() if key != cls.verb}
        if value is None or (value is True and not cls.main):
            return rest
        if not isinstance(value, dict) or (cls.main and is_value(value, cls.written())):
            if not cls.main:
                raise PydanticCustomError("flow_map", "{verb} takes a map of fields", {"verb": cls.verb})
            value = {cls.main: value}
        if twice := [key for key in value if key in rest]:
            raise PydanticCustomError("flow_twice", "{key} is given twice", {"key": str(twice[0])})
        return {**rest, **value}

    @classmethod
    def written(cls) -> frozenset[str]:
        """The fields as files write them: `if`, `for`, `with`, not `if_`."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())

    def ways(self) -> Iterator[Way]:
        """Every way out, `next` and `on_error` among them."""
        if self.next is not None:
            yield Way("next", self.next, path=("next",))
        if self.on_error is not None:
            yield Way("error", self.on_error, path=("on_error",))

    def leads(self, kind: Any, target: str | None, *path: str | int, label: str = "") -> Iterator[Way]:
        """The way out, if there is a target."""
        if target is not None:
            yield Way(kind, target, label, path)

    def spoken(self) -> Iterator[Spoken]:
        """Every text that a customer may see."""
        return iter(())

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        """Every expression and every text that is not for the customer."""
        if self.if_ is not None:
            yield ("if",), self.if_

    def writes(self) -> Iterator[tuple[Path, str]]:
        """Every variable that the step assigns, with the place that says so."""
        return iter(())

    def enter(self, walk: Walk) -> Move:
        """Does what the step does; asks the walk to speak and to record; says where to go or what to wait for."""
        raise NotImplementedError

    def resume(self, walk: Walk, event: Event) -> Move:
        """Goes on after the event that it waited for. Returns a Wait again when the event did not settle it."""
        raise NotImplementedError(f"{self.verb} waits for nothing")
