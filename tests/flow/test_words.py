"""Folding, close spellings and patterns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.flow.patterns import MAX_PATTERN, PatternError, compile_pattern
from pytake_cli.flow.words import bare, closest, distance, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [("  OLÁ,\n Você ", "ola, voce"), ("ÇÃO", "cao"), ("Straße", "strasse"), ("2️⃣", "2"), ("ＡＢ", "ab"), ("", "")],
)
def test_words_are_folded_for_case_accents_and_spaces(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_punctuation_around_a_word_is_left_away() -> None:
    assert bare("¡Menu!!") == "menu"
    assert bare("👍") == "👍"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("agedar", "agendar"),
        ("agnedar", "agendar"),
        ("agenadra", "agendar"),
        ("cancela", "cancelar"),
        ("AGENDÁR", "agendar"),
        ("xagendarx", "agendar"),
        ("xxagendarx", None),
        ("sin", "sim"),
        ("si", None),
        ("sxx", None),
        ("", None),
    ],
)
def test_a_close_spelling_is_found_when_only_one_is_close(text: str, found: str | None) -> None:
    assert closest(text, ["agendar", "cancelar", "sim"]) == found


def test_two_close_spellings_are_none() -> None:
    assert closest("gato", ["rato", "pato"]) is None
    assert closest("rato", ["rato", "pato"]) == "rato"


def reference(one: str, other: str) -> int:
    """The textbook's distance, with the whole table."""
    table = {(-1, -1): 0}
    for row in range(-1, len(one)):
        for column in range(-1, len(other)):
            if row < 0 or column < 0:
                table[row, column] = row + column + 2
                continue
            table[row, column] = min(
                table[row - 1, column] + 1,
                table[row, column - 1] + 1,
                table[row - 1, column - 1] + (one[row] != other[column]),
            )
            if row and column and one[row] == other[column - 1] and one[row - 1] == other[column]:
                table[row, column] = min(table[row, column], table[row - 2, column - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 3))
def test_the_distance_is_the_textbook_one_up_to_its_limit(one: str, other: str, limit: int) -> None:
    wanted = reference(one, other)
    assert distance(one, other, limit) == (wanted if wanted <= limit else None)


def test_a_pattern_matches_the_whole_trimmed_text_without_case() -> None:
    plate = compile_pattern(r"[a-z]{3}-?\d[a-z0-9]\d{2}")
    assert plate.fullmatch("  ABC1D23 ")
    assert not plate.fullmatch("ABC1D23 x")
    assert plate.search("placa ABC1D23, azul")
    assert compile_pattern("ção").fullmatch("ÇÃO")
    assert not compile_pattern("abc", ignore_case=False).fullmatch("ABC")
    assert not plate.fullmatch("\ud800")


@pytest.mark.parametrize(
    ("source", "message", "offset"),
    [
        ("á(é", "missing )", 0),
        ("ab[c", "missing ]", 2),
        ("[z-a]", "invalid character class range: z-a", 1),
        ("a(?=b)", "look-ahead and look-behind are not possible", 1),
        (r"(a)\1", "back references are not possible", 3),
        ("x{1001}", "invalid repetition size", 1),
        ("\ud800", "half a character", 0),
        ("a" * (MAX_PATTERN + 1), "longer than 1000", MAX_PATTERN),
        (r"(?:[\p{L}]{500}){2}" * 20, "", 0),
    ],
)
def test_a_wrong_pattern_is_refused_at_its_place(source: str, message: str, offset: int) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(source)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_a_pattern_that_blows_up_elsewhere_does_not_here() -> None:
    assert not compile_pattern("(a*)*b").fullmatch("a" * 4000)
    assert not compile_pattern(r"(\w+\s?)*!").fullmatch("palavra " * 500)


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_pattern_error(source: str) -> None:
    try:
        compile_pattern(source).fullmatch(source)
    except PatternError as error:
        assert error.offset in range(len(source) + 1)  # noqa: PT017
