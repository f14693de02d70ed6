"""`signal`: waits until another system says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from pytake_cli.flow.events import Event, Signalled
from pytake_cli.flow.steps.step import Go, Move, Path, Step, Way, needs
from pytake_cli.flow.values import Duration, Slug, Target, VarName
from pytake_cli.flow.walk import Walk


class Signal(Step):
    """Waits for a signal by its name. One that came before the step was reached is not lost."""

    verb: ClassVar[str] = "signal"
    main: ClassVar[str] = "name"
    waits: ClassVar[bool] = True

    name: Slug = Field(description="what it is called")
    save: VarName | None = Field(None, description="the variable for what it brings")
    timeout: Duration | None = Field(None, description="how long it waits")
    on_timeout: Target | None = Field(None, description="where it goes when none came")

    @model_validator(mode="after")
    def _timed(self) -> Signal:
        needs(
            (self.timeout is None) == (self.on_timeout is None), "`timeout` and `on_timeout` go together", "on_timeout"
        )
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("timeout", self.on_timeout, "on_timeout")

    def writes(self) -> Iterator[tuple[Path, str]]:
        if self.save is not None:
            yield ("save",), self.save

    def enter(self, walk: Walk) -> Move:
        signals = walk.session.signals
        if self.name in signals:
            return self._take(walk, signals.pop(self.name))
        return walk.wait("signal", self.timeout, name=self.name)

    def resume(self, walk: Walk, event: Event) -> Move:
        if isinstance(event, Signalled):
            return self._take(walk, event.value)
        walk.record("timeout", "step")
        return Go(self.on_timeout or "end", "timeout")

    def _take(self, walk: Walk, value: object) -> Move:
        if self.save is not None:
            walk.set_var(self.save, value)
        return Go(self.next or "end")
