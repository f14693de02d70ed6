"""`handoff`: gives the conversation to people; the bot is silent while one has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from pytake_cli.flow.effects import End, HandOff
from pytake_cli.flow.events import Event
from pytake_cli.flow.expressions import compile_template
from pytake_cli.flow.speech import Say
from pytake_cli.flow.steps.step import Go, Held, Move, Over, Path, Spoken, Step, Way, needs
from pytake_cli.flow.values import OneOrMore, Target, Text, Word, read_template
from pytake_cli.flow.walk import Walk


class Handoff(Step):
    """Queues the conversation for people. The session ends as `handoff`, or goes on when it is handed back."""

    verb: ClassVar[str] = "handoff"
    main: ClassVar[str] = "team"
    waits: ClassVar[bool] = True

    team: Word | None = Field(None, description="the team that it waits for; none means everybody")
    agent: Word | None = Field(None, description="the person that it waits for")
    skills: OneOrMore[str] = Field((), description="what the person must know")
    priority: Literal["low", "normal", "high", "urgent"] = Field("normal", description="its place among those waiting")
    text: Text | None = Field(None, description="what the customer is told; left out when the window is closed")
    note: str = Field("", description="what the people are told; it may hold {{ expressions }}")
    resume_: Literal["never", "on_close"] = Field(
        "never", alias="resume", description="whether the flow goes on when people are done"
    )
    resume_at: Target | None = Field(None, description="where it goes on; else at `next`")

    @field_validator("note")
    @classmethod
    def _readable(cls, note: str) -> str:
        read_template(note)
        return note

    @model_validator(mode="after")
    def _goes_on(self) -> Handoff:
        needs(self.team is None or self.agent is None, "`team` or `agent`, not both", "agent")
        needs(self.resume_at is None or self.resume_ == "on_close", "`resume_at` needs `resume: on_close`", "resume_at")
        onward = self.resume_at is not None or self.next is not None
        needs(self.resume_ == "never" or onward, "`resume: on_close` needs `resume_at`", "resume_at")
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("resumed", self.resume_at, "resume_at")

    def spoken(self) -> Iterator[Spoken]:
        if self.text is not None:
            yield Spoken(("text",), self.text, "text")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name in ("team", "agent"):
            if (held := getattr(self, name)) is not None:
                yield (name,), held
        if self.note:
            yield ("note",), compile_template(self.note)

    def enter(self, walk: Walk) -> Move:
        if self.text is not None:
            walk.say(Say(text=walk.render(self.text)), must=False)
        team = walk.render(self.team).strip() if self.team is not None else ""
        agent = walk.render(self.agent).strip() if self.agent is not None else ""
        note = walk.render(compile_template(self.note)) if self.note else ""
        resumes = self.resume_ == "on_close"
        walk.record("handoff", team or agent)
        walk.do(HandOff(team, agent, self.skills, self.priority, note, resumes))
        return walk.wait("person") if resumes else Over(End("handoff"), whole=True)

    def resume(self, walk: Walk, event: Event) -> Move:
        if self.resume_at is not None:
            return Go(self.resume_at, "resumed")
        return Go(self.next or "end")
