"""Variables and the names in expressions: what is read and written must exist, and be of the right type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

from pytake_cli.flow.checks.inquiry import Inquiry
from pytake_cli.flow.definition import Var
from pytake_cli.flow.language.values import Reference
from pytake_cli.flow.misfits import given
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import Phrase, near

# first name -> what may stand behind the point; None: anything, and nothing has to
NAMES: dict[str, tuple[str, ...] | None] = {
    "contact": ("id", "name", "first_name", "phone", "username", "language", "tags", "stage", "score", "fields"),
    "vars": None,  # those of the flow: checked by themselves
    "result": None,
    "message": ("type", "text", "choice", "title", "media", "location", "contacts", "form", "id", "quoted"),
    "conversation": None,
    "flow": ("name", "title", "language"),
    "org": None,
    "now": None,
    "today": None,
    "hours": None,
    "language": (),
    "error": None,
}
_LOCAL = ("item", "loop")

EXPECTED: dict[str, Phrase] = {
    "text": Phrase("a text"),
    "number": Phrase("a number"),
    "integer": Phrase("a whole number"),
    "money": Phrase("a number"),
    "boolean": Phrase("true or false"),
    "date": Phrase("a date such as 2026-03-02"),
    "time": Phrase("a time such as 09:30"),
    "datetime": Phrase("a time with its date, such as 2026-03-02T09:30"),
    "list": Phrase("a list"),
    "object": Phrase("a map"),
}

# what `ask` reads -> types of variables that can hold it; any other is a mistake
_ANSWERS: dict[str, tuple[str, ...]] = {
    "number": ("number", "integer", "money", "text"),
    "date": ("date", "datetime", "text"),
    "time": ("time", "datetime", "text"),
    "datetime": ("datetime", "date", "text"),
    "yes_no": ("boolean", "text"),
    "multi": ("list",),
    "image": ("media", "object"),
    "audio": ("media", "object"),
    "video": ("media", "object"),
    "document": ("media", "object"),
    "file": ("media", "object"),
    "location": ("object",),
    "contact": ("object", "list"),
    **dict.fromkeys(("text", "email", "phone", "choice", "cpf", "cnpj", "regex"), ("text",)),
}


def check(inquiry: Inquiry) -> None:
    """Everything about names."""
    _defaults(inquiry)
    read = _read(inquiry)
    written = _written(inquiry)
    _answers(inquiry)
    if inquiry.broken:
        return
    for name in inquiry.flow.vars:
        if name not in read and name not in written:
            inquiry.say(
                "PT-FLOW-VAR-UNUSED",
                "nothing reads or sets the variable `{name}`",
                ("vars", name),
                at_key=True,
                severity="warning",
                name=name,
            )


def _defaults(inquiry: Inquiry) -> None:
    for name, var in inquiry.flow.vars.items():
        if var.default is not None and not fits(var, var.default):
            inquiry.say(
                "PT-FLOW-DEFAULT",
                "`{name}` is of type {type}, and its default is {given}",
                ("vars", name, "default"),
                fix="write {expected}",
                name=name,
                type=var.type,
                given=given(var.default),
                expected=EXPECTED.get(var.type, var.type),
            )


def fits(var: Var, value: Any) -> bool:
    """True when a default is written as the variable's type wants it."""
    match var.type:
        case "text":
            return isinstance(value, str)
        case "number" | "money":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "date" | "time" | "datetime":
            return isinstance(value, str) and _is_moment(var.type, value)
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return True


def _is_moment(kind: str, value: str) -> bool:
    readers: dict[str, Callable[[str], object]] = {
        "date": date.fromisoformat,
        "time": time.fromisoformat,
        "datetime": datetime.fromisoformat,
    }
    try:
        readers[kind](value)
    except ValueError:
        return False
    return True


def expressions(inquiry: Inquiry) -> Iterator[tuple[Path, Reference]]:
    """Every name that an expression or a text reads, with the place of that expression."""
    for name, step in inquiry.steps.items():
        for path, expression in step.expressions():
            for reference in expression.references:
                yield ("steps", name, *path), reference
        for spoken in step.spoken():
            for language, template in spoken.text.templates():
                for reference in template.references:
                    yield ("steps", name, *spoken.path, *((language,) if language else ())), reference


def _read(inquiry: Inquiry) -> set[str]:
    found: set[str] = set()
    for path, reference in expressions(inquiry):
        first, rest = reference.path[0], reference.path[1:]
        if first == "vars" and rest:
            found.add(rest[0])
            _variable(inquiry, path, reference, rest[0])
        elif first not in NAMES and first not in _LOCAL:
            _root(inquiry, path, reference, first)
            found.add(first)
        elif rest and (known := NAMES.get(first)) is not None and rest[0] not in known:
            _field(inquiry, path, reference, known)
    return found


def _variable(inquiry: Inquiry, path: Path, reference: Reference, name: str) -> None:
    if name in inquiry.flow.vars or not inquiry.read("vars"):
        return
    _undeclared(inquiry, path, name, reference.offset)


def _undeclared(inquiry: Inquiry, path: Path, name: str, offset: int | None) -> None:
    meant = near(name, inquiry.flow.vars)
    inquiry.say(
        "PT-FLOW-VAR",
        "the variable `{name}` is not declared",
        path,
        offset=offset,
        fix="did you mean `{meant}`?" if meant else "add it to `vars`",
        name=name,
        meant=meant,
    )


def _root(inquiry: Inquiry, path: Path, reference: Reference, first: str) -> None:
    if first == "not_carried_over":
        inquiry.say(
            "PT-FLOW-NOT-CARRIED",
            "this was not carried over from the flow that was imported",
            path,
            offset=reference.offset,
            fix="write what is meant here, or take the step out",
        )
        return
    meant = f"vars.{first}" if first in inquiry.flow.vars else near(first, NAMES)
    if not meant and (close := near(first, inquiry.flow.vars)):
        meant = f"vars.{close}"
    inquiry.say(
        "PT-FLOW-NAME-UNKNOWN",
        "there is no name `{name}` in expressions",
        path,
        offset=reference.offset,
        fix="did you mean `{meant}`?" if meant else "they begin with {known}",
        name=first,
        meant=meant,
        known=", ".join(NAMES),
    )


def _field(inquiry: Inquiry, path: Path, reference: Reference, known: tuple[str, ...]) -> None:
    first, second = reference.path[:2]
    meant = f"{first}.{close}" if (close := near(second, known)) else ""
    own = first == "contact" and not meant
    if own:
        meant = f"contact.fields.{second}"
    inquiry.say(
        "PT-FLOW-NAME-UNKNOWN",
        "`{first}` has no `{second}`",
        path,
        offset=reference.offset,
        fix="did you mean `{meant}`?" if meant else "it has {known}" if known else "",
        first=first,
        second=second,
        meant=meant,
        known=", ".join(known),
    )


def _written(inquiry: Inquiry) -> set[str]:
    found: set[str] = set()
    for name, step in inquiry.steps.items():
        for path, variable in step.writes():
            found.add(variable)
            if variable not in inquiry.flow.vars and inquiry.read("vars"):
                at = ("steps", name, *path)
                if inquiry.positions.has(at) and path and path[-1] == variable:
                    meant = near(variable, inquiry.flow.vars)
                    inquiry.say(
                        "PT-FLOW-VAR",
                        "the variable `{name}` is not declared",
                        at,
                        at_key=True,
                        fix="did you mean `{meant}`?" if meant else "add it to `vars`",
                        name=variable,
                        meant=meant,
                    )
                else:
                    _undeclared(inquiry, at, variable, None)
    return found


def _answers(inquiry: Inquiry) -> None:
    """An answer is kept in a variable that can hold it."""
    for name, step in inquiry.steps.items():
        expect, save = getattr(step, "expect", None), getattr(step, "save", None)
        if step.verb != "ask" or not isinstance(save, str) or save not in inquiry.flow.vars:
            continue
        kind = str(expect or ("choice" if getattr(step, "choices", None) else "text"))
        var = inquiry.flow.vars[save]
        if kind in _ANSWERS and var.type not in _ANSWERS[kind]:
            inquiry.say(
                "PT-FLOW-TYPE",
                "an answer of `expect: {kind}` does not fit the variable `{name}`, which is of type {type}",
                ("steps", name, "save"),
                fix="declare it as {wanted}",
                kind=kind,
                name=save,
                type=var.type,
                wanted=_ANSWERS[kind][0],
            )
