"""Every file of `mistakes/` has one mistake; its last line says what is told of it: `# line:column SLUG sentence`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytake_cli import locale
from pytake_cli.errors import SLUGS
from pytake_cli.flow.check import examine
from pytake_cli.flow.loader import load
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.reader import read
from pytake_cli.flow.schema import schema
from tests.flow.surroundings import KNOWN

FILES = sorted((Path(__file__).parent / "mistakes").glob("*.yaml"))
# kinds of mistakes that a schema can tell: keys, kinds, words, bounds
IN_SCHEMA = ("PT-FLOW-UNKNOWN", "PT-FLOW-MISSING", "PT-FLOW-KIND", "PT-FLOW-WORD", "PT-FLOW-RANGE", "PT-FLOW-VERB")


def told(path: Path) -> str:
    """What the file says is told of it."""
    last = path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[2]
    assert last.startswith("# "), path
    return last[2:]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_one_mistake_is_told_once_and_at_its_place(path: Path) -> None:
    found = examine(path.read_bytes(), path.name, KNOWN).problems
    assert [f"{each.line}:{each.column} {each.slug} {each.sentence}" for each in found] == [told(path)]


def test_there_are_many_kinds_of_mistakes() -> None:
    assert len(FILES) >= 120
    assert len({told(path).split()[1] for path in FILES}) >= 45


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_has_a_slug_that_is_explained(path: Path) -> None:
    assert told(path).split()[1] in SLUGS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_is_told_in_portuguese_too(path: Path) -> None:
    found = examine(path.read_bytes(), path.name, KNOWN).problems[0]
    english = found.message
    locale.use("pt-BR")
    try:
        assert found.message != english
        assert "{" not in found.sentence.replace("{{", "").replace("{%", "").replace("{pt-BR", "").replace("{yes", "")
    finally:
        locale.use("en")


@pytest.mark.parametrize(
    "path", [path for path in FILES if told(path).split()[1] in IN_SCHEMA], ids=lambda path: path.stem
)
def test_a_schema_tells_what_it_can(path: Path) -> None:
    try:
        data: Any = read(path.read_text(encoding="utf-8"), path.name).data
    except FlowErrors:
        return
    assert not Draft202012Validator(schema()).is_valid(data)


def test_loading_raises_all_mistakes_of_a_file_in_order() -> None:
    source = "expires: 1 day\nstrat: a\nsteps:\n  a:\n    sya: Olá\n  b:\n    say: '{{ 1 + }}'\n    nxt: end\n"
    with pytest.raises(FlowErrors) as raised:
        load(source, "flows/a.yaml")
    assert [(each.line, each.slug) for each in raised.value.problems] == [
        (1, "PT-FLOW-MISSING"),
        (1, "PT-FLOW-KIND"),
        (2, "PT-FLOW-UNKNOWN"),
        (5, "PT-FLOW-VERB"),
        (7, "PT-FLOW-EXPRESSION"),
        (8, "PT-FLOW-UNKNOWN"),
    ] or [(each.line, each.slug) for each in raised.value.problems]
    assert "(and 5 more)" in str(raised.value)
    assert raised.value.exit_code == 65
