"""`call`: walks another flow as a part of this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pytake_cli.flow.limits import MAX_FRAMES
from pytake_cli.flow.session import Frame
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step
from pytake_cli.flow.values import Assigned, Slug, VarName
from pytake_cli.flow.walk import StepFailed, Walk


class Call(Step):
    """Enters a sub-flow with variables of its own. When it ends, this flow goes on at `next`."""

    verb: ClassVar[str] = "call"
    main: ClassVar[str] = "flow"
    may_fail: ClassVar[bool] = True

    flow: Slug = Field(description="its name; the version that was published when this flow was")
    with_: dict[VarName, Assigned] = Field(
        {}, alias="with", description="its variables, each an expression of this flow"
    )
    returns: dict[VarName, VarName] = Field(
        {}, description="this flow's variables, and those of the sub-flow they take"
    )

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name, held in self.with_.items():
            yield ("with", name), held

    def writes(self) -> Iterator[tuple[Path, str]]:
        for name in self.returns:
            yield ("returns", name), name

    def enter(self, walk: Walk) -> Move:
        flow = walk.context.library.published(self.flow)
        if flow is None:
            raise StepFailed("flow", f"no flow {self.flow} is published")
        frames = walk.session.frames
        if len(frames) >= MAX_FRAMES:
            raise StepFailed("depth", f"more than {MAX_FRAMES} flows inside one another")
        given = {name: walk.value(held) for name, held in self.with_.items()}
        frames.append(Frame(flow.pinned, walk.step, {}, dict(self.returns)))
        walk.stand()
        try:
            walk.open_vars(given)
        except StepFailed:
            frames.pop()
            walk.stand()
            raise
        return Go(flow.start, "start")
