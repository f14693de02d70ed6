"""Breaks our sentences at the edge of the screen, and never inside a command that somebody will copy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytake_cli.locale import own

# a command up to where it ends, what is quoted, a moment, or a word
_PIECES = re.compile(r"pytake (?:(?! · )[^\n;])*|«[^»\n]*»|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+|\S+")
NARROWEST = 20


def fold(text: str, width: int, indent: str = "") -> str:
    """Lines of at most `width` columns, not counting the `indent` of those after the first; long pieces stay whole."""
    return f"\n{indent}".join(row for line in text.split("\n") for row in _rows(line, max(width, NARROWEST)))


def _rows(line: str, width: int) -> Iterator[str]:
    if columns(line) <= width:
        yield line
        return
    row = line[: len(line) - len(line.lstrip(" "))]
    begun = False
    for piece in _PIECES.findall(line):
        if begun and columns(row) + 1 + columns(piece) > width:
            yield row.removesuffix(" ·").rstrip()
            row, begun = "", False
            if piece == "·":
                continue
        row = f"{row} {piece}" if begun else row + piece
        begun = True
    yield row.rstrip()


def screen_width() -> int:
    """Columns of the terminal."""
    import shutil

    return shutil.get_terminal_size().columns


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    wide: int = wcswidth(text)
    return wide if wide >= 0 else len(text)


def cut(text: str, width: int) -> str:
    """At most `width` columns, `…` at the end of what was cut."""
    if columns(text) <= width:
        return text
    end = own("…")
    kept, used = [], 0
    for character in text:
        size = columns(character)
        if used + size > width - len(end):
            break
        kept.append(character)
        used += size
    return "".join(kept) + end
