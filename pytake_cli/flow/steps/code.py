"""`code`: calls a Python function of the project, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, model_validator

from pytake_cli.flow.effects import RunCode
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.steps.calling import Calling
from pytake_cli.flow.steps.step import Held, Move, Path, needs
from pytake_cli.flow.values import Assigned, VarName
from pytake_cli.flow.walk import Walk


class Code(Calling):
    """Calls `module:name` with keyword arguments and saves what it returns; off unless `flows.allow_code`."""

    verb: ClassVar[str] = "code"
    main: ClassVar[str] = "function"
    usual_seconds: ClassVar[float] = 5.0

    function: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = Field(
        description="`module:name` of the project"
    )
    with_: dict[VarName, Assigned] = Field({}, alias="with", description="its arguments, each an expression")
    save: VarName | None = Field(None, description="the variable for what it returns")

    @model_validator(mode="after")
    def _short(self) -> Code:
        needs(self.timeout is None or self.seconds <= 60, "at most 60s", "timeout")
        return self

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name, held in self.with_.items():
            yield ("with", name), held

    def writes(self) -> Iterator[tuple[Path, str]]:
        if self.save is not None:
            yield ("save",), self.save

    def enter(self, walk: Walk) -> Move:
        arguments = {name: plain(walk.value(held)) for name, held in self.with_.items()}
        walk.do(RunCode(walk.call(), self.function, arguments, self.seconds))
        return self.awaited(walk)

    def answered(self, walk: Walk, value: Any) -> Move:
        if self.save is not None:
            walk.set_var(self.save, value)
        return self.onward()
