"""`ai`: asks a language model; what it answers is data, and reaches nobody but through `say`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pytake_cli.flow.effects import AskModel
from pytake_cli.flow.steps.calling import Calling, JsonPath, dig, writes_of
from pytake_cli.flow.steps.step import Fail, Go, Held, Move, Path, Way, needs
from pytake_cli.flow.values import OneOrMore, Target, VarName, Word, read_template
from pytake_cli.flow.walk import Walk

_INPUT = "{{ message.text }}"
_MAX_TEXT = 16_000  # characters that are asked


class Ai(Calling):
    """Asks a model to reply, classify, extract or summarise, and saves what it answers."""

    verb: ClassVar[str] = "ai"
    main: ClassVar[str] = "task"
    usual_seconds: ClassVar[float] = 20.0

    task: Literal["reply", "classify", "extract", "summarise"] = Field(description="what the model does")
    instructions: Word | None = Field(None, description="what the model is told; never seen by the customer")
    input: Word | None = Field(None, description="what it works on; the contact's last message if there is none")
    labels: OneOrMore[str] = Field((), description="of `classify`: one of these is the answer")
    schema_: dict[str, Any] | None = Field(None, alias="schema", description="of `extract`: JSON Schema of the answer")
    save: VarName | dict[VarName, JsonPath] = Field(description="the variable for the answer; of `extract` also a map")
    model: str = Field("", description="the model's name; that of the settings if there is none")
    max_tokens: int = Field(512, ge=1, le=8192, description="the longest answer")
    confidence: float | None = Field(None, ge=0, le=1, description="of `classify`: what is less sure goes to `on_low`")
    on_low: Target | None = Field(None, description="where an unsure answer leads")

    @model_validator(mode="after")
    def _complete(self) -> Ai:
        needs(self.task != "classify" or len(self.labels) >= 2, "`classify` needs at least two `labels`", "labels")
        needs(self.task == "classify" or not self.labels, "`labels` go with `classify`", "labels")
        needs(self.task != "extract" or self.schema_ is not None, "`extract` needs a `schema`", "schema")
        needs(self.task == "extract" or isinstance(self.save, str), "`save` is one variable", "save")
        low = self.on_low is not None
        needs((self.confidence is not None) == low, "`confidence` and `on_low` go together", "on_low")
        needs(self.timeout is None or self.seconds <= 60, "at most 60s", "timeout")
        return self

    def ways(self) -> Iterator[Way]:
        yield from super().ways()
        yield from self.leads("low", self.on_low, "on_low")

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for name in ("instructions", "input"):
            if (word := getattr(self, name)) is not None:
                yield (name,), word

    def writes(self) -> Iterator[tuple[Path, str]]:
        yield from writes_of(self.save)

    def enter(self, walk: Walk) -> Move:
        walk.do(
            AskModel(
                walk.call(),
                self.task,
                walk.render(self.instructions) if self.instructions is not None else "",
                walk.render(self.input or read_template(_INPUT))[:_MAX_TEXT],
                self.labels,
                self.schema_,
                self.model,
                self.max_tokens,
                self.seconds,
            )
        )
        return self.awaited(walk)

    def answered(self, walk: Walk, value: Any) -> Move:
        answer = value if isinstance(value, dict) else {}
        if self.task == "classify":
            return self._classified(walk, answer)
        if self.task == "extract":
            data = answer.get("data")
            if not isinstance(data, dict):
                return Fail("invalid", "the model gave no data")
            for name, path in self.save.items() if isinstance(self.save, dict) else [(self.save, ".")]:
                walk.set_var(name, dig(data, path))
            return self.onward()
        text = answer.get("text")
        if not isinstance(text, str) or not text.strip():
            return Fail("invalid", "the model gave no text")
        walk.set_var(str(self.save), text.strip())
        return self.onward()

    def _classified(self, walk: Walk, answer: dict[str, Any]) -> Move:
        label, confidence = answer.get("label"), answer.get("confidence")
        if label not in self.labels:
            return Fail("invalid", "the model gave no label of ours")
        walk.set_var(str(self.save), label)
        # a model that does not say how sure it is, is not
        sure = confidence if isinstance(confidence, int | float) else 0.0
        if self.confidence is not None and self.on_low is not None and sure < self.confidence:
            return Go(self.on_low, "low")
        return self.onward()
