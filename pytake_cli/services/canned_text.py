"""The one renderer of texts that people prepare: variables are filled, open places become tab stops.

`Oi {{ contact.first_name }}, chega em {{ prazo | 5 a 7 }} dias.` is, for Karina, `Oi Karina, chega em 5 a 7 dias.`
with a stop on `5 a 7`. A name with a dot is a variable, as flows read them; one without is a place to fill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.flow.expressions import EvaluationError, ExpressionError, Template, compile_template
from pytake_cli.flow.language.lexer import scan
from pytake_cli.flow.language.values import Missing
from pytake_cli.flow.words import closest
from pytake_cli.locale import Phrase

LONGEST = 4096  # characters of a text on WhatsApp
_PERSON = (
    "id",
    "name",
    "first_name",
    "display_name",
    "phone",
    "email",
    "username",
    "language",
    "tags",
    "stage",
    "score",
)
# what may be read -> its parts; None: a value by itself
NAMES: dict[str, tuple[str, ...] | None] = {
    "contact": (*_PERSON, "fields"),
    "agent": ("id", "name", "first_name", "email"),
    "org": ("name", "country", "currency", "tz", "language"),
    "conversation": ("id", "status", "priority", "number", "created_at"),
    "now": None,
    "today": None,
}
_PLACE = re.compile(r"\{\{\s*([^\W\d][\w ]*?)\s*(?:\|([^{}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in the text that a person fills: it holds `default` from `start` to `end`."""

    start: int
    end: int
    name: str
    default: str


@dataclass(frozen=True, slots=True)
class Filled:
    """The text as it would be inserted, and its open places in order."""

    text: str
    stops: tuple[Stop, ...]

    @property
    def marked(self) -> str:
        """The text with its open places still open: `{{prazo|5 a 7}}`."""
        found, at = "", 0
        for stop in self.stops:
            inner = f"{stop.name}|{stop.default}" if stop.default else stop.name
            found += f"{self.text[at : stop.start]}{{{{{inner}}}}}"
            at = stop.end
        return found + self.text[at:]


def fill(source: str, scope: Mapping[str, Any]) -> Filled:
    """Fills the variables; one without a value becomes a stop named after it."""
    text, stops = "", []
    for part in _parts(source):
        if isinstance(part, str):
            text += part
            continue
        name, value, is_open = part.name, part.default, True
        if part.template is not None:
            value, is_open = _value(part.template, scope)
        if is_open:
            stops.append(Stop(len(text), len(text) + len(value), name, value))
        text += value
    return Filled(text, tuple(stops))


def check(source: str) -> None:
    """Raises InvalidData, with the place, for a text that could not be filled."""
    if not source.strip():
        raise InvalidData("PT-CANNED-TEXT", "the text is empty", fix="pytake canned create -h")
    if len(source) > LONGEST:
        raise InvalidData(
            "PT-CANNED-TEXT",
            "the text has {length} characters, {most} are the most",
            fix="pytake canned create -h",
            length=len(source),
            most=LONGEST,
        )
    try:
        for part in _parts(source):
            if not isinstance(part, str) and part.template is not None:
                for reference in part.template.references:
                    _check_reference(reference.path, part.offset + reference.offset)
    except ExpressionError as error:
        raise _refused(source, error) from None


def places(source: str) -> list[str]:
    """The names of the places that have no default."""
    return [
        part.name for part in _parts(source) if not isinstance(part, str) and not part.template and not part.default
    ]


@dataclass(frozen=True, slots=True)
class _Open:
    """What stands in `{{ }}`: a variable's template, or a place to fill."""

    name: str
    default: str
    template: Template | None
    offset: int


def _parts(source: str) -> Iterator[str | _Open]:
    """Raises ExpressionError, its offset counted from the source's start."""
    at = 0
    while (start := source.find("{{", at)) >= 0:
        if start > at:
            yield source[at:start]
        place = _PLACE.match(source, start)
        if place is not None and place[1] not in NAMES:
            yield _Open(place[1], (place[2] or "").strip(), None, start)
            at = place.end()
            continue
        _tokens, at = scan(source, start + 2, closing="}}")
        inner = source[start:at]
        try:
            template = compile_template(inner)
        except ExpressionError as error:
            raise ExpressionError(error.message, start + error.offset) from None
        yield _Open(inner[2:-2].partition("|")[0].strip(), "", template, start)
    if at < len(source):
        yield source[at:]


def _value(template: Template, scope: Mapping[str, Any]) -> tuple[str, bool]:
    """The text of a variable, and whether it is left open."""
    trace = Missing()
    try:
        text = template.render(scope, trace)
    except EvaluationError:
        return "", True
    return text, not text or bool(trace.paths)


def _check_reference(path: tuple[str, ...], offset: int) -> None:
    head, *rest = path
    if head not in NAMES:
        raise ExpressionError(_unknown(path, closest(head, NAMES)), offset)
    parts = NAMES[head]
    if parts is not None and rest and rest[0] not in parts:
        meant = closest(rest[0], parts)
        raise ExpressionError(_unknown(path, f"{head}.{meant}" if meant else ""), offset)


def _unknown(path: tuple[str, ...], meant: str | None) -> Phrase:
    name = ".".join(path)
    if meant:
        return Phrase("there is no {name}; did you mean {meant}?", name=name, meant=meant)
    return Phrase("there is no {name}", name=name)


def _refused(source: str, error: ExpressionError) -> InvalidData:
    """The error that shows the place: the line, and a caret under it."""
    start = source.rfind("\n", 0, error.offset) + 1
    return InvalidData(
        "PT-CANNED-TEXT",
        "{reason}\n  {line}\n  {caret}",
        fix="pytake canned create -h",
        reason=error.message,
        line=source[start:].partition("\n")[0].replace("\t", " "),
        caret=" " * (error.offset - start) + "^",
        offset=error.offset,
    )
