"""Themes of the person's own: `themes/*.toml`, read again when they are saved.

base = "pytake-dark"
primary = "#ff8800"
[variables]
bubble-in = "#e0955c"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from pytake_cli.locale import _
from pytake_cli.tui import paint

NO_COLOURS = ("name", "dark", "ansi", "luminosity_spread", "text_alpha", "variables")
COLOURS = tuple(field.name for field in fields(Theme) if field.name not in NO_COLOURS)
MOST_BYTES = 20_000


class Misfit(Exception):
    """What in a file is no theme."""


class Folder:
    """The files of a folder, and which of them have changed since the last look."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: dict[Path, float] = {}

    def changed(self) -> tuple[list[Theme], list[str]]:
        """Themes that are new or other than before, and what is wrong with the files that are none."""
        themes, wrong = [], []
        for path in sorted(self._path.glob("*.toml")) if self._path else ():
            try:
                written = path.stat().st_mtime
                if self._seen.get(path) == written:
                    continue
                self._seen[path] = written
                themes.append(theme(path.stem, path.read_text(encoding="utf-8")[:MOST_BYTES]))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, Misfit) as error:
                wrong.append(f"themes/{path.name}: {error}")
        return themes, wrong


def theme(name: str, text: str) -> Theme:
    """The theme of a file's text; raises Misfit, or TOMLDecodeError with the line."""
    given = tomllib.loads(text)
    base = paint.THEMES.get(str(given.pop("base", paint.DEFAULT_THEME)))
    if base is None:
        raise Misfit(_("base is one of {names}").format(names=", ".join(paint.THEMES)))
    if name in paint.THEMES:
        raise Misfit(_("{name} comes with PyTake: another name").format(name=name))
    variables = given.pop("variables", {})
    if not isinstance(variables, Mapping):
        raise Misfit(_("variables is a table"))
    colours = {field: getattr(base, field) for field in COLOURS} | _checked(given, COLOURS)
    dark = bool(Color.parse(colours["background"]).brightness < 0.5) if not base.ansi else base.dark
    names = {**base.variables, **_checked(variables, tuple(paint.DARK))}
    return Theme(name, **colours, dark=dark, ansi=base.ansi, variables=names)


def _checked(given: Mapping[str, object], known: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name, value in given.items():
        if name not in known:
            raise Misfit(_("there is no colour {name}").format(name=name))
        try:
            Color.parse(str(value))
        except ColorParseError:
            raise Misfit(_("{name} is no colour: {value}").format(name=name, value=value)) from None
        found[name] = str(value)
    return found
