"""What steps that call the outside share: the answer's time, its saving, and what its failures are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from pytake_cli.flow.events import EffectDone, EffectFailed, Event
from pytake_cli.flow.session import Wait
from pytake_cli.flow.steps.step import Fail, Go, Move, Step
from pytake_cli.flow.values import Duration
from pytake_cli.flow.walk import Walk

# `order.items[0].id`: keys and numbers of the answer's JSON; "." is all of it
JsonPath = Annotated[str, StringConstraints(pattern=r"^(\.|\$?[\w-]+(\.[\w-]+|\[\d{1,4}\])*)$")]
GRACE = timedelta(minutes=5)  # beyond its own time, in which a call that nobody answers is given up
_PART = re.compile(r"[^.\[\]]+")


def dig(value: Any, path: str) -> Any:
    """What stands at a path: `dig({"a": [{"b": 1}]}, "a[0].b")` is 1; None where there is nothing."""
    for part in _PART.findall(path):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


class Calling(Step):
    """A step that waits for an answer from outside. Late answers change nothing: the token tells."""

    waits: ClassVar[bool] = True
    may_fail: ClassVar[bool] = True

    timeout: Duration | None = Field(None, description="how long one call may take")

    @property
    def seconds(self) -> float:
        """The longest that one call takes."""
        return self.timeout.total_seconds() if self.timeout is not None else self.usual_seconds

    usual_seconds: ClassVar[float] = 10.0

    def awaited(self, walk: Walk, calls: int = 1) -> Wait:
        """Waits for the answer; a timer sees to it that a lost one holds nobody up."""
        return walk.wait("answer", after=GRACE + timedelta(seconds=self.seconds * calls))

    def resume(self, walk: Walk, event: Event) -> Move:
        if isinstance(event, EffectDone):
            return self.answered(walk, event.value)
        if isinstance(event, EffectFailed):
            return self.failed(walk, event)
        return self.failed(walk, EffectFailed(event.at, "", "timeout"))

    def answered(self, walk: Walk, value: Any) -> Move:
        """Takes the answer."""
        raise NotImplementedError

    def failed(self, walk: Walk, event: EffectFailed) -> Move:
        """There is no answer."""
        return Fail(event.reason, event.detail)

    def onward(self) -> Move:
        return Go(self.next or "end")


def writes_of(save: str | dict[str, str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The variable of `save`, or those of a map of variables to paths."""
    if isinstance(save, str):
        yield ("save",), save
        return
    for name in save:
        yield ("save", name), name
