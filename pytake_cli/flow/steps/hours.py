"""`hours`: branches by business hours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pytake_cli.flow.steps.step import Go, Move, Step, Way
from pytake_cli.flow.values import Target
from pytake_cli.flow.walk import StepFailed, Walk
from pytake_cli.policy.hours import is_holiday, is_open


class HoursStep(Step):
    """Goes to `open` or to `closed`; on a holiday to `holiday`, if there is one."""

    verb: ClassVar[str] = "hours"
    main: ClassVar[str] = "schedule"
    may_fail: ClassVar[bool] = False

    schedule: str = Field(description="business hours by their name in the settings", min_length=1)
    open: Target = Field(description="where it goes when they are open")
    closed: Target = Field(description="where it goes when they are not")
    holiday: Target | None = Field(None, description="where it goes on a holiday; else to `closed`")

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield Way("open", self.open, path=("open",))
        yield Way("closed", self.closed, path=("closed",))
        yield from self.leads("holiday", self.holiday, "holiday")

    def enter(self, walk: Walk) -> Move:
        schedule = walk.context.schedules.get(self.schedule)
        if schedule is None:
            raise StepFailed("schedule", f"there are no business hours called {self.schedule}")
        if is_open(schedule, walk.now):
            return Go(self.open, "open")
        if self.holiday is not None and is_holiday(schedule, walk.now):
            return Go(self.holiday, "holiday")
        return Go(self.closed, "closed")
