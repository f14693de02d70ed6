"""Links of a model's answer: which are found, which may stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.links import without

OURS = ["loja.com.br"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/c?d=cpf",
        "HTTP://EVIL.EXAMPLE/X",
        "www.evil.com",
        "evil.com",
        "ana-souza.123.evil.com",
        "EVIL.COM",
        "Evil.Com/x",
        "evil.com:8080/x",
        "evil.com?x=1",
        "https://loja.com.br@evil.com/x",
        "https://loja.com.br.evil.com/x",
        "https://evil.com\\.loja.com.br/x",
        "https://evilloja.com.br",
        "https://[::1/x",
        "ftp://evil.com/x",
        "whatsapp://send?text=cpf",
        "evil。com/x",
        "wa.me/5511968184101",
        "nota.pdf/x",
    ],
)
def test_a_link_to_a_host_that_nobody_named_is_taken_out(link: str) -> None:
    assert without(f"Veja {link}, e responda.", OURS) == ("Veja […], e responda.", 1)


@pytest.mark.parametrize(
    "text",
    [
        "Veja https://loja.com.br/pedidos/7?x=1.",
        "Veja www.loja.com.br!",
        "Veja LOJA.COM.BR e pedidos.loja.com.br/7",
        "Escreva a ana@evil.com",
        "São R$ 1.200,50, às 9h.Obrigado",
        "Mande a nota.pdf até 10.12.2026",
        "Etc... e tal",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert without(text, OURS) == (text, 0)


def test_a_link_in_markdown_leaves_its_words() -> None:
    assert without("[aqui](https://evil.com/a) ou *evil.com*", []) == ("[aqui]([…]) ou *[…]*", 2)


@given(st.text(max_size=300))
def test_what_is_left_has_no_link_any_more(text: str) -> None:
    once, _count = without(text, [])
    assert "://" not in once or without(once, [])[0] == once
