"""`event`: a mark for analytics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step
from pytake_cli.flow.values import Assigned, VarName
from pytake_cli.flow.walk import Walk


class EventStep(Step):
    """Records that something has happened, with a value and properties."""

    verb: ClassVar[str] = "event"
    main: ClassVar[str] = "name"

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,60}$")] = Field(description="what it is called")
    value: Assigned | None = Field(None, description="how much, an expression")
    props: dict[VarName, Assigned] = Field({}, description="what else there is to say, each an expression")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        if self.value is not None:
            yield ("value",), self.value
        for name, held in self.props.items():
            yield ("props", name), held

    def enter(self, walk: Walk) -> Move:
        props = {name: walk.value(held) for name, held in self.props.items()}
        walk.record("event", self.name, {"value": walk.value(self.value), "props": props})
        return Go(self.next or "end")
