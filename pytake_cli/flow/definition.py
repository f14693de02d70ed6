"""A flow as its file says it: header and steps, checked one by one. What concerns them together is `check`'s."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.values import Duration, Slug, StepId, Target, VarName

VarType = Literal[
    "text", "number", "integer", "money", "boolean", "date", "time", "datetime", "list", "object", "media"
]

_FILE = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class Trigger(BaseModel):
    """What starts the flow; exactly one of the kinds. The most specific match wins."""

    model_config = _FILE

    keyword: tuple[str, ...] | None = None  # whole message, folded for case and accents
    mode: Literal["whole", "starts", "contains", "regex"] = "whole"
    new_contact: bool = False
    new_conversation: bool = False
    ad: str | None = None  # the referral's source id, or "*"
    button: str | None = None  # the payload of a template's or an old message's button
    any: bool = False


class Interrupt(BaseModel):
    """Tried before the waiting step, at any point of the flow."""

    model_config = _FILE

    keyword: tuple[str, ...]
    mode: Literal["whole", "starts", "contains", "regex"] = "whole"
    goto: Target
    resume: bool = False  # its steps end with `next: resume`, and the question is asked again


class Scope(BaseModel):
    """Where and for whom it runs; `only` and `except` are in the segment language."""

    model_config = _FILE

    numbers: tuple[str, ...] = ()
    only: str = ""
    except_: str = Field("", alias="except")


class Var(BaseModel):
    model_config = _FILE

    type: VarType = "text"
    default: Any = None


class Flow(BaseModel):
    """A whole flow file. `ref` is name@hash: the version, which never changes."""

    model_config = _FILE

    name: Slug
    title: str = ""
    language: str = "pt-BR"
    triggers: tuple[Trigger, ...] = ()
    scope: Scope = Scope()
    priority: int = 0
    expires: Duration | None = None
    debounce: Duration | None = None
    vars: dict[VarName, Var] = {}
    start: StepId
    on: tuple[Interrupt, ...] = ()
    on_error: Target | None = None
    on_expire: Target | None = None
    steps: dict[StepId, SerializeAsAny[Step]]
    ref: str = Field("", exclude=True)
