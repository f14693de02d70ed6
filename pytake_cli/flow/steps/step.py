"""What all steps have in common: the fields, the ways out, and how the engine enters and resumes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from pytake_cli.flow.events import Event
from pytake_cli.flow.expressions import Expression
from pytake_cli.flow.session import Wait
from pytake_cli.flow.values import Condition, Target, Text

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
    ]
    target: str
    label: str = ""
    path: tuple[str | int, ...] = ()  # where the target stands in the step: ("choices", "humano", "goto")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that goes to the customer, with the limit that Meta sets for its place."""

    path: tuple[str | int, ...]
    text: Text
    limit: str  # a key of flow.limits.LIMITS: "body", "button", "row_title", …


@dataclass(frozen=True, slots=True)
class Go:
    """Leaves by a way; an empty target is `end`."""

    target: str
    way: str = "next"


@dataclass(frozen=True, slots=True)
class Fail:
    """Goes to the step's `on_error`, else the flow's; the reason is recorded."""

    reason: str
    detail: str = ""


Move = Go | Wait | Fail


class Step(BaseModel):
    """One step of a flow file. Subclasses add the verb and its fields; `verb` is the key that says what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)

    verb: ClassVar[str]
    may_fail: ClassVar[bool] = False  # then it, or the flow, needs an `on_error`
    waits: ClassVar[bool] = False

    if_: Condition | None = Field(None, alias="if", description="the step is skipped unless this is true")
    next: Target | None = Field(None, description="the step after this one, or `end`")
    on_error: Target | None = Field(None, description="where it goes when it fails")
    note: str = Field("", description="a comment, shown in the graph")
    tags: tuple[str, ...] = ()

    def ways(self) -> Iterator[Way]:
        """Every way out, `next` and `on_error` among them."""
        if self.next is not None:
            yield Way("next", self.next, path=("next",))
        if self.on_error is not None:
            yield Way("error", self.on_error, path=("on_error",))

    def spoken(self) -> Iterator[Spoken]:
        """Every text that a customer may see."""
        return iter(())

    def expressions(self) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
        """Every expression that is not inside a text."""
        if self.if_ is not None:
            yield ("if",), self.if_

    def writes(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every variable that the step assigns, with the place that says so."""
        return iter(())

    def enter(self, walk: Walk) -> Move:
        """Does what the step does; asks the walk to speak and to record; says where to go or what to wait for."""
        raise NotImplementedError

    def resume(self, walk: Walk, event: Event) -> Move:
        """Goes on after the event that it waited for. Returns a Wait again when the event did not settle it."""
        raise NotImplementedError
