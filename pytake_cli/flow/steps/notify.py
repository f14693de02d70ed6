"""`notify`: tells people, or another system, what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from pytake_cli.flow.effects import Notify
from pytake_cli.flow.presentation import cut
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step
from pytake_cli.flow.values import Word
from pytake_cli.flow.walk import Walk

MAX_TEXT = 4096


class NotifyStep(Step):
    """Tells agents, a team, a webhook of the settings or an e-mail address; it waits for no answer."""

    verb: ClassVar[str] = "notify"
    main: ClassVar[str] = "text"

    to: Annotated[str, StringConstraints(pattern=r"^(agents|(team|webhook|email):[^\s]{1,200})$")] = Field(
        "agents", description="agents, team:<name>, webhook:<name> or email:<address>"
    )
    text: Word = Field(description="what they are told")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        yield ("text",), self.text

    def enter(self, walk: Walk) -> Move:
        text = walk.render(self.text).strip()
        walk.do(Notify(self.to, cut(text, MAX_TEXT)))
        return Go(self.next or "end")
