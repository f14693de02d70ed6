"""A flow as its file says it: header and steps, checked one by one. What concerns them together is `check`'s."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, model_validator
from pydantic_core import PydanticCustomError

from pytake_cli.flow.keywords import Keywords, Mode
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.steps import read_step
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.values import Duration, OneOrMore, Slug, StepId, Target, VarName
from pytake_cli.locale import Phrase

VarType = Literal[
    "text", "number", "integer", "money", "boolean", "date", "time", "datetime", "list", "object", "media"
]

_FILE = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)
_KINDS = ("keyword", "new_contact", "new_conversation", "ad", "button", "any")


def _check_patterns(mode: Mode, keywords: tuple[str, ...]) -> None:
    for keyword in keywords if mode == "regex" else ():
        try:
            compile_pattern(keyword)
        except PatternError as error:
            raise PydanticCustomError("flow_pattern", "{problem}", {"problem": error.message}) from None


class Trigger(BaseModel):
    """What starts the flow; exactly one of the kinds. The most specific match wins."""

    model_config = _FILE

    keyword: OneOrMore[str] = Field((), description="words of the contact, folded for case and accents")
    mode: Mode = Field("whole", description="how `keyword` is meant: the whole message, its start, a part, a pattern")
    new_contact: bool = Field(False, description="the first message of somebody unknown")
    new_conversation: bool = Field(False, description="the first message after the last conversation was closed")
    ad: str | None = Field(None, description='the id of an ad or post that was tapped, or "*" for any')
    button: str | None = Field(None, description="the payload of a template's button, or of an old message's")
    any: bool = Field(False, description="any message that nothing else takes")

    @model_validator(mode="after")
    def _one_kind(self) -> Trigger:
        if sum(bool(getattr(self, kind)) for kind in _KINDS) != 1:
            wrong = Phrase("a trigger is exactly one of {kinds}", kinds=", ".join(_KINDS))
            raise PydanticCustomError("flow_trigger", "{problem}", {"problem": wrong})
        _check_patterns(self.mode, self.keyword)
        return self


class Interrupt(BaseModel):
    """Tried before the waiting step, at any point of the flow."""

    model_config = _FILE

    keyword: OneOrMore[str] = Field(description="words of the contact, folded for case and accents", min_length=1)
    mode: Mode = Field("whole", description="how `keyword` is meant: the whole message, its start, a part, a pattern")
    goto: Target = Field(description="the step it leads to")
    resume: bool = Field(False, description="its steps end with `next: resume`, and the question is asked again")

    @model_validator(mode="after")
    def _readable(self) -> Interrupt:
        _check_patterns(self.mode, self.keyword)
        return self


class Scope(BaseModel):
    """Where and for whom it runs; `only` and `except` are in the segment language."""

    model_config = _FILE

    numbers: OneOrMore[str] = Field((), description="business numbers by name; none means all")
    only: str = Field("", description="a segment: contacts for whom it runs")
    except_: str = Field("", alias="except", description="a segment: contacts for whom it does not run")


class Var(BaseModel):
    """A variable: its type, and what it holds before anything is assigned."""

    model_config = _FILE

    type: VarType = Field("text", description="what it holds; what is assigned is converted, or the step fails")
    default: Any = Field(None, description="what it holds at the start")


class Flow(BaseModel):
    """A whole flow file. `ref` is name@hash: the version, which never changes."""

    model_config = _FILE

    name: Slug = Field(description="what the flow is called; the stem of its file if it is not given")
    title: str = Field("", description="what people read")
    language: str = Field("pt-BR", description="of texts that are not given by language")
    triggers: tuple[Trigger, ...] = Field((), description="what starts it; the most specific match wins")
    scope: Scope = Field(Scope(), description="where and for whom it runs")
    priority: int = Field(0, description="of two flows that match equally well, the higher one wins")
    expires: Duration | None = Field(None, description="an idle session ends after this time, by a timer")
    debounce: Duration | None = Field(None, description="messages that come this close together are read as one")
    vars: dict[VarName, Var] = Field({}, description="declared, typed variables, at most 40", max_length=40)
    start: StepId = Field(description="the first step")
    on: tuple[Interrupt, ...] = Field((), description="interrupts: tried before the waiting step, at any point")
    on_error: Target | None = Field(None, description="where a step without its own `on_error` goes when it fails")
    on_expire: Target | None = Field(None, description="where an idle session goes before it ends as `expired`")
    steps: dict[StepId, Annotated[SerializeAsAny[Step], BeforeValidator(read_step)]] = Field(
        description="the steps by their ids", min_length=1
    )
    ref: str = Field("", exclude=True)

    @property
    def pinned(self) -> str:
        """What sessions and frames keep of it: its `ref`, or the name of a flow that was never published."""
        return self.ref or self.name

    def interrupt(self, text: str) -> Interrupt | None:
        """The interrupt that the words mean."""
        return self._interrupts.find(text) if self.on else None

    @cached_property
    def _interrupts(self) -> Keywords[Interrupt]:
        return Keywords((interrupt.keyword, interrupt.mode, interrupt) for interrupt in self.on)
