"""Reads an export, which may hold anything anywhere: what is not of the kind that is looked for is not there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

Given: TypeAlias = dict[str, Any]


def table(value: object, *path: str) -> Given:
    """The map at a path, or an empty one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: object, key: str = "") -> list[Any]:
    """The list, or that of a key of a map, or an empty one."""
    found = value.get(key) if key and isinstance(value, dict) else value
    return found if isinstance(found, list) else []


def tables(value: object, key: str = "") -> list[Given]:
    """The maps of a list."""
    return [each for each in items(value, key) if isinstance(each, dict)]


def text(value: object, key: str = "") -> str:
    """The text, or that of a key; numbers as they are written, anything else is empty."""
    found = value.get(key) if key and isinstance(value, dict) else value
    if isinstance(found, str):
        return found.encode(errors="replace").decode()
    if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
        return str(found) if abs(found) < 1e15 else ""
    return ""


def texts(value: object, key: str = "") -> list[str]:
    """The texts of a list that are not empty."""
    return [found for each in items(value, key) if (found := text(each))]


def whole(value: object) -> int | None:
    """The whole number that it is or says."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def number(value: object) -> int | float | None:
    """The number that it is or says."""
    try:
        found = float(text(value).strip())
    except ValueError:
        return None
    if not math.isfinite(found) or abs(found) > 1e15:
        return None
    return int(found) if found == int(found) else found


def inside(value: object) -> Iterator[Given]:
    """Every map in it, however deep."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            yield each
            stack += each.values()
        elif isinstance(each, list):
            stack += each


def written(value: object) -> Iterator[str]:
    """Every text in it, however deep."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict | list):
            stack += each.values() if isinstance(each, dict) else each
        elif isinstance(each, str):
            yield each
