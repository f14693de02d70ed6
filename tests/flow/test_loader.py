"""Loading: shorthands mean the same, nothing but FlowErrors comes out, whatever goes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytake_cli.flow.check import examine
from pytake_cli.flow.loader import load
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.steps import VERBS
from pytake_cli.flow.written import plain
from tests.flow.surroundings import KNOWN

SAMPLE = (Path(__file__).parent / "samples" / "agenda.yaml").read_text(encoding="utf-8")
WORDS = sorted(
    {*SAMPLE.replace(":", " ").split(), *VERBS, "{{", "}}", "*x", "&x", "<<", "|", ">", "- ", "\t", "'", '"'}
)


def test_a_sound_flow_has_no_problems() -> None:
    assert [str(each) for each in examine(SAMPLE, "agenda.yaml", KNOWN).problems] == []


def test_a_flow_is_called_like_its_file_unless_it_says_otherwise() -> None:
    source = "start: a\nsteps:\n  a: {say: Oi, next: end}\n"
    assert load(source, "flows/Minha Agenda.yaml").name == "minha-agenda"
    assert load("name: outra\n" + source, "flows/agenda.yaml").name == "outra"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("say: Oi", "say: {text: Oi}"),
        ("wait: 2h", "wait: {for: 2h}"),
        ("handoff: vendas\n    text: Já vem", "handoff: {team: vendas, text: Já vem}"),
        ("end: done", "end: {outcome: done}"),
    ],
)
def test_a_verb_may_have_its_main_value_or_a_map(short: str, long: str) -> None:
    one, other = (load(f"start: a\nsteps:\n  a:\n    {written}\n", "f.yaml").steps["a"] for written in (short, long))
    assert plain(one) == plain(other)


def test_a_mistake_in_one_step_does_not_hide_those_of_others() -> None:
    source = SAMPLE.replace("goto: is_known", "goto: is_knwon").replace("expect: date", "expect: dat")
    found = examine(source, "f.yaml", KNOWN).problems
    assert [each.slug for each in found] == ["PT-FLOW-TARGET", "PT-FLOW-WORD"]


def refuses_or_loads(source: str) -> None:
    """FlowErrors or a flow; `examine` never raises."""
    examined = examine(source, "f.yaml", KNOWN)
    try:
        load(source, "f.yaml")
    except FlowErrors as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(each.line >= 1 and each.column >= 1 and each.sentence for each in problems)
    assert examined.flow is None


@settings(max_examples=300, deadline=None)
@example("a: &a [*a]")
@example("\x00")
@example("\ud800")
@example("? [a]\n: b")
@example("start: {a: {b: {{c}}}}")
@example("{}: {}")
@given(st.text(max_size=200))
def test_any_text_is_refused_or_loaded(source: str) -> None:
    refuses_or_loads(source)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_loaded(source: bytes) -> None:
    assert examine(source, "f.yaml").problems or examine(source, "f.yaml").flow


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SAMPLE) - 1),
            st.integers(0, 12),
            st.sampled_from(WORDS) | st.text(max_size=4),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_flow_with_slips_is_refused_or_loaded(slips: list[tuple[int, int, str]]) -> None:
    source = SAMPLE
    for at, length, instead in slips:
        source = source[:at] + instead + source[at + length :]
    refuses_or_loads(source)


KEYS = st.sampled_from(sorted({key for model in VERBS.values() for key in model.written()} | set(VERBS)))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=5), st.sampled_from(list(VERBS)), JSON)
def test_any_fields_of_any_verb_are_refused_or_loaded(fields: dict[str, Any], verb: str, value: Any) -> None:
    import json

    step = json.dumps({verb: value, **fields})
    refuses_or_loads(f"start: a\nvars: {{x: {{type: text}}}}\non_error: a\nsteps:\n  a: {step}\n  b: {{end: x}}\n")
