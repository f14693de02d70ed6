"""Exports of other makers become the flows of the golden files; `WRITE_GOLDEN=1 pytest …` writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli.errors import InvalidData
from pytake_cli.flow.check import examine
from pytake_cli.flow.imports import rapidpro, typebot
from pytake_cli.flow.imports.report import Imported

HERE = Path(__file__).parent / "imports"
EXPORTS = sorted(path.name for path in HERE.glob("*.json"))


def converted(export: str) -> list[Imported]:
    given = json.loads((HERE / export).read_text(encoding="utf-8"))
    return typebot.convert(given) if export.startswith("typebot") else rapidpro.convert(given)


def report(found: Imported) -> str:
    """One line for each part: status, kind, title, step, why."""
    rows = [[row[key] or "-" for key in ("status", "kind", "title", "step", "why")] for row in found.rows()]
    return "".join(" | ".join(row).replace("\n", " ") + "\n" for row in rows)


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_becomes_the_flows_and_the_report_of_the_golden_files(export: str) -> None:
    for found in converted(export):
        for ending, made in (("yaml", found.source), ("txt", report(found))):
            golden = HERE / f"{export.removesuffix('.json')}.{found.name}.{ending}"
            if os.environ.get("WRITE_GOLDEN"):
                golden.write_text(made, encoding="utf-8")
            assert made == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("export", EXPORTS)
def test_a_flow_without_anything_lost_passes_its_check(export: str) -> None:
    for found in converted(export):
        errors = [
            problem for problem in examine(found.source, f"{found.name}.yaml").problems if problem.severity == "error"
        ]
        assert bool(found.lost) == export.endswith("_everything.json")
        assert not errors or found.lost


@pytest.mark.parametrize("export", EXPORTS)
def test_every_part_of_an_export_is_in_the_report(export: str) -> None:
    given = json.loads((HERE / export).read_text(encoding="utf-8"))
    told = {item.id for found in converted(export) for item in found.items}
    if export.startswith("typebot"):
        parts = [block for group in given["groups"] for block in group["blocks"] if block["type"] != "start"]
        assert {block["id"] for block in parts} <= told
        return
    nodes = [node for flow in given["flows"] for node in flow["nodes"]]
    assert {action["uuid"] for node in nodes for action in node.get("actions", [])} <= told
    assert {node["uuid"] for node in nodes if "router" in node} <= told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)


def test_arbitrary_json_is_refused_or_converted() -> None:
    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(JSON)
    def holds(export: Any) -> None:
        _survives(export)

    holds()


def test_an_export_with_anything_in_any_place_is_refused_or_converted() -> None:
    """Every map and list of real exports, with arbitrary JSON in the place of some of it."""

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(EXPORTS), st.data())
    def holds(export: str, draw: Any) -> None:
        given = json.loads((HERE / export).read_text(encoding="utf-8"))
        for _ in range(draw.draw(st.integers(1, 4))):
            _spoil(given, draw)
        _survives(given)

    holds()


def _spoil(given: Any, draw: Any) -> None:
    """Replaces one value, at any depth."""
    at = given
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = draw.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or draw.draw(st.integers(0, 5)) == 0:
            at[key] = draw.draw(
                JSON | st.sampled_from(["", "{{", "@(", "@(1", "{{x}}", "@results.x.y.z", "[[", "end", {}])
            )
            return
        at = at[key]


def _survives(export: Any) -> None:
    for maker in (typebot, rapidpro):
        try:
            found = maker.convert(export)
        except InvalidData:
            continue
        for each in found:
            errors = [problem for problem in each.problems if problem.severity == "error"]
            assert not errors or each.lost
            each.rows()


def test_exports_that_are_very_deep_are_refused_or_converted() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    for key in ("nodes", "localization", "name", "extra"):
        _survives({"flows": [{"uuid": "f", "name": "f", "nodes": [], key: deep}]})
    bubble = {"id": "b", "type": "text", "content": {"richText": deep}}
    call = {"id": "c", "type": "Webhook", "options": {"webhook": {"url": "https://a.example", "body": deep}}}
    _survives({"groups": [{"id": "g", "blocks": [bubble, call]}], "settings": deep})
    assert "{{ '{' }}" not in typebot.convert({"groups": [{"id": "g", "blocks": [bubble]}]})[0].source
