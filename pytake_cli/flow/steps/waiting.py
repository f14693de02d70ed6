"""What steps that wait for the customer share: wrong answers, how often, and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from pytake_cli.flow.phrases import phrase
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Wait
from pytake_cli.flow.steps.step import Fail, Go, Move, Spoken, Step, Way, needs
from pytake_cli.flow.values import Duration, OneOrMore, Target, Text
from pytake_cli.flow.walk import Walk

_KEPT = 200  # characters of a wrong answer that the record holds


class Waiting(Step):
    """A step that asks the customer for something."""

    waits: ClassVar[bool] = True

    invalid: OneOrMore[Text] = Field((), description="what it says to a wrong answer: the first, the second, … time")
    retries: int = Field(2, ge=0, le=20, description="how many wrong answers it takes before it goes to `on_invalid`")
    on_invalid: Target | None = Field(None, description="where too many wrong answers lead; else to `on_error`")
    timeout: Duration | None = Field(None, description="how long it waits, from the last time it asked")
    on_timeout: Target | None = Field(None, description="where silence leads")

    @model_validator(mode="after")
    def _timed(self) -> Waiting:
        needs(self.timeout is None or self.on_timeout is not None, "`timeout` needs `on_timeout`", "on_timeout")
        needs(self.on_timeout is None or self.timeout is not None, "`on_timeout` needs `timeout`", "timeout")
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("invalid", self.on_invalid, "on_invalid")
        yield from self.leads("timeout", self.on_timeout, "on_timeout")

    def _wrong_texts(self, limit: str) -> Iterator[Spoken]:
        for number, text in enumerate(self.invalid):
            yield Spoken(("invalid", number), text, limit)

    def wrong(self, walk: Walk, reply: Reply, reason: str, say: Callable[[str], object], default: str) -> Move:
        """A wrong answer: says so and waits on, or gives up."""
        walk.record("invalid", reason, reply.text[:_KEPT] or reply.kind)
        count = walk.still().invalid + 1
        if count > self.retries:
            return Go(self.on_invalid, "invalid") if self.on_invalid else Fail("invalid", reason)
        text = self.invalid[min(count, len(self.invalid)) - 1] if self.invalid else None
        say(walk.render(text) if text is not None else phrase(default, walk.language))
        return self.anew(walk, invalid=count)

    def anew(self, walk: Walk, **changes: int) -> Wait:
        """Goes on waiting; its time begins anew."""
        return walk.again(until=walk.now + self.timeout if self.timeout else None, **changes)

    def silence(self, walk: Walk) -> Move:
        """Nothing was said in time."""
        walk.record("timeout", "step")
        return Go(self.on_timeout or "end", "timeout")
