"""--ascii, TERM=dumb and the C locale: what we say is ASCII, what others wrote stays theirs."""

from __future__ import annotations

import pytest

from pytake_cli import locale
from pytake_cli.cli.surface_data import SURFACE
from pytake_cli.cli.topics import TOPICS
from pytake_cli.errors import SLUGS
from tests.cli.conftest import Run


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_help_of_every_command_and_topic_is_ascii(pytake: Run, language: str) -> None:
    lines = [(*path.split(), "-h") for path in SURFACE] + [("help", topic) for topic in TOPICS]
    lines += [(), ("help",), ("help", "flags"), ("help", "-k", "token"), ("trigger", "--list"), ("errors",)]
    for words in lines:
        ran = pytake(*words, "--ascii", "--lang", language)
        assert ran.code == 0, words
        assert (ran.out + ran.err).isascii(), words


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_every_explanation_of_an_error_is_ascii(pytake: Run, language: str) -> None:
    for slug in (*SLUGS, "PT-WA-131047", "PT-WA-130429"):
        assert pytake("errors", slug, "--ascii", "--lang", language).out.isascii(), slug


@pytest.mark.parametrize("language", locale.LANGUAGES)
def test_what_commands_say_is_ascii_on_a_screen(screen: Run, language: str) -> None:
    screen("init", "--no-input", "--org-name", "Loja", "--number", "emulator")
    screen("contact", "create", "+5511968184101", "--name", "Ana")
    for line in (
        "init -y", "status", "doctor", "number show", "contact list", "contact show 1", "contact set 1 tz=Mars",
        "conversation list", "conversation search oi", "conversation resolve 9", "message send --to 1 -m oi",
        "message send --to 1 -t hello_world -n", "message list", "message send", "webhook url", "queue list",
        "config list", "config explain serve.port", "config set serve.port abc", "db status", "secret list",
        "trace 99", "listen --for 0s",
        "contact merge 1 1", "nada", "contact list --fields nada", "logs tail --no-follow", "emulator status",
    ):  # fmt: skip
        ran = screen(*line.split(), "--ascii", "--lang", language)
        assert (ran.out + ran.err).isascii(), (line, ran.out + ran.err)


def test_what_customers_are_called_is_not_rewritten(screen: Run) -> None:
    screen("init", "--no-input", "--org-name", "Loja", "--number", "emulator")
    screen("contact", "create", "+5511968184101", "--name", "João «Zé» …")
    assert "João «Zé» …" in screen("contact", "list", "--ascii").out


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("LC_ALL", "C"), ("PYTAKE_ASCII", "1")])
def test_a_terminal_that_can_do_nothing_gets_ascii(
    screen: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "error:" in screen("nada", "--no-color").err
    assert screen("secret", "-h").out.isascii()
