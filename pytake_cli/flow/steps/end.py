"""`end`: the end of the flow, with its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from pytake_cli.flow.effects import End
from pytake_cli.flow.speech import Say
from pytake_cli.flow.steps.step import Move, Over, Spoken, Step
from pytake_cli.flow.values import Text
from pytake_cli.flow.walk import Walk

Outcome = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]


class EndStep(Step):
    """Ends the flow. A sub-flow goes back to the step that called it: `close` and `rate` are the session's own."""

    verb: ClassVar[str] = "end"
    main: ClassVar[str] = "outcome"

    outcome: Outcome | None = Field(None, description="a word for statistics; `completed` if none is given")
    text: Text | None = Field(None, description="last words; left out when the 24-hour window is closed")
    close: bool = Field(False, description="closes the conversation")
    rate: bool = Field(False, description="asks the customer for a rating")

    def spoken(self) -> Iterator[Spoken]:
        if self.text is not None:
            yield Spoken(("text",), self.text, "text")

    def enter(self, walk: Walk) -> Move:
        if self.text is not None:
            walk.say(Say(text=walk.render(self.text)), must=False)
        return Over(End(self.outcome or walk.session.ending or "completed", self.close, self.rate))
