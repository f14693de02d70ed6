"""Headings and facts of cards: a name to the left, what it is to the right."""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style

from pytake_cli.tui import draw
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.measure import fit
from pytake_cli.tui.paint import Look

NAME = 13  # cells of a fact's name


def heading(text: str, look: Look) -> Lines:
    """An empty line and a heading."""
    return [draw.BLANK, ((text.upper(), look.strong),)]


def fact(name: str, value: str, room: int, look: Look, style: Style | None = None) -> Lines:
    """One fact; long values go on below themselves."""
    words = draw.paragraph(value, max(8, room - NAME - 1), style or look.plain)
    head = ((fit(name, NAME) + " ", look.muted),)
    rest = (((" " * (NAME + 1), look.muted), *line) for line in words[1:])
    return [(*head, *(words[0] if words else ())), *rest]


def facts(pairs: Iterable[tuple[str, str | None]], room: int, look: Look) -> Lines:
    """Those facts that have a value."""
    return [line for name, value in pairs if value for line in fact(name, value, room, look)]
