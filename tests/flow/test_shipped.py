"""The flows that ship: no mistake, no warning, both languages, and tests that walk all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytake_cli.flow import reader
from pytake_cli.flow.check import Examined, examine_all
from pytake_cli.flow.schema import schema
from pytake_cli.flow.testing import runner
from pytake_cli.flow.testing.schema import schema as schema_of_tests
from pytake_cli.flow.testing.tests import is_test

FOLDER = Path(__file__).parents[2] / "flows"
FILES = sorted(path for path in FOLDER.glob("*.yaml"))
NAMES = ["appointment", "catalog", "faq", "lead", "nps", "support"]


def examined() -> dict[str, Examined]:
    sources = {path.name: path.read_text(encoding="utf-8") for path in FILES if not is_test(path.name)}
    return {each.reading.flow.name: each for each in examine_all(sources) if each.reading.flow is not None}


def test_six_flows_ship_each_with_its_tests() -> None:
    assert sorted(path.name for path in FILES) == sorted(
        f"{name}{end}" for name in NAMES for end in (".yaml", ".test.yaml")
    )


def test_shipped_flows_have_neither_mistakes_nor_warnings() -> None:
    assert [str(problem) for each in examined().values() for problem in each.problems] == []


def test_shipped_flows_speak_portuguese_and_english_wherever_they_speak() -> None:
    for each in examined().values():
        assert each.flow is not None
        for step in each.flow.steps.values():
            for spoken in step.spoken():
                languages = {language for language, _template in spoken.text.templates()}
                assert languages in ({"pt-BR", "en"}, {""}), (each.path, spoken.path)


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_a_shipped_flow_pass_and_walk_all_of_it(name: str) -> None:
    """D15: no template of the first PyTake could run; its files and its engine spoke of different fields."""
    flows = {known: each.flow for known, each in examined().items() if each.flow is not None}
    path = FOLDER / f"{name}.test.yaml"
    ran = runner.run({path.name: path.read_bytes()}, flows)
    assert [str(problem) for one in ran for problem in one.problems] == []
    assert [(result.place, result.name, result.played.problem) for one in ran for result in one.failed] == []
    assert runner.coverage(ran, flows)[name].missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_json_schema_takes_every_shipped_file(path: Path) -> None:
    found: dict[str, Any] = schema_of_tests() if is_test(path.name) else schema()
    Draft202012Validator.check_schema(found)
    data = reader.read(path.read_text(encoding="utf-8"), path.name).data
    errors = Draft202012Validator(found).iter_errors(data)
    assert [(list(error.absolute_path), error.message) for error in errors] == []
