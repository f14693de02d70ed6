"""Patterns of segments: a small language, read alike everywhere, that points at what it cannot do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.flow.patterns import PatternError
from pytake_cli.flow.words import fold
from pytake_cli.segment import patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^jo[aã]o\b", "João Souza"),
        ("ARAÚJO$", "ana araujo"),
        (r"\d{2,3}%", "100%"),
        ("stra(ß|x)e", "Strasse"),
        ("mar(ia|ta)", "Dona Márta"),
        ("a  ?b", "a b"),
        (r"[^\w ]", "a-b"),
        ("[À-Ü]na", "ana"),
        ("[一-龥]", "你好"),
        ("^$", ""),
        ("[]a]{2}", "a]"),
        (r"a\.b", "a.b"),
        ("{a", "{a"),
    ],
)
def test_these_patterns_fit(pattern: str, text: str) -> None:
    assert patterns.matches(pattern, fold(text))


@pytest.mark.parametrize(("pattern", "text"), [(r"\bana\b", "mariana"), ("a.c", "ac"), ("^b", "ab"), (r"\d", "a")])
def test_these_patterns_do_not_fit(pattern: str, text: str) -> None:
    assert not patterns.matches(pattern, fold(text))


@pytest.mark.parametrize(
    ("pattern", "offset", "words"),
    [
        ("a(?=b)", 1, "no looking ahead"),
        (r"(a)\1", 3, "not possible"),
        ("a**", 2, "at once again"),
        ("^*", 1, "nothing here"),
        ("*", 0, "nothing here"),
        ("(a", 0, "not closed"),
        ("a)", 1, "too many"),
        ("[a", 2, "too early"),
        ("[z-a]", 1, "backwards"),
        ("[[:alpha:]]", 1, "names"),
        ("a{101}", 1, "at most"),
        ("((a{50}){50}){2}", 1, "too much"),
        (r"\p{L}", 0, "not possible"),
        ("x" * 1001, 1000, "longer"),
    ],
)
def test_what_cannot_be_is_said_at_its_place(pattern: str, offset: int, words: str) -> None:
    with pytest.raises(PatternError) as raised:
        patterns.normal(pattern)
    assert words in raised.value.message
    assert raised.value.offset == offset


SIGNS = st.sampled_from((*"ab.^$|()[]-*+?{},2\\dwsB ", "ã", "ß", "(?:"))


@given(st.lists(SIGNS, max_size=12).map("".join), st.text("abAã ß2-.", max_size=8))
def test_a_pattern_means_what_pythons_own_engine_reads_in_it(pattern: str, text: str) -> None:
    try:
        read = patterns.normal(pattern)
    except PatternError:
        return
    found = re.search(read, fold(text), re.ASCII)  # folded text has no ends of lines, so `$` is its end
    assert patterns.matches(pattern, fold(text)) == (found is not None)
