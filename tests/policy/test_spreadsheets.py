"""Cells that a spreadsheet might run, encodings, delimiters, several values in one cell."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy import import_columns, spreadsheets

DANGEROUS = "=+-@\t\r\0＝＋－＠"
hostile = st.text(st.sampled_from([*DANGEROUS, "'", '"', " ", "\n", ";", ",", "|", "á", "1", "A"]), max_size=8)


@given(st.one_of(hostile, st.text(max_size=20)))
def test_a_guarded_cell_never_begins_like_a_formula_and_comes_back_as_it_was(text: str) -> None:
    cell = spreadsheets.guarded(text)
    assert cell[:1] not in tuple(DANGEROUS)
    assert cell.lstrip(' "\n')[:1] not in tuple(DANGEROUS)
    assert spreadsheets.unguarded(cell) == text


@pytest.mark.parametrize("text", ["=1+1", " =1", "'=1", '"=1"', "＝1", "\t=1", "@SUM(A1)", "-2+3", "+55", "\u3000=1"])
def test_formulas_are_recognised_behind_spaces_and_quotes(text: str) -> None:
    assert spreadsheets.guarded(text) == f"'{text}"


@given(st.lists(st.text(min_size=1, max_size=10).map(lambda t: " ".join(t.split())).filter(bool), max_size=5))
def test_several_values_in_a_cell_come_back_apart(values: list[str]) -> None:
    printable = [value for value in values if value.isprintable()]
    assert spreadsheets.split(spreadsheets.joined(printable)) == printable


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("Lúcia".encode(), "UTF-8"),
        (b"\xef\xbb\xbfL\xc3\xbacia", "UTF-8"),
        ("Lúcia".encode("latin-1"), "ISO-8859-1"),
        ("Lúcia – “a”".encode("cp1252"), "Windows-1252"),
        ("Lúcia".encode("utf-16"), "UTF-16"),
        ("Lúcia".encode("utf-16-le"), "UTF-16"),
        ("Lúcia".encode("utf-16-be"), "UTF-16"),
    ],
)
def test_encodings_are_detected_and_named(content: bytes, name: str) -> None:
    try:
        content.decode()
        is_utf8 = True
    except UnicodeDecodeError:
        is_utf8 = False
    codec, shown = spreadsheets.encoding_of(content, is_utf8=is_utf8)
    assert shown == name
    assert content.decode(codec).startswith("Lúcia")


@given(st.sampled_from(";,\t|"), st.lists(st.lists(hostile, min_size=3, max_size=3), max_size=5))
def test_the_delimiter_is_what_cuts_the_header(delimiter: str, rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([["nome", "celular", "cidade"], *rows])
    found = spreadsheets.delimiter_of(buffer.getvalue())
    assert found == delimiter


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Nome", "name"),
        ("CELULAR", "phone"),
        ("Telefone", "phone"),
        ("Whats App", "f.whats_app"),
        ("E-mail", "f.e_mail"),
        ("Cidade / UF", "f.cidade_uf"),
        ("Etiquetas", "tags"),
        ("Aceita MKT?", "?"),
        ("Opt-in", "?"),
        ("f.plano", "f.plano"),
        ("created_at", "-"),
        ("pytake_reason", "-"),
        ("1º pedido", "f.c_1o_pedido"),
        ("", "-"),
    ],
)
def test_headers_are_understood_in_both_languages(header: str, target: str) -> None:
    assert import_columns.guess([header]) == [target]


def test_of_several_telephones_the_mobile_is_the_phone() -> None:
    assert import_columns.guess(["Telefone", "Celular", "Nome"]) == ["f.telefone", "phone", "name"]


@pytest.mark.parametrize(
    ("header", "values", "type_"),
    [
        ("Idade", ["31", "42"], "number"),
        ("Valor", ["1.234,50", "10"], "number"),
        ("Nascimento", ["02/03/1990", "1990-03-02"], "date"),
        ("Assinante", ["sim", "Não"], "bool"),
        ("CEP", ["13010", "13011"], "text"),
        ("Loja", ["007", "012"], "text"),
        ("Ref", ["12345678901"], "text"),
        ("Obs", [], "text"),
        ("Idade", ["31", "n/a"], "text"),
    ],
)
def test_a_new_field_is_typed_by_what_the_column_holds(header: str, values: list[str], type_: str) -> None:
    assert import_columns.type_of(header, values) == type_
