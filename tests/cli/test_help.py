"""Proves that help is plain, narrow, complete in both languages, current, and cheap."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from pytake_cli import locale
from pytake_cli.cli import catalogue, surface_data, surface_text
from pytake_cli.cli.commands import COMMANDS, GROUPS
from pytake_cli.cli.topics import TOPICS, text_of
from pytake_cli.flow.definition import Trigger
from pytake_cli.flow.filters import FILTERS
from pytake_cli.flow.language.questions import FUNCTIONS, TESTS
from pytake_cli.flow.steps import VERBS
from tests.cli.conftest import Run

HEAVY = ("typing", "typer", "pydantic", "rich", "sqlalchemy", "dataclasses", "logging", "json", "pathlib")


@pytest.mark.parametrize("language", ["en", "pt-BR"])
@pytest.mark.parametrize("path", ["", *surface_data.SURFACE])
def test_help_fits_80_columns(path: str, language: str) -> None:
    locale.use(language)
    text = surface_text.help_for(path.split(), True)
    assert text is not None
    assert text.endswith("\n")
    for line in text.splitlines():
        is_example = "pytake" in line
        assert len(line) <= 80 or is_example, line
        assert line == line.rstrip()
        assert line.isprintable()


def test_every_command_has_help_and_examples() -> None:
    for path, entry in surface_data.SURFACE.items():
        assert entry["help"], path
        assert entry["verbs"] or entry["examples"], (
            f"{path} has no example: add a `$ pytake {path} …` line to its docstring"
        )


def test_examples_name_commands_that_exist() -> None:
    for path, entry in surface_data.SURFACE.items():
        for line, _comment in entry["examples"]:
            for words in re.findall(r"pytake ((?:[a-z]+ ?)+)", line):
                noun = words.split()[0]
                assert noun in COMMANDS or noun == "init", f"{path}: {line}"


def test_every_noun_is_in_a_group_or_comes_last() -> None:
    text = surface_text.everything(surface_data.SURFACE)
    for noun in COMMANDS:
        assert re.search(rf"^  {noun}\b", text, re.MULTILINE), noun
    assert all(isinstance(names, tuple) for names in GROUPS.values())


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_exist_in_both_languages_and_fit(topic: str) -> None:
    for language in locale.LANGUAGES:
        locale.use(language)
        text = text_of(topic)
        assert len(text) > 100
        assert max(len(line) for line in text.splitlines()) <= 80


def test_the_topic_on_flows_names_all_that_a_file_may_say() -> None:
    text = text_of("flows")
    for name in (*VERBS, *FILTERS, *TESTS, *(f"{name}(…)" for name in FUNCTIONS), *Trigger.model_fields):
        assert re.search(rf"^ *{re.escape(name)}(\s|$)", text, re.MULTILINE), name
    for model in VERBS.values():
        for name in model.written():
            assert re.search(rf"^ +{name}(\s|$)", text, re.MULTILINE), (model.verb, name)


def test_help_is_found_by_topic_command_and_word(pytake: Run) -> None:
    assert pytake("help", "exit-codes").out.startswith("EXIT CODES")
    assert pytake("help", "exit-codes", "--lang", "pt-BR").out.startswith("CÓDIGOS DE SAÍDA")
    assert "Usage: pytake config list" in pytake("help", "config", "list").out
    assert "PYTAKE_SERVE__PORT" in pytake("help", "environment").out
    assert "pytake secret set -h" in pytake("help", "-k", "keyring").out
    assert pytake("help", "-k", "xyzzy").code == 5
    assert "did you mean windows?" in pytake("help", "windwos").err.lower()


def test_a_bare_noun_and_h_anywhere_show_help(pytake: Run) -> None:
    wanted = pytake("config", "-h").out
    assert "Usage: pytake config VERB" in wanted
    for words in (
        ["config"],
        ["-h", "config"],
        ["configs", "--help"],
        ["-o", "acme", "config", "-h"],
        ["help", "config"],
    ):
        ran = pytake(*words)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == wanted or words[0] == "help"
    assert pytake("config", "set", "a", "--project", "-h").out == pytake("config", "set", "-h").out


def test_language_follows_flag_variable_settings_and_system(pytake: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Usage:" in pytake("config").out
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    assert "Uso:" in pytake("config").out
    pytake("config", "set", "lang", "en")
    assert "Usage:" in pytake("config").out
    monkeypatch.setenv("PYTAKE_LANG", "pt-BR")
    assert "Uso:" in pytake("config").out
    assert "Usage:" in pytake("--lang", "en", "config").out
    assert "Usage:" in pytake("config", "--lang=en").out


def test_the_catalogue_is_complete() -> None:
    assert catalogue.missing() == [], "run python -m pytake_cli.cli.catalogue --write, fill pytake.po, run it again"


def test_the_catalogue_is_compiled() -> None:
    po, mo = catalogue.updated()
    assert catalogue.PO.read_bytes() == po
    assert catalogue.MO.read_bytes() == mo


def test_translations_keep_their_placeholders_and_commands() -> None:
    for english, portuguese in catalogue.read().items():
        wanted = re.findall(r"\{[^}]*\}", english)
        if "{secret:NAME}" in english or "{field}" in english:
            continue  # these are shown, not filled in
        assert sorted(re.findall(r"\{[^}]*\}", portuguese)) == sorted(wanted), english
        assert english.endswith(" ") == portuguese.endswith(" "), english


def test_commands_are_data(pytake: Run) -> None:
    assert "config list" in pytake("commands", "--paths").out.splitlines()
    assert "  list" in pytake("commands", "--tree").out.splitlines()
    assert "config list\t" in pytake("commands").out
    import json

    assert json.loads(pytake("commands", "--json").out)["config"]["verbs"][0] == "list"


def test_errors_are_explained(pytake: Run) -> None:
    assert "PT-SECRET-MISSING" in pytake("errors", "pt-secret-missing").out
    assert pytake("errors", "PT-WA-131047").out == pytake("errors", "131047").out
    assert pytake("errors", "131047").out.startswith("131047\t")
    assert pytake("errors", "PT-SECRET-MISING").code == 5
    assert "did you mean PT-SECRET-MISSING?" in pytake("errors", "PT-SECRET-MISING").err.replace("Did", "did")


def imported(*words: str) -> set[str]:
    code = (
        f"import sys; from pytake_cli.cli.main import main; main({list(words)!r}); print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    return set(ran.stderr.split())


@pytest.mark.parametrize(
    "words", [["--version"], [], ["config", "-h"], ["config", "list", "-h"], ["help"], ["__complete", ""]]
)
def test_the_front_imports_nothing_heavy(words: list[str]) -> None:
    assert imported(*words) & set(HEAVY) == set()


def test_commands_import_only_what_they_use() -> None:
    assert (
        imported("config", "get", "org") & {"rich", "sqlalchemy", "keyring", "cryptography", "aiohttp", "phonenumbers"}
        == set()
    )


@pytest.mark.parametrize("noun", ["contact", "segment", "field", "campaign", "billing", "schedule", "privacy"])
def test_a_command_that_does_not_touch_the_store_or_meta_imports_neither(noun: str) -> None:
    code = f"import sys, pytake_cli.cli.{noun}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert set(ran.stdout.split()) & {"sqlalchemy", "aiohttp", "phonenumbers", "lark"} == set()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["__complete", "config", ""]])
def test_version_help_and_completion_load_next_to_nothing(words: list[str]) -> None:
    code = "import sys; print(*sys.modules)"
    bare = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    more = {name for name in imported(*words) if not name.startswith("pytake_cli")} - set(bare.stdout.split())
    assert more <= {"__future__", "gc"}


def test_a_long_example_goes_on_behind_a_backslash_and_means_the_same() -> None:
    import shlex

    for path, entry in surface_data.SURFACE.items():
        for typed, _comment in entry["examples"]:
            lines = surface_text._typed(typed)
            assert max(len(line) for line in lines) <= 80, path
            if "\n" not in typed and "#" not in typed:
                assert shlex.split("\n".join(lines).replace("\\\n", " ")) == shlex.split(typed), path
