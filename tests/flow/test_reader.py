"""YAML 1.2 as flow files have it: values, places, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.reader import MAX_BYTES, decode, read


def data(source: str) -> Any:
    """The values of a source without problems."""
    found = read(source, "f")
    assert found.problems == []
    return found.data


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-1.5", -1.5),
        ("0800", "0800"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("1e400", "1e400"),
        (".inf", ".inf"),
        ("09:30", "09:30"),
        ("12:30:45", "12:30:45"),
        ("2026-03-01", "2026-03-01"),
        ("+5511968184101", "+5511968184101"),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"no"', "no"),
        ("!!str 12", "12"),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_a_plain_word_is_what_yaml_12_says(written: str, meant: Any) -> None:
    found = data(f"a: {written}\n")["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_words_even_when_they_look_like_numbers() -> None:
    assert data("1: um\ntrue: sim\nno: não\n") == {"1": "um", "true": "sim", "no": "não"}


def test_aliases_and_merge_keys_are_written_out() -> None:
    source = "base: &b {timeout: 30m, retries: 2}\nother: &o {note: x}\na:\n  <<: [*b, *o]\n  retries: 3\nc: *b\n"
    assert data(source)["a"] == {"retries": 3, "timeout": "30m", "note": "x"}
    assert data(source)["c"] == {"timeout": "30m", "retries": 2}


def test_an_anchor_may_be_set_anew() -> None:
    assert data("a: &x 1\nb: &x 2\nc: *x\n") == {"a": 1, "b": 2, "c": 2}


def test_line_ends_and_a_mark_at_the_beginning_do_not_matter() -> None:
    assert data("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n") == {"a": 1, "b": "x\ny\n"}
    assert decode(b"\xef\xbb\xbfa: 1\n", "f") == "a: 1\n"


def test_a_file_in_another_encoding_is_refused_at_the_byte() -> None:
    with pytest.raises(FlowErrors) as raised:
        decode("a: 1\nb: Olá".encode("latin-1"), "f")
    assert str(raised.value.problems[0]) == "f:2:6  the byte 0xe1 is no UTF-8; save the file as UTF-8"


def test_a_file_that_is_too_large_is_refused() -> None:
    big = "a: " + "x" * MAX_BYTES
    for source in (lambda: read(big, "f"), lambda: decode(big.encode(), "f")):
        with pytest.raises(FlowErrors) as raised:
            source()
        assert raised.value.problems[0].slug == "PT-FLOW-SIZE"


def test_what_aliases_repeat_is_counted() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(FlowErrors) as raised:
        read("\n".join(lines), "f")
    assert raised.value.problems[0].slug == "PT-FLOW-SIZE"


PLACES = """\
plain: one {{ x }} two
folded: one
  two {{ x }}
single: 'it''s {{ x }}'
double: "a\\tb\\u00e9 \\
  c {{ x }}"
literal: |
  first

    second {{ x }}
block: >-
  one
  two

  three {{ x }}
"""


@pytest.mark.parametrize("key", ["plain", "folded", "single", "double", "literal", "block"])
def test_each_character_of_a_text_has_its_place(key: str) -> None:
    found = read(PLACES, "f")
    offset = found.data[key].index("{{")
    line, column = found.positions.inside((key,), offset)
    assert PLACES.split("\n")[line - 1][column - 1 :].startswith("{{ x }}")


def test_a_path_that_is_not_there_has_the_place_of_what_it_would_be_in() -> None:
    positions = read("steps:\n  a:\n    say: x\n", "f").positions
    assert positions.value(("steps", "a", "say")) == (3, 10)
    assert positions.key(("steps", "a", "say")) == (3, 5)
    assert positions.value(("steps", "a", "next")) == (2, 3)
    assert positions.value(("nothing",)) == (1, 1)
