"""`switch`: goes where the first true case says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step, Way
from pytake_cli.flow.values import Condition, Target
from pytake_cli.flow.walk import Walk


class Case(BaseModel):
    """One case: a condition, and where it leads."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    when: Condition = Field(description="an expression")
    goto: Target = Field(description="where it leads when the expression is true")


class Switch(Step):
    """Goes where the first true case leads, else to `else`."""

    verb: ClassVar[str] = "switch"
    main: ClassVar[str] = "switch"

    switch: tuple[Case, ...] = Field(description="cases in order: [{when: …, goto: …}]", min_length=1)
    else_: Target = Field(alias="else", description="where it goes when no case is true")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        for number, case in enumerate(self.switch):
            yield Way("case", case.goto, str(number + 1), ("switch", number, "goto"))
        yield Way("else", self.else_, path=("else",))

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for number, case in enumerate(self.switch):
            yield ("switch", number, "when"), case.when

    def enter(self, walk: Walk) -> Move:
        for number, case in enumerate(self.switch, 1):
            if walk.evaluate(case.when):
                return Go(case.goto, f"case:{number}")
        return Go(self.else_, "else")
