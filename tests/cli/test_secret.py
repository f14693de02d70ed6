"""Proves that secrets go in by stdin, never by the command line, and never come out."""

from __future__ import annotations

import json

import pytest

from pytake_cli import secrets
from tests.cli.conftest import Run

VALUE = "EAAGcanarycanary"


def test_set_where_list_delete(pytake: Run) -> None:
    ran = pytake("secret", "set", "access_token", "-", "--scope", "200", stdin=f"{VALUE}\n")
    assert (ran.code, ran.err) == (0, "✓ access_token is in the sealed file\n")
    assert secrets.get("access_token", "200") == VALUE
    assert pytake("secret", "where", "access_token", "--scope", "200").out == "sealed file\n"
    assert pytake("secret", "list").out == "access_token\t200\tsealed file\n"
    assert pytake("secret", "delete", "access_token", "--scope", "200").code == 64
    assert pytake("secret", "delete", "access_token", "--scope", "200", "-y").code == 0
    assert pytake("secret", "where", "access_token").code == 5


def test_values_never_come_out(pytake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", VALUE)
    for words in (
        ["list"],
        ["list", "--json", "--fields", "all"],
        ["where", "app_secret"],
        ["move", "app_secret", "--to", "file"],
    ):
        ran = pytake("secret", *words, "-vv")
        assert VALUE not in ran.out + ran.err


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(pytake: Run) -> None:
    ran = pytake("secret", "set", "app_secret", VALUE)
    assert ran.code == 2
    assert VALUE not in ran.err
    assert "pytake secret set app_secret - < FILE" in ran.err


def test_without_a_terminal_nobody_is_asked(pytake: Run) -> None:
    error = json.loads(pytake("secret", "set", "app_secret", "--json").err)["error"]
    assert (error["slug"], error["exit_code"]) == ("PT-INPUT", 64)


def test_a_stronger_source_is_told(pytake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTAKE_SECRET_APP_SECRET", VALUE)
    ran = pytake("secret", "set", "app_secret", "-", stdin="another")
    assert "environment PYTAKE_SECRET_APP_SECRET wins" in ran.err


def test_questions_take_both_languages(screen: Run) -> None:
    for answer, is_gone in (("não\n", False), ("n\n", False), ("\n", False), ("maybe\nsim\n", True), ("y\n", True)):
        secrets.put("app_secret", VALUE)
        ran = screen("secret", "delete", "app_secret", stdin=answer)
        assert ran.code == 0
        assert "Delete the secret app_secret? [y/N]" in ran.err
        assert (secrets.get("app_secret") is None) is is_gone


def test_what_is_not_there_is_not_asked_about_and_where_shows_all(pytake: Run) -> None:
    assert pytake("secret", "delete", "nada").code == 5
    pytake("secret", "set", "app_secret", "-", stdin="x" * 20)
    assert pytake("secret", "where").out == pytake("secret", "list").out != ""
