"""Whatever an expression tries, only the language's own errors come out, within bounds."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytake_cli.flow.expressions import EvaluationError, ExpressionError, compile_expression, compile_template
from tests.flow.hostile_expressions import CLASSICS, CONTEXT, hostile


def test_steps_are_bounded_whatever_the_lists_cost() -> None:
    long = {"xs": list(range(3_000)), "text": "á" * 60_000}
    for source in (" or ".join(["5.5 in xs"] * 50), "xs" + " | sort" * 40, "text" + " | slug ~ text" * 40):
        with pytest.raises(EvaluationError, match=r"steps|longer"):
            compile_expression(source).evaluate(long)


def test_a_very_deep_value_is_an_error_and_no_crash() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    for source in ("deep == [deep]", "deep | json", "[deep] | unique"):
        with pytest.raises(EvaluationError):
            compile_expression(source).evaluate({"deep": deep})


def test_what_is_no_value_never_comes_out() -> None:
    with pytest.raises(EvaluationError):
        compile_expression("thing").evaluate({"thing": object()})
    with pytest.raises(EvaluationError):
        compile_template("{{ thing }}").render({"thing": object()})
    assert compile_expression("thing.__class__").evaluate({"thing": object()}) is None


@pytest.mark.parametrize("source", CLASSICS)
def test_classic_attacks_end_in_our_own_errors(source: str) -> None:
    run_hostile(source)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_expression_error(source: str) -> None:
    run_hostile(source)


@settings(max_examples=600)
@given(st.integers(0, 2**64))
def test_generated_hostile_expressions_end_in_our_own_errors(seed: int) -> None:
    run_hostile(hostile(seed))


def run_hostile(source: str) -> None:
    """Only the language's own errors may come out, with a place within the source."""
    offsets = [0]
    with suppress(EvaluationError):
        try:
            compile_expression.__wrapped__(source).evaluate(CONTEXT)
        except ExpressionError as error:
            offsets.append(error.offset)
    with suppress(EvaluationError):
        try:
            compile_template.__wrapped__(source).render(CONTEXT)
        except ExpressionError as error:
            offsets.append(error.offset)
    assert 0 <= min(offsets) <= max(offsets) <= len(source)


_scalars = (
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.text(st.characters(codec="utf-8"), max_size=20)
)
_literals = st.recursive(
    _scalars | st.decimals(-(10**20), 10**20, allow_nan=False, places=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner)
    ),
    max_leaves=12,
)


def written(thing: object) -> str:
    """A value as a literal of the language."""
    if isinstance(thing, list):
        return "[" + ", ".join(map(written, thing)) + "]"
    if isinstance(thing, dict):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in thing.items()) + "}"
    if isinstance(thing, str):
        return '"' + thing.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return format(thing, "f") if isinstance(thing, Decimal) else repr(thing)


@given(_literals)
def test_a_value_that_is_written_as_a_literal_reads_the_same(thing: object) -> None:
    assert compile_expression.__wrapped__(written(thing)).evaluate({}) == thing
