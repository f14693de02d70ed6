"""`goto_flow`: leaves for another flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pytake_cli.flow.effects import End
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.limits import MAX_HOPS
from pytake_cli.flow.steps.step import Held, Move, Over, Path, Step
from pytake_cli.flow.values import Assigned, Slug, VarName
from pytake_cli.flow.walk import StepFailed, Walk


class GotoFlow(Step):
    """Ends the session as `replaced`; the other flow begins at once, with the same conversation."""

    verb: ClassVar[str] = "goto_flow"
    main: ClassVar[str] = "flow"
    may_fail: ClassVar[bool] = True

    flow: Slug = Field(description="its name")
    with_: dict[VarName, Assigned] = Field(
        {}, alias="with", description="its variables, each an expression of this flow"
    )

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name, held in self.with_.items():
            yield ("with", name), held

    def enter(self, walk: Walk) -> Move:
        if walk.context.library.published(self.flow) is None:
            raise StepFailed("flow", f"no flow {self.flow} is published")
        hops = walk.session.hops + 1
        if hops > MAX_HOPS:
            raise StepFailed("hops", f"more than {MAX_HOPS} flows without a word of the customer")
        given = {name: plain(walk.value(held)) for name, held in self.with_.items()}
        return Over(End("replaced", next_flow=self.flow, vars=given, hops=hops), whole=True)
