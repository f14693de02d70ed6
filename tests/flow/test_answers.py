"""Answers as customers write them, read as the language means them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.flow.answers import EXPECTS, REASONS, Accepted, Choice, Options, Refused, read
from pytake_cli.flow.answers.numbers import read_number
from pytake_cli.flow.documents import is_cnpj, is_cpf
from pytake_cli.flow.locales import LOCALES, format_number, locale_of
from pytake_cli.flow.patterns import compile_pattern
from pytake_cli.flow.reply import Reply

ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)  # a Monday
CHOICES = (
    Choice("geral", "Consulta geral"),
    Choice("odonto", "Odontologia", "Limpeza e canal"),
    Choice("olhos", "Oftalmologia"),
    Choice("humano", "Falar com alguém"),
)


def answer(expect: str, text: str, language: str = "pt-BR", **options: Any) -> object:
    """The value, or the reason it was refused for."""
    outcome = read(expect, Reply("text", text), Options(**options), NOW, language)
    return outcome.value if isinstance(outcome, Accepted) else outcome.reason


def shown(expect: str, text: str, language: str = "pt-BR", **options: Any) -> str:
    outcome = read(expect, Reply("text", text), Options(**options), NOW, language)
    assert isinstance(outcome, Accepted)
    return outcome.display


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("150.000", 150_000),
        ("1.234,56", Decimal("1234.56")),
        ("1,234.56", Decimal("1234.56")),  # can mean nothing else
        ("1.5", Decimal("1.5")),
        ("0.500", Decimal("0.5")),
        ("R$ 50", 50),
        ("R$ 1.500,00", 1500),
        ("50 reais", 50),
        ("50 reais e 30 centavos", Decimal("50.3")),
        ("50%", 50),
        ("-3", -3),
        ("5 mil", 5000),
        ("dez mil", 10_000),
        ("2 milhões", 2_000_000),
        ("vinte e cinco", 25),
        ("três", 3),
        ("2 pessoas", 2),
        ("tenho 25 anos", 25),
        ("uns 50", 50),
        ("1 234 567", 1_234_567),
        ("1 ou 2", "format"),
        ("3 ou quatro", "format"),
        ("1.2.3", "format"),
        ("10²", "format"),
        ("1e5", "format"),
        ("1/2", "format"),
        ("não", "format"),
        ("9" * 40, "format"),
        ("1" * 501, "long"),
    ],
)
def test_numbers_are_read_as_brazil_writes_them(text: str, value: object) -> None:
    assert answer("number", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("150.000", 150),
        ("1,234.56", Decimal("1234.56")),
        ("1,234", 1234),
        ("1,5", Decimal("1.5")),
        ("$1,200", 1200),
        ("twenty-five", 25),
        ("one hundred", 100),
        ("2 people", 2),
    ],
)
def test_numbers_are_read_as_english_writes_them(text: str, value: object) -> None:
    assert answer("number", text, "en") == value


@given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from(sorted(LOCALES)))
def test_a_number_that_is_written_in_a_language_is_read_back(number: Decimal, language: str) -> None:
    locale = locale_of(language)
    # three decimals of one group would be thousands, so four are written
    assert read_number(format_number(number, locale, 4), locale) == number


@pytest.mark.parametrize(
    "text",
    [
        "sim",
        "S",
        "Sim, por favor!",
        "claro",
        "com certeza",
        "pode ser",
        "ok",
        "isso mesmo",
        "quero sim",
        "👍",
        "👍🏽",
        "sim!!! ❤️",
        "yes please",
        "✅",
    ],
)
def test_yes_is_understood(text: str) -> None:
    assert answer("yes_no", text) is True


@pytest.mark.parametrize(
    "text", ["não", "N", "nao obrigado", "Não quero", "não, tá certo", "no thanks", "nunca", "👎", "🙅‍♀️"]
)
def test_no_is_understood(text: str) -> None:
    assert answer("yes_no", text) is False


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("talvez", "unknown"),
        ("sim e não", "ambiguous"),
        ("sim ou não", "unknown"),
        ("não sei", "unknown"),
        ("❤️", "unknown"),
    ],
)
def test_what_is_neither_yes_nor_no_is_refused(text: str, reason: str) -> None:
    assert answer("yes_no", text) == reason


def test_a_tapped_button_says_yes_by_its_id_or_its_title() -> None:
    for reply in (Reply("interactive", "Claro!", "sim", "Claro!"), Reply("button", "Sim", "payload-7", "Sim")):
        assert read("yes_no", reply, Options(), NOW, "pt-BR") == Accepted(True, "sim")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "odonto"),
        ("2)", "odonto"),
        ("2️⃣", "odonto"),
        ("opção 2", "odonto"),
        ("op. 2", "odonto"),
        ("a segunda", "odonto"),
        ("ODONTOLOGIA", "odonto"),
        ("odonto", "odonto"),
        ("odontolgia", "odonto"),
        ("oftamologia", "olhos"),
        ("consulta gerl", "geral"),
        ("falar com alguem!", "humano"),
        ("9", "unknown"),
        ("0", "unknown"),
        ("consulta", "unknown"),
        ("xyz", "unknown"),
        ("...", "unknown"),
    ],
)
def test_a_choice_is_found_by_number_title_id_or_close_spelling(text: str, value: str) -> None:
    assert answer("choice", text, choices=CHOICES) == value


def test_a_spelling_that_is_close_to_two_choices_is_no_choice() -> None:
    alike = (Choice("a", "Remarcar"), Choice("b", "Demarcar"))
    assert answer("choice", "emarcar", choices=alike) == "unknown"
    assert answer("choice", "remarcar", choices=alike) == "a"


def test_a_number_that_may_be_a_place_or_a_title_is_ambiguous() -> None:
    tables = (Choice("a", "2 pessoas"), Choice("b", "4 pessoas"), Choice("c", "6 pessoas"))
    assert [answer("choice", text, choices=tables) for text in ("2", "4", "1", "2 pessoas")] == [
        "ambiguous",
        "b",
        "a",
        "a",
    ]


def test_a_tapped_choice_is_found_by_its_id_and_an_old_button_is_told_apart() -> None:
    def tapped(choice: str, title: str) -> object:
        return read("choice", Reply("interactive", title, choice, title), Options(choices=CHOICES), NOW, "pt-BR")

    assert tapped("olhos", "Oftalmologia") == Accepted("olhos", "Oftalmologia")
    assert tapped("q1-olhos", "Oftalmologia") == Accepted("olhos", "Oftalmologia")
    assert tapped("old", "Outra coisa") == Refused("old")
    assert read("text", Reply("interactive", "Sim", "sim", "Sim"), Options(), NOW, "pt-BR") == Refused("old")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1, 3", ["geral", "olhos"]),
        ("3 e 1", ["geral", "olhos"]),
        ("1 3", ["geral", "olhos"]),
        ("odonto\nolhos\nodonto", ["odonto", "olhos"]),
        ("consulta geral, falar com alguém e odonto", ["geral", "odonto", "humano"]),
        ("todos", ["geral", "odonto", "olhos", "humano"]),
        ("2", ["odonto"]),
        ("1, 9", "unknown"),
    ],
)
def test_several_choices_are_read(text: str, value: object) -> None:
    assert answer("multi", text, choices=CHOICES) == value


def test_several_choices_are_counted_and_shown_with_an_and() -> None:
    assert answer("multi", "1", choices=CHOICES, min=2) == "few"
    assert answer("multi", "1,2,3", choices=CHOICES, max=2) == "many"
    assert shown("multi", "1,2,3", choices=CHOICES) == "Consulta geral, Odontologia e Oftalmologia"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("11987654321", "+5511987654321"),
        ("(11) 98765-4321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("meu número é 11 98765-4321", "+5511987654321"),
        ("+1 212 555 0123", "+12125550123"),
        ("123", "format"),
        ("não tenho", "format"),
        ("11 98765 4321 ou 11 3333-4444", "ambiguous"),
    ],
)
def test_phones_are_read_with_the_country_of_the_language(text: str, value: str) -> None:
    assert answer("phone", text) == value


def test_a_shared_contact_answers_for_a_phone() -> None:
    card = {
        "name": {"formatted_name": "Ana Souza"},
        "phones": [{"phone": "+55 11 98765-4321", "wa_id": "5511987654321"}],
    }
    reply = Reply("contacts", contacts=(card,))
    assert read("phone", reply, Options(), NOW, "pt-BR") == Accepted("+5511987654321", "+55 11 98765-4321")
    known = read("contact", reply, Options(), NOW, "pt-BR")
    assert isinstance(known, Accepted)
    assert known.display == "Ana Souza"
    assert read("email", reply, Options(), NOW, "pt-BR") == Refused("kind")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ana@x.com", "ana@x.com"),
        ("meu email é Ana.Souza@Gmail.COM.", "Ana.Souza@gmail.com"),
        ("ana @ x.com.br", "ana@x.com.br"),
        ("a@b", "format"),
        ("a..b@x.com", "format"),
        ("a@x.com ou b@y.com", "ambiguous"),
    ],
)
def test_emails_are_read(text: str, value: str) -> None:
    assert answer("email", text) == value


def test_tax_numbers_are_checked() -> None:
    assert answer("cpf", "cpf 123.456.789-09") == "12345678909"
    assert answer("cpf", "123.456.789-00") == "check"
    assert answer("cpf", "111.111.111-11") == "check"
    assert answer("cpf", "123") == "format"
    assert answer("cnpj", "11.222.333/0001-81") == "11222333000181"
    assert answer("cnpj", "11.222.333/0001-80") == "check"
    assert shown("cnpj", "12abc34501de35") == "12.ABC.345/01DE-35"  # the example of the Receita Federal


def test_zeros_are_no_tax_number() -> None:
    assert not is_cpf("0" * 11)
    assert not is_cnpj("0" * 14)


def test_text_is_kept_as_it_was_written_within_its_bounds() -> None:
    assert answer("text", "  Ana Souza ") == "Ana Souza"
    assert answer("text", "A", min=2) == "short"
    assert answer("text", "Ana", max=2) == "long"
    assert answer("text", "  ") == "empty"
    assert answer("text", "abc", pattern=compile_pattern("[0-9]+")) == "format"
    assert answer("regex", " AB-12 ", pattern=compile_pattern("[a-z]{2}-[0-9]{2}")) == "AB-12"
    assert answer("number", "5", min=10) == "small"
    assert answer("number", "50", max=Decimal("49.9")) == "big"


@pytest.mark.parametrize("bound", [None, "NaN", "ontem", True, [1], "99:99"])
def test_a_bound_that_is_none_bounds_nothing(bound: Any) -> None:
    asked = {"number": "5", "text": "abc", "multi": "1", "date": "amanhã", "time": "9h", "datetime": "amanhã 9h"}
    for expect, text in asked.items():
        assert not isinstance(read(expect, Reply("text", text), Options(CHOICES, bound, bound), NOW, "pt-BR"), Refused)


def test_files_places_and_other_kinds_are_told_apart() -> None:
    photo = Reply("image", media={"id": "media:7", "mime_type": "image/jpeg", "size": 900})
    sent_as_file = Reply("document", media={"id": "media:8", "mime_type": "image/png", "filename": "joelho.png"})
    place = Reply("location", location={"latitude": -23.5, "longitude": -46.6, "name": "MASP"})

    def outcome(expect: str, reply: Reply, **options: Any) -> object:
        found = read(expect, reply, Options(**options), NOW, "pt-BR")
        return found.display if isinstance(found, Accepted) else found.reason

    assert outcome("image", photo) == "image"
    assert outcome("file", photo) == "image"
    assert outcome("document", photo) == "kind"
    assert outcome("image", sent_as_file) == "joelho.png"
    assert outcome("document", sent_as_file) == "joelho.png"
    assert outcome("image", photo, max=800) == "big"
    assert outcome("location", place) == "MASP"
    assert outcome("text", photo) == "kind"
    assert outcome("text", Reply("sticker", media={"id": "media:9"})) == "kind"
    assert outcome("file", Reply("sticker", media={"id": "media:9"})) == "kind"
    assert outcome("choice", Reply("reaction", "👍"), choices=CHOICES) == "kind"


def test_values_are_shown_back_in_the_language() -> None:
    assert shown("number", "1234,5") == "1.234,5"
    assert shown("date", "amanhã") == "03/03/2026"
    assert shown("date", "tomorrow", "en") == "Mar 3, 2026"
    assert shown("time", "3pm", "en") == "3:00 PM"
    assert shown("datetime", "amanhã 9h") == "03/03/2026 às 09:00"
    assert shown("yes_no", "yes", "en") == "yes"


_PIECES = "1 9h 25 32 às dia de março sexta 15/03 31/02 0 99:99 am pm e meia , . - + R$ mil vinte amanhã next 2026"
_WORDS = st.sampled_from([*_PIECES.split(), "²", "½", "٣", "👍", "@", "ou"])


@given(
    st.sampled_from(EXPECTS),
    st.text(max_size=40) | st.lists(_WORDS, max_size=7).map(" ".join),
    st.sampled_from(["pt-BR", "en", "en-GB", "es", "", "x" * 99]),
)
def test_any_answer_is_accepted_or_refused_for_a_known_reason(expect: str, text: str, language: str) -> None:
    outcome = read(expect, Reply("text", text), Options(choices=CHOICES), NOW, language)
    assert isinstance(outcome, Accepted) or outcome.reason in REASONS


@given(st.builds(Reply, st.sampled_from(["text", "image"]), st.text(), st.none() | st.text(), st.none() | st.text()))
def test_a_reply_survives_json(reply: Reply) -> None:
    assert Reply.from_json(reply.to_json()) == reply
    assert reply.as_message()["type"] == reply.kind
