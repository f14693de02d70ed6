"""The registry of slugs against the code: whatever goes wrong can be looked up, and nothing else can."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pytake_cli import slugs
from pytake_cli.errors import SLUGS
from pytake_cli.whatsapp.errors import codes, rule, slug_of

REGISTRY = Path(slugs.__file__).parent
PACKAGE = REGISTRY.parent


def named() -> Iterator[tuple[str, str]]:
    """Every slug that the code names outside of the registry, and where."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if REGISTRY in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"PT-[A-Z0-9-]*[A-Z0-9]", str(node.value)):
                yield str(node.value), f"{path.relative_to(PACKAGE)}:{node.lineno}"
            match node:
                case ast.Call(func=ast.Name(id="PydanticCustomError"), args=[ast.Constant(value=str(kind)), *_]):
                    slug = "PT-" + kind.upper().replace("_", "-")  # as flow/misfits.py names most of them
                    if slug in SLUGS:
                        yield slug, f"{path.relative_to(PACKAGE)}:{node.lineno}"


def test_every_slug_in_the_code_can_be_looked_up() -> None:
    of_meta = {slug_of(rule(code)) for code in codes()}
    assert [(slug, where) for slug, where in named() if slug not in SLUGS and slug not in of_meta] == []


def test_every_slug_of_the_registry_is_in_the_code() -> None:
    assert set(SLUGS) - {slug for slug, _ in named()} == set()


def test_every_file_of_the_registry_is_sorted_and_read() -> None:
    for room in slugs.ROOMS:
        assert list(room.SLUGS) == sorted(room.SLUGS), room.__name__
    files = {path.stem for path in REGISTRY.glob("*.py")} - {"__init__"}
    assert {room.__name__.rpartition(".")[2] for room in slugs.ROOMS} == files


def test_no_slug_is_explained_in_two_files() -> None:
    everywhere = [slug for room in slugs.ROOMS for slug in room.SLUGS]
    assert sorted(everywhere) == list(SLUGS)
