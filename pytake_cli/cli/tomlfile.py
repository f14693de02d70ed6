"""Changes one key of a TOML file and leaves the rest, comments included, as it is."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pytake_cli import clock
from pytake_cli.cli.example import toml
from pytake_cli.errors import ConfigError

_TABLE = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")


def read(path: Path) -> str:
    """The text of the file, or nothing."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write(path: Path, text: str) -> None:
    """Replaces the file at once, so that a crash leaves the old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{clock.new_id()[:8]}")
    draft.write_text(text, encoding="utf-8")
    if path.exists():
        draft.chmod(path.stat().st_mode & 0o777)
    os.replace(draft, path)


def put(text: str, key: str, value: Any) -> str:
    """The text with the key set."""
    table, _, name = key.rpartition(".")
    lines = text.removesuffix("\n").split("\n") if text else []
    line = f"{name} = {toml(value)}"
    start, end = _span(lines, table)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        lines += [*gap, f"[{table}]", line]
    else:
        place = _find(lines, start, end, name)
        if place is None:
            while end > start and not lines[end - 1].strip():
                end -= 1
            lines.insert(end, line)
        else:
            lines[place[0] : place[1]] = [line]
    return _checked("\n".join(lines) + "\n", key)


def take(text: str, key: str) -> str | None:
    """The text without the key; None if it is not there."""
    table, _, name = key.rpartition(".")
    lines = text.removesuffix("\n").split("\n") if text else []
    start, end = _span(lines, table)
    place = None if start is None else _find(lines, start, end, name)
    if place is None:
        return None
    del lines[place[0] : place[1]]
    return _checked("\n".join(lines) + "\n" if lines else "", key)


def _span(lines: list[str], table: str) -> tuple[int | None, int]:
    """First line of a table's content and the line after its last; the root table comes before any header."""
    headers = [(index, match[1].strip()) for index, line in enumerate(lines) if (match := _TABLE.fullmatch(line))]
    if not table:
        return 0, headers[0][0] if headers else len(lines)
    for place, (index, name) in enumerate(headers):
        if name == table:
            return index + 1, headers[place + 1][0] if place + 1 < len(headers) else len(lines)
    return None, len(lines)


def _find(lines: list[str], start: int, end: int, name: str) -> tuple[int, int] | None:
    """The lines of a key; a value over several lines ends where what was read is TOML."""
    pattern = re.compile(rf"\s*(?:{re.escape(name)}|\"{re.escape(name)}\")\s*=")
    for index in range(start, end):
        if not pattern.match(lines[index]):
            continue
        for stop in range(index + 1, end + 1):
            try:
                tomllib.loads("\n".join(lines[index:stop]))
            except tomllib.TOMLDecodeError:
                continue
            return index, stop
    return None


def _checked(text: str, key: str) -> str:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            "PT-CONFIG-FILE",
            "cannot change {key} here: {detail}",
            fix="pytake config edit",
            key=key,
            detail=str(error),
        ) from None
    return text
