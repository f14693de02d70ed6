"""`set`: assigns variables, the contact's fields, tags, stage and score, and results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pytake_cli.flow.expressions import Template
from pytake_cli.flow.steps.step import Go, Held, Move, Path, Step, needs
from pytake_cli.flow.values import Assigned, OneOrMore, VarName, Word
from pytake_cli.flow.walk import StepFailed, Walk

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
OWN = ("name", "language", "email")  # what a contact has beside its fields


class Assignments(BaseModel):
    """What is assigned, in this order: vars, contact, tag, untag, stage, score, result."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    vars: dict[VarName, Assigned] = Field({}, description="variables by name, each an expression")
    contact: dict[FieldName, Assigned] = Field({}, description="fields of the contact, each an expression")
    tag: OneOrMore[Word] = Field((), description="tags that the contact gets")
    untag: OneOrMore[Word] = Field((), description="tags that the contact loses")
    stage: Word | None = Field(None, description="the contact's stage")
    score: Assigned | None = Field(None, description="the contact's score, such as contact.score + 10")
    result: dict[VarName, Assigned] = Field({}, description="results of the session, for statistics")

    @model_validator(mode="after")
    def _something(self) -> Assignments:
        needs(bool(self.model_fields_set), "there is nothing to set: vars, contact, tag, untag, stage, score or result")
        return self

    def parts(self) -> Iterator[tuple[Path, Held]]:
        """Every expression with its place."""
        for group in ("vars", "contact", "result"):
            for name, expression in getattr(self, group).items():
                yield (group, name), expression
        for group in ("tag", "untag"):
            for number, word in enumerate(getattr(self, group)):
                yield (group, number), word
        for name in ("stage", "score"):
            if (held := getattr(self, name)) is not None:
                yield (name,), held

    def assign(self, walk: Walk) -> None:
        """Does it."""
        for name, held in self.vars.items():
            walk.set_var(name, walk.value(held))
        changes: list[tuple[str, str, Any]] = []
        for name, held in self.contact.items():
            value = walk.value(held)
            changes.append((name, "", value) if name in OWN else ("field", name, value))
        changes += [("tag", _tag(walk, word), True) for word in self.tag]
        changes += [("tag", _tag(walk, word), False) for word in self.untag]
        if self.stage is not None:
            changes.append(("stage", "", walk.render(self.stage).strip()))
        if self.score is not None:
            changes.append(("score", "", _score(walk.value(self.score))))
        if changes:
            walk.set_contact(changes)
        for name, held in self.result.items():
            walk.set_result(name, walk.value(held))


class SetStep(Step):
    """Assigns one after the other, as a list says: a later one sees what an earlier one has set."""

    verb: ClassVar[str] = "set"
    main: ClassVar[str] = "set"

    set: OneOrMore[Assignments] = Field(description="what to assign, in order", min_length=1)

    def expressions(self) -> Iterator[tuple[Path, Held]]:
        yield from super().expressions()
        for number, assignments in enumerate(self.set):
            for path, held in assignments.parts():
                yield ("set", number, *path), held

    def writes(self) -> Iterator[tuple[Path, str]]:
        for number, assignments in enumerate(self.set):
            for name in assignments.vars:
                yield ("set", number, "vars", name), name

    def enter(self, walk: Walk) -> Move:
        for assignments in self.set:
            assignments.assign(walk)
        return Go(self.next or "end")


def _tag(walk: Walk, word: Template) -> str:
    tag = walk.render(word).strip()
    if not 0 < len(tag) <= 60:
        raise StepFailed("tag", tag[:60])
    return tag


def _score(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise StepFailed("type", f"score: {str(value)[:60]} is no whole number") from None
