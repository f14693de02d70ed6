"""The registry of slugs against the code: whatever goes wrong can be looked up, and nothing else can."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pytake_cli import slugs
from pytake_cli.errors import SLUGS
from pytake_cli.whatsapp.errors import codes, rule, slug_of

PACKAGE = Path(slugs.__file__).parent
REGISTRY = Path(slugs.__file__)


def named() -> Iterator[tuple[str, str]]:
    """Every slug that the code names outside of the registry, and where."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path == REGISTRY:
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


def test_the_registry_is_sorted() -> None:
    assert list(SLUGS) == sorted(SLUGS)
