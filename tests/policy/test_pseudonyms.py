"""Numbers and addresses of people do not go to a language model, and come back from it as they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.pseudonyms import Pseudonyms

PRIVATE = {
    "phone": [
        "+55 11 96818-4101", "+5511968184101", "11968184101", "(11) 96818-4101", "11 96818 4101", "96818-4101",
        "3333-4444", "+1 (415) 555-2671", "5511968184101", "+44 20 7946 0958", "(11)968184101",
    ],
    "cpf": ["529.982.247-25", "52998224725", "111.444.777-35"],
    "cnpj": ["11.222.333/0001-81", "11222333000181"],
    "card": ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"],
    "email": ["ana.souza@example.com.br", "A+b@x.io"],
}  # fmt: skip
HARMLESS = [
    "2026-11-22", "22/11/2026", "22.11.2026", "10:30", "R$ 1.234,56", "R$ 12.345.678,90", "150.000", "pedido 12345",
    "3 pizzas", "CEP 01310-100", "às 9h", "100%", "2026-11-22 10:30", "1234567", "0,5", "v1.2.3",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in PRIVATE.items() for value in values])
def test_what_names_a_person_is_hidden_and_shown_again(kind: str, value: str) -> None:
    for text in (value, f"meu contato é {value}.", f"({value}), ok?", f"a\n{value}\nb"):
        pseudonyms = Pseudonyms()
        hidden = pseudonyms.hide(text)
        assert f"[{kind}-1]" in hidden
        assert not set(re.findall(r"\d{3,}", value)) & set(re.findall(r"\d{3,}", hidden))
        assert pseudonyms.show(hidden) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_dates_times_prices_and_short_numbers_stay(text: str) -> None:
    assert Pseudonyms().hide(f"é {text} sim") == f"é {text} sim"


def test_the_same_number_has_the_same_name_however_it_is_written() -> None:
    pseudonyms = Pseudonyms()
    assert pseudonyms.hide("(11) 96818-4101 ou 11968184101 ou (21) 96818-4102") == "[phone-1] ou [phone-1] ou [phone-2]"


def test_a_name_that_was_not_given_out_is_only_a_word() -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.hide("11968184101")
    found = pseudonyms.show({"to": ["[phone-1]", "[phone-2]", "[cpf-1]"]})
    assert found == {"to": ["11968184101", "[phone-2]", "[cpf-1]"]}


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    pseudonyms = Pseudonyms()
    if "[" not in text:
        assert pseudonyms.show(pseudonyms.hide(text)).lower() == text.lower()
