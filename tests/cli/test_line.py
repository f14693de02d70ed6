"""Proves that flags work anywhere in the line and that misspelt words are answered with their neighbour."""

from __future__ import annotations

import itertools
import json

import pytest

from pytake_cli.cli import problems
from pytake_cli.cli.line import Flags, Line, take_apart
from pytake_cli.errors import UsageError
from tests.cli.conftest import Run


def taken(*words: str) -> Line:
    line = Line()
    take_apart(list(words), line)
    return line


def test_global_flags_work_before_between_and_after() -> None:
    for words in itertools.permutations(("--json", "--tz=UTC", "-v")):
        first, second, third = words
        line = taken(first, "config", second, "get", "serve.port", third)
        assert line.path == ["config", "get"]
        assert line.rest == ["serve.port"]
        assert (line.flags.json, line.flags.tz, line.flags.verbose) == (True, "UTC", 1)


def test_a_value_that_looks_like_a_flag_stays_a_value() -> None:
    line = taken("secret", "move", "app_secret", "--to", "--json")
    assert line.rest == ["app_secret", "--to", "--json"]
    assert not line.flags.json


def test_after_two_dashes_nothing_is_a_flag() -> None:
    line = taken("config", "set", "org", "--", "--json")
    assert line.rest == ["org", "--", "--json"]


def test_letters_may_share_a_dash() -> None:
    line = taken("-vvq", "config", "list", "-oacme", "-ny")
    assert (line.flags.verbose, line.flags.quiet, line.flags.org) == (2, True, "acme")
    assert line.flags.dry_run
    assert line.flags.yes


def test_plurals_are_accepted() -> None:
    assert taken("secrets", "list").path == ["secret", "list"]
    assert taken("configs", "list").path == ["config", "list"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["confg"], "✗ Unknown command: confg. Did you mean config?   (help: pytake help)\n"),
        (["config", "lsit"], "✗ Unknown command: config lsit. Did you mean config list?   (help: pytake config -h)\n"),
        (
            ["config", "set", "--projcet"],
            "Unknown option: --projcet. Did you mean --project?   (help: pytake config set -h)",
        ),
        (["config", "list", "--jsno"], "Unknown option: --jsno. Did you mean --json?"),
        (["--jsno"], "Unknown option: --jsno. Did you mean --json?   (help: pytake -h)"),
        (["config", "list", "-Z"], "Unknown option: -Z"),
        (["config", "get"], "✗ KEY is missing   (help: pytake config get -h)"),
        (["config", "get", "a", "b"], "✗ Too many words: b"),
        (["config", "--tz"], "✗ --tz needs a value"),
        (["secret", "move", "app_secret", "--to"], "✗ --to needs a value"),
        (["config", "set", "a", "b", "--project=1"], "✗ --project takes no value"),
        (["secret", "move", "x", "--to", "flie"], "✗ --to must be one of keyring, file, not flie"),
        (["config", "list", "--lang", "fr"], "✗ --lang: lang must be one of en, pt-BR, not 'fr'"),
        (["trigger", "message.text", "--times", "bla"], "✗ --times must be a whole number, not bla"),
        (["config", "list", "--format", "{nope}"], "✗ There is no field nope"),
        (["-C", "/nowhere", "config", "list"], "✗ Cannot go to /nowhere: No such file or directory"),
    ],
)
def test_mistakes_are_named_and_end_with_2(pytake: Run, words: list[str], said: str) -> None:
    ran = pytake(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert said in ran.err


def test_what_was_typed_keeps_its_case_at_the_beginning_of_a_sentence() -> None:
    error = UsageError("PT-USAGE-SPAN", "{given} is no length of time", given="bla")
    assert problems.as_text(error, Flags(color="never")).startswith("✗ bla is no length of time ")


def test_mistakes_are_told_in_portuguese_too(pytake: Run) -> None:
    ran = pytake("config", "list", "--jsno", "--lang", "pt-BR")
    assert ran.err == "✗ Opção desconhecida: --jsno. Você quis dizer --json?   (ajuda: pytake config list -h)\n"


def test_mistakes_are_json_with_json(pytake: Run) -> None:
    ran = pytake("config", "get", "nope", "--json")
    error = json.loads(ran.err)["error"]
    assert (error["slug"], error["exit_code"], ran.code) == ("PT-CONFIG-KEY", 5, 5)
    assert error["details"]["key"] == "nope"
    assert ran.out == ""
