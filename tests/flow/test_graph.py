"""Pictures of a flow equal the golden files; `WRITE_GOLDEN=1 pytest tests/flow/test_graph.py` writes them anew."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import pytest

from pytake_cli.flow import graph
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.loader import load
from pytake_cli.flow.picture import svg

HERE = Path(__file__).parent
SHIPPED = sorted(each for each in (HERE.parents[1] / "flows").glob("*.yaml") if not each.name.endswith(".test.yaml"))
BOX = re.compile(r'<rect class="(\w+)" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"')


def sample() -> Flow:
    """A flow with choices, a question asked again, interrupts and ways that meet."""
    return load((HERE / "samples" / "agenda.yaml").read_bytes(), "agenda.yaml")


def drawn(form: str) -> str:
    flow = sample()
    match form:
        case "tree.txt":
            return graph.text(graph.tree(flow, width=80))
        case "ascii.txt":
            return graph.text(graph.tree(flow, width=60, signs=graph.ASCII))
        case "mermaid":
            return graph.mermaid(flow)
        case "dot":
            return graph.dot(flow)
    return svg(flow)


@pytest.mark.parametrize("form", ["tree.txt", "ascii.txt", "mermaid", "dot", "svg"])
def test_a_flow_is_drawn_as_in_the_golden_file(form: str) -> None:
    golden = HERE / "golden" / f"agenda.{form}"
    if os.environ.get("WRITE_GOLDEN") == "1":
        golden.write_text(drawn(form), encoding="utf-8")
    assert drawn(form) == golden.read_text(encoding="utf-8")


def test_the_tree_has_each_step_once_and_keeps_its_width() -> None:
    lines = drawn("tree.txt").splitlines()
    for name, step in sample().steps.items():
        assert sum(re.search(rf"(^|→ |\s){name}  {step.verb}\b", line) is not None for line in lines) == 1, name
    assert max(map(len, lines)) <= 80


def test_the_plain_tree_is_ascii_but_for_the_texts() -> None:
    signs = re.sub(r"  \w+  .*", "", drawn("ascii.txt"))
    assert signs.isascii()


def test_the_picture_is_xml_and_no_boxes_overlap() -> None:
    ElementTree.fromstring(drawn("svg"))
    boxes = [tuple(map(int, found[1:])) for found in BOX.findall(drawn("svg"))]
    assert len(boxes) > len(sample().steps)
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(boxes, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
    assert all(x >= 0 and y >= 0 for x, y, _w, _h in boxes)


LABEL = re.compile(r'<text class="label" x="(-?\d+)" y="(-?\d+)"[^>]*>([^<]*)<')


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_label_of_a_shipped_flow_can_be_read(path: Path) -> None:
    drawn = svg(load(path.read_bytes(), path.name))
    labels = [(int(x), int(y), len(text) * 5.5 / 2) for x, y, text in LABEL.findall(drawn)]
    boxes = [tuple(map(int, found[1:])) for found in BOX.findall(drawn)]
    assert labels
    for (x1, y1, half1), (x2, y2, half2) in combinations(labels, 2):
        assert abs(x1 - x2) >= half1 + half2 or abs(y1 - y2) >= 12
    for x, y, half in labels:
        assert not any(bx < x + half and x - half < bx + w and by < y - 2 < by + h for bx, by, w, h in boxes)


def test_texts_cannot_break_out_of_a_picture() -> None:
    source = "start: a\ntitle: '\"><script>'\nsteps:\n  a: {say: '<b>\"]; x --> y', next: end}\n"
    flow = load(source, "f.yaml")
    assert "<script>" not in svg(flow)
    assert "<b>" not in svg(flow)
    assert '"]; x' not in graph.mermaid(flow)
    assert '<b>\\"]' in graph.dot(flow)
