"""The filter language of the inbox."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.errors import InvalidData
from pytake_cli.policy import inbox_filter
from pytake_cli.policy.inbox_filter import KEYS, WORDS, Term, complete, parse, written


def test_a_filter_reads_as_it_is_written() -> None:
    assert parse('status:open label:vip waiting>10m window<2h agent:@me text:"2ª via" -team:vendas karina') == (
        Term("status", ":", ("open",)),
        Term("label", ":", ("vip",)),
        Term("waiting", ">", ("10m",)),
        Term("window", "<", ("2h",)),
        Term("agent", ":", ("@me",)),
        Term("text", ":", ("2ª via",)),
        Term("team", ":", ("vendas",), negated=True),
        Term(WORDS, ":", ("karina",)),
    )


def test_commas_mean_any_of_them() -> None:
    assert parse('status:open,queued label:"muito vip",vip')[1].values == ("muito vip", "vip")


def test_portuguese_words_mean_the_same() -> None:
    assert parse("etiqueta:vip janela<2h") == parse("label:vip window<2h")


def test_every_example_can_be_read() -> None:
    for key in KEYS.values():
        assert parse(key.example)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("stauts:open", "did you mean status?"),
        ("status:opne", "did you mean open?"),
        ("waiting:10m", "waiting>10m"),
        ("waiting>soon", "no length of time"),
        ("waiting>999999999d", "no length of time"),
        ("label<3", "cannot be more or less"),
        ('text:"boleto', "a quote is open"),
        ("label:", "a value is missing"),
        ("unread>many", "no number"),
        ("x" * 1001, "1000 characters"),
    ],
)
def test_errors_say_what_would_be_right(text: str, hint: str) -> None:
    with pytest.raises(InvalidData) as caught:
        parse(text)
    assert caught.value.slug == "PT-FILTER"
    assert hint in caught.value.why.format(**caught.value.values)


def test_spans_are_lengths_of_time() -> None:
    assert parse("waiting>1h30m")[0].span == timedelta(minutes=90)


@given(st.text(max_size=60))
def test_nothing_but_its_own_error_comes_of_any_text(text: str) -> None:
    with contextlib.suppress(InvalidData):
        terms = parse(text)
        assert parse(written(terms)) == terms


@given(st.text(max_size=30), st.integers(0, 30))
def test_completing_never_fails(text: str, cursor: int) -> None:
    found = complete(text, min(cursor, len(text)))
    assert 0 <= found.start <= len(text)


def test_what_completes_depends_on_where_one_stands() -> None:
    assert ("status:", "where it stands") in complete("st").options
    assert complete("status:open,qu").options == (("queued", ""),)
    assert (complete("label:v").source, complete("label:v").start) == ("labels", 6)
    assert inbox_filter.complete("nope:x").options == ()
