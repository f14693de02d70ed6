"""`pytake help flows`: the language of flow files, written from the code that reads them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pytake_cli.cli.surface_text import wrap
from pytake_cli.locale import _

WIDTH = 80
LEFT = 20  # columns of names


def reference() -> str:
    """Everything that a flow file may say and what customers may do, at 80 columns; behind the topic's own words."""
    chapters = (
        (_("THE HEADER"), _header()),
        (_("TRIGGERS"), _triggers()),
        (_("STEPS"), _steps()),
        (_("EXPRESSIONS: FILTERS"), _filters()),
        (_("EXPRESSIONS: TESTS (value is …)"), _tests()),
        (_("EXPRESSIONS: FUNCTIONS"), _functions()),
        (_("WHAT A FLOW DID NOT FORESEE"), _unforeseen()),
        (_("HOW QUESTIONS ARE SHOWN"), _shown()),
        (_("TEST FILES (flows/NAME.test.yaml)"), _test_files()),
        (_("BOUNDS"), _bounds()),
    )
    return "".join(f"\n{heading}\n\n" + "\n".join(lines).strip("\n") + "\n" for heading, lines in chapters)


def _header() -> Iterator[str]:
    from pytake_cli.flow.definition import Flow, Interrupt, Scope, Var

    yield from _fields(Flow)
    for name, model in (("on", Interrupt), ("scope", Scope), ("vars", Var)):
        yield from ("", f"  {name}:")
        yield from _fields(model, indent=4)


def _triggers() -> Iterator[str]:
    from pytake_cli.flow.definition import Trigger
    from pytake_cli.flow.triggers import SPECIFICITY

    yield from _fields(Trigger)
    yield ""
    yield from _text("The most specific wins: " + ", ".join(SPECIFICITY) + ".")
    yield from _text(
        "Of two alike the higher priority, then the longer keyword. pytake flow explain tells which it would be."
    )


def _steps() -> Iterator[str]:
    from pytake_cli.flow.steps import VERBS
    from pytake_cli.flow.steps.step import Step

    yield from _text("Every step has one verb, and may have these:")
    yield from _fields(Step)
    common = set(Step.model_fields)
    for verb, model in VERBS.items():
        yield ""
        yield from _row(verb, _told(model), indent=0)
        yield from _fields(model, besides=common)


def _filters() -> Iterator[str]:
    from pytake_cli.flow.filters import FILTERS

    for name, each in FILTERS.items():
        yield from _row(name, each.summary)
        yield from _row("", f"{{{{ {each.example} }}}} → {each.gives}")


def _tests() -> Iterator[str]:
    from pytake_cli.flow.language.questions import TESTS

    for name, each in TESTS.items():
        yield from _row(name, each.summary)


def _functions() -> Iterator[str]:
    from pytake_cli.flow.language.questions import FUNCTIONS

    for name, each in FUNCTIONS.items():
        yield from _row(f"{name}(…)", each.summary)


def _unforeseen() -> Iterator[str]:
    """The engine's own list, from its docstring."""
    from pytake_cli.flow import engine

    for entry in inspect.cleandoc(engine.__doc__ or "").split("\n- ")[1:]:
        yield from _text(f"- {entry}", hang="    ")


def _shown() -> Iterator[str]:
    from pytake_cli.flow import presentation

    for paragraph in inspect.cleandoc(presentation.__doc__ or "").split("\n\n")[1:]:
        yield from _text(paragraph)
        yield ""


def _test_files() -> Iterator[str]:
    from pytake_cli.flow.testing import testfile

    yield from (f"  {line}".rstrip() for line in inspect.cleandoc(testfile.__doc__ or "").splitlines()[2:])
    parts: Mapping[str, type[BaseModel]] = {
        "tests:": testfile.Test,
        "given:": testfile.Given,
        "talk, one of these a line:": testfile.Line,
        "customer:": testfile.Customer,
        "bot:": testfile.Bot,
        "http, ai, lookup, code:": testfile.Answer,
        "expect:": testfile.Expect,
    }
    for name, model in parts.items():
        yield from ("", f"  {name}")
        yield from _fields(model, indent=4)


def _bounds() -> Iterator[str]:
    from pytake_cli.flow import limits

    minutes = int(limits.SAME_TEXT_WITHIN.total_seconds() // 60)
    for text in (
        f"{limits.MAX_STEPS} steps between two waits, {limits.MAX_WAITS} waits in a session",
        f"{limits.MAX_FRAMES} flows inside one another, {limits.MAX_HOPS} one behind the other",
        f"the same text {limits.MAX_SAME_TEXT} times in {minutes} minutes to one contact",
        f"{limits.MAX_CALLS} calls to the outside between two waits",
        f"{limits.MAX_VARS} variables of {limits.MAX_VAR_BYTES // 1024} KiB, {limits.MAX_CHOICES} choices",
        f"no wait is longer than {limits.MAX_WAIT.days} days",
    ):
        yield from _text(f"- {text}", hang="    ")
    yield from _text("What goes beyond is an incident (pytake flow stats) and goes the way of on_error.")


def _told(model: type[BaseModel]) -> str:
    """The first paragraph of a docstring, without the code's quotes."""
    first = inspect.cleandoc(model.__doc__ or "").split("\n\n", maxsplit=1)[0]
    return " ".join(first.replace("`", "").split())


def _fields(model: type[BaseModel], *, indent: int = 2, besides: Iterable[str] = ()) -> Iterator[str]:
    hidden = set(besides)
    for name, field in model.model_fields.items():
        if name not in hidden and not field.exclude:
            yield from _row(field.alias or name, _meaning(field), indent=indent)


def _meaning(field: FieldInfo) -> str:
    """What is said of a field, what it may be, and whether it must be there."""
    parts = [(field.description or "").replace("`", "")]
    known = list(dict.fromkeys(_choices(field.annotation)))
    if 1 < len(known) <= 20:
        parts.append("one of " + ", ".join(known))
    if field.is_required():
        parts.append("required")
    elif isinstance(field.default, int | float) and not isinstance(field.default, bool) and field.default:
        parts.append(f"by default {field.default}")
    return "; ".join(part for part in parts if part)


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (str(each) for each in get_args(annotation) if each != "")
    elif get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
        for each in get_args(annotation):
            yield from _choices(each)


def _row(name: str, text: str, *, indent: int = 2) -> Iterator[str]:
    """A name and what it means, beside it; a long name stands alone."""
    head = " " * indent + name
    lines = wrap(text, WIDTH - LEFT) or [""]
    if len(head) + 2 > LEFT:
        yield head
    else:
        yield (head.ljust(LEFT) + lines.pop(0)).rstrip()
    yield from (" " * LEFT + line for line in lines)


def _text(text: str, hang: str = "  ") -> Iterator[str]:
    """A paragraph or an item of a list, its later lines under its first word."""
    first, *rest = wrap(text.replace("`", ""), WIDTH - len(hang))
    yield f"  {first}"
    yield from (hang + line for line in rest)
