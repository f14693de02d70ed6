"""Passwords: long ones of one's own are taken, those that are tried first are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytake_cli.policy.passwords import flaw, wait_after


@pytest.mark.parametrize(
    "password",
    [
        "curto",
        "a" * 12,
        "abcabcabcabc",
        "121212121212",
        "password1234",
        "P@ssw0rd2026!",
        "senhasenha123",
        "Senha-do-Flamengo"[:5] + "flamengo2026",
        "qwertyuiop123",
        "1q2w3e4r5t6y",
        "1234567890123",
        "0987654321098",
        "zxcvbnm123456",
        "admin@admin.123",
        "corinthians1910",
        "jesuscristo2026",
        "2026!!BemVindo"[:6] + "welcome123",
        "abcdefghijkl",
        "x" * 129,
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert flaw(password)


@pytest.mark.parametrize(
    "password",
    [
        "tres gatos no telhado",
        "ônibus-azul-às-sete",
        "correct horse battery staple",
        "kX9#vv2mPq!d",
        "日本語のパスワードは長いです",
        "g" * 3 + "ulodice muito bem",
        "\x00nul é permitido\x00",
        "x7" + "Zq-93.kfow" * 12,
    ],
)
def test_a_long_one_of_one_s_own_is_taken_without_rules_of_composition(password: str) -> None:
    assert flaw(password, ["ana@loja.com.br", "Loja Sul"]) == ""


def test_the_name_of_the_person_or_the_company_does_not_make_one() -> None:
    assert flaw("lojaSul-2026!", ["lojasul"])
    assert flaw("marianagomes1", ["Marianagomes"])
    assert flaw("lojasul tem nove vendedores", ["lojasul"]) == ""


def test_the_wait_grows_from_a_second_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(failed).total_seconds() for failed in range(17)]
    assert waits[:8] == [0, 0, 0, 0, 0, 1, 2, 4]
    assert waits == sorted(waits)
    assert wait_after(10**6) == timedelta(minutes=15)


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=3))
def test_any_text_is_judged(password: str, names: list[str]) -> None:
    assert isinstance(flaw(password, names), str)
