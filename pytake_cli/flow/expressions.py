"""The one expression language of flow files: `vars.age >= 18`, and texts with `{{ contact.first_name }}`.

The syntax is that of Jinja's expressions, the evaluator our own: a tree compiled once to closures. An engine that is
not ours (minijinja) was tried: its operators are bounded, but `"%1000000000d" | format(3)` took 1.9 GB and 7 s with
fuel on, filters can be taken out only by name, and it reads attributes and calls methods of Python values. Here nothing
is read but keys of maps, nothing is called but the filters, tests and functions of three literal registries, and all
that can grow is checked before it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import cast

from pytake_cli.flow.language.closures import Compiler, Run
from pytake_cli.flow.language.lexer import Token, scan
from pytake_cli.flow.language.operators import bounded_size, kind_of
from pytake_cli.flow.language.parser import Parser
from pytake_cli.flow.language.values import (
    MAX_SOURCE,
    MAX_STEPS,
    MAX_STRING,
    MAX_TOKENS,
    EvaluationError,
    ExpressionError,
    Missing,
    Reference,
    Scope,
    Value,
)
from pytake_cli.flow.language.writing import text_of
from pytake_cli.locale import Phrase

__all__ = [
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Missing",
    "Reference",
    "Template",
    "Value",
    "compile_expression",
    "compile_template",
]

_OPENING = re.compile(r"\{[{%#]")
_VALUES = (bool, int, float, Decimal, str, date, time, list, Mapping)
_CACHED = 4096  # compiled sources that are kept; a large organisation has some hundred


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `references` are the names it reads, `filters` the filters it uses."""

    source: str
    references: tuple[Reference, ...]
    filters: tuple[str, ...]
    _run: Run = field(repr=False, compare=False)
    _nodes: int = field(repr=False, compare=False)

    def evaluate(self, context: Mapping[str, object], trace: Missing | None = None) -> Value:
        """The value; names without one give None and are recorded in `trace`. Raises EvaluationError."""
        value = _evaluate(self._run, Scope(context, trace, MAX_STEPS - self._nodes))
        if value is None or isinstance(value, _VALUES):
            return cast("Value", value)
        raise EvaluationError(f"the expression gives {kind_of(value)}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it; `whole` is the expression if the text is nothing but one."""

    source: str
    references: tuple[Reference, ...]
    filters: tuple[str, ...]
    is_constant: bool
    whole: Expression | None
    _parts: tuple[str | Run, ...] = field(repr=False, compare=False)
    _nodes: int = field(repr=False, compare=False)

    @property
    def least(self) -> int:
        """How long the text is when everything in it is empty."""
        return sum(len(part) for part in self._parts if isinstance(part, str))

    def render(self, context: Mapping[str, object], trace: Missing | None = None) -> str:
        """The text; what has no value is empty and recorded in `trace`. Raises EvaluationError."""
        if self.is_constant:
            return "".join(cast("tuple[str, ...]", self._parts))
        scope = Scope(context, trace, MAX_STEPS - self._nodes)
        size = 0
        texts = []
        for part in self._parts:
            text = part if isinstance(part, str) else _evaluate_text(part, scope)
            size += len(text)
            bounded_size(size, MAX_STRING)
            texts.append(text)
        return "".join(texts)


@lru_cache(maxsize=_CACHED)
def compile_expression(source: str) -> Expression:
    """Compiles an expression; raises ExpressionError."""
    _check_size(source)
    tokens, _ = scan(source)
    compiler = Compiler()
    run = _compiled(tokens, compiler)
    return Expression(source, tuple(compiler.references), tuple(compiler.filters), run, compiler.nodes)


@lru_cache(maxsize=_CACHED)
def compile_template(source: str) -> Template:
    """Compiles a text; `{{ … }}` are expressions, `{%` and `{#` are refused. Raises ExpressionError."""
    found = _OPENING.search(source)
    if found is None:
        if len(source) > MAX_STRING:
            raise ExpressionError(Phrase("the text is longer than {most} characters", most=MAX_STRING), MAX_STRING)
        return Template(source, (), (), True, None, (source,), 0)
    _check_size(source)
    compiler = Compiler()
    parts: list[str | Run] = []
    at = 0
    trims = False
    left = MAX_TOKENS
    while found:
        _check_opening(source, found)
        start = found.end() + source.startswith("-", found.end())
        _add_text(parts, source[at : found.start()], left=trims, right=start > found.end())
        tokens, at = scan(source, start, closing="}}", limit=left)
        left -= len(tokens)
        trims = source[at - 3] == "-" and at - 3 >= start
        parts.append(_compiled(tokens, compiler))
        found = _OPENING.search(source, at)
    _add_text(parts, source[at:], left=trims, right=False)
    references, filters, nodes = tuple(compiler.references), tuple(compiler.filters), compiler.nodes
    only = parts[0]
    whole = None if len(parts) > 1 or isinstance(only, str) else Expression(source, references, filters, only, nodes)
    return Template(source, references, filters, False, whole, tuple(parts), nodes)


def _compiled(tokens: Sequence[Token], compiler: Compiler) -> Run:
    try:
        return compiler.compile(Parser(tokens).parse())
    except RecursionError:
        # the bounds are far below the usual limit; a caller deep in calls of its own may still meet it
        raise ExpressionError(Phrase("the expression is too deep"), tokens[0].offset) from None


def _evaluate(run: Run, scope: Scope) -> object:
    try:
        return run(scope)
    except (RecursionError, OverflowError):
        raise EvaluationError("a value is too deep or too large") from None


def _evaluate_text(run: Run, scope: Scope) -> str:
    try:
        return text_of(run(scope), scope)
    except (RecursionError, OverflowError):
        raise EvaluationError("a value is too deep or too large") from None


def _check_size(source: str) -> None:
    if len(source) > MAX_SOURCE:
        raise ExpressionError(Phrase("it is longer than {most} characters", most=MAX_SOURCE), MAX_SOURCE)


def _check_opening(source: str, found: re.Match[str]) -> None:
    if found.group() == "{%":
        instead = {"sign": "{%", "example": "{{ a if b else c }}"}
        wrong = Phrase("`{sign}` is not used; branch with `switch`, or write `{example}`", **instead)
        raise ExpressionError(wrong, found.start())
    if found.group() == "{#":
        raise ExpressionError(Phrase("`{#` is not used; a comment stands behind `#` in the file"), found.start())


def _add_text(parts: list[str | Run], text: str, *, left: bool, right: bool) -> None:
    text = text.lstrip() if left else text
    text = text.rstrip() if right else text
    if text:
        parts.append(text)
