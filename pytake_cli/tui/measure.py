"""Cutting and wrapping of safe text by cells: what fits on a line of the screen."""

from __future__ import annotations

import re

from rich.cells import cached_cell_len

from pytake_cli.locale import is_ascii, language

_CLUSTER = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|.(?:[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d.)+|.[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u093a-\u094f]*",
    re.DOTALL,
)
_WORDS = re.compile(r"\s*\S+|\s+$")


def width(text: str) -> int:
    """Cells that the text takes."""
    return len(text) if text.isascii() else cached_cell_len(text)


def cut(text: str, cells: int) -> str:
    """The text if it fits, else as much of it as fits before an ellipsis."""
    if width(text) <= cells:
        return text
    more = ".." if is_ascii() else "…"
    room = cells - width(more)
    if room < 0:
        return ""
    if text.isascii():
        return text[:room] + more
    kept, taken = [], 0
    for cluster in _CLUSTER.findall(text):
        taken += cached_cell_len(cluster)
        if taken > room:
            break
        kept.append(cluster)
    return "".join(kept) + more


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """The text cut or filled up to exactly so many cells."""
    text = cut(text, cells)
    padding = " " * (cells - width(text))
    return padding + text if right else text + padding


def wrap(text: str, cells: int) -> list[str]:
    """The lines of the text, none wider than `cells`; words stay whole where they can."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if width(paragraph) <= cells:
            lines.append(paragraph.rstrip())
        else:
            lines.extend(_wrapped(paragraph, max(cells, 2)))
    return lines


def _wrapped(paragraph: str, cells: int) -> list[str]:
    lines: list[str] = []
    line, taken = "", 0
    for word in _WORDS.findall(paragraph):
        length = width(word)
        if taken + length <= cells:
            line, taken = line + word, taken + length
            continue
        if line:
            lines.append(line.rstrip())
        *full, line = _pieces(word.lstrip() if line else word, cells)
        lines.extend(full)
        taken = width(line)
    lines.append(line.rstrip())
    return lines


def _pieces(word: str, cells: int) -> list[str]:
    """A word in pieces of at most `cells`."""
    if width(word) <= cells:
        return [word]
    pieces, piece, taken = [], "", 0
    for cluster in _CLUSTER.findall(word):
        length = width(cluster)
        if taken + length > cells:
            pieces.append(piece)
            piece, taken = "", 0
        piece, taken = piece + cluster, taken + length
    return [*pieces, piece]


def size(count: int) -> str:
    """`1.2 MB`, `340 kB`."""
    text = f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
    return text.replace(".", ",") if language() == "pt-BR" else text
