"""Colours: the themes, and the styles that lines are drawn with; each state has a sign or a word besides its colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

# Names that CSS and lines share; a theme that lacks them gets these, made of Textual's own.
DARK = {
    "bar": "#1b222c", "cursor": "#22384d", "cursor-blur": "#1d2733", "muted": "#8b98a8", "faint": "#46515f",
    "bubble-in": "#e0955c", "bubble-out": "#5aa9e6", "bot": "#b39ddb", "note": "#e3c26f", "note-back": "#2e2a1c",
    "window-ok": "#7fb59a", "window-warn": "#e3b341", "window-closed": "#f0806c", "unread": "#101418",
    "unread-back": "#6fcf97", "hit": "#5a4a12",
}  # fmt: skip
LIGHT = {
    "bar": "#e6eaee", "cursor": "#cfe3f5", "cursor-blur": "#e3e9ef", "muted": "#5b6672", "faint": "#b4bdc6",
    "bubble-in": "#a8500f", "bubble-out": "#0b62a8", "bot": "#6a3fa8", "note": "#6b4e00", "note-back": "#fbf1d0",
    "window-ok": "#1c6b45", "window-warn": "#8a5a00", "window-closed": "#b3261e", "unread": "#ffffff",
    "unread-back": "#1c7a4b", "hit": "#ffe08a",
}  # fmt: skip
CONTRAST = {
    "bar": "#000000", "cursor": "#004080", "cursor-blur": "#303030", "muted": "#d0d0d0", "faint": "#909090",
    "bubble-in": "#ffb070", "bubble-out": "#80d0ff", "bot": "#e0c0ff", "note": "#ffe060", "note-back": "#302800",
    "window-ok": "#80ffb0", "window-warn": "#ffe060", "window-closed": "#ff9080", "unread": "#000000",
    "unread-back": "#80ffb0", "hit": "#806000",
}  # fmt: skip
ANSI = {
    **BUILTIN_THEMES["ansi-dark"].variables,
    **dict.fromkeys(DARK, "ansi_default"),
    "window-warn": "ansi_yellow", "window-closed": "ansi_red", "window-ok": "ansi_green", "note": "ansi_yellow",
}  # fmt: skip

THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme("pytake-dark", primary="#5aa9e6", secondary="#4d6b8a", accent="#5aa9e6", warning="#e3b341",
              error="#f0806c", success="#6fcf97", foreground="#dde4ec", background="#11161c", surface="#161c24",
              panel="#1b222c", boost="#ffffff0a", dark=True, variables=DARK),
        Theme("pytake-light", primary="#0b62a8", secondary="#5b7a99", accent="#0b62a8", warning="#8a5a00",
              error="#b3261e", success="#1c7a4b", foreground="#1d242c", background="#fbfcfd", surface="#f3f5f7",
              panel="#e6eaee", dark=False, variables=LIGHT),
        Theme("pytake-contrast", primary="#80d0ff", secondary="#ffffff", accent="#ffe060", warning="#ffe060",
              error="#ff9080", success="#80ffb0", foreground="#ffffff", background="#000000", surface="#000000",
              panel="#202020", dark=True, variables=CONTRAST),
        Theme("pytake-ansi", ansi=True, primary="ansi_default", secondary="ansi_default", accent="ansi_default",
              warning="ansi_yellow", error="ansi_red", success="ansi_green", foreground="ansi_default",
              background="ansi_default", surface="ansi_default", panel="ansi_default", boost="ansi_default",
              dark=True, variables=ANSI),
    )
}  # fmt: skip
DEFAULT_THEME, LIGHT_THEME = "pytake-dark", "pytake-light"
BLIND_THEME = "pytake-ansi"  # for NO_COLOR and for terminals of 16 colours


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of one theme. Equal looks draw equal lines, so caches may be keyed by it."""

    plain: Style
    strong: Style
    muted: Style
    faint: Style
    accent: Style
    bar: Style
    bar_strong: Style
    bar_muted: Style
    cursor: Style
    cursor_blur: Style
    incoming: Style
    outgoing: Style
    bot: Style
    note: Style
    note_head: Style
    ok: Style
    warn: Style
    bad: Style
    unread: Style
    hit: Style
    key: Style
    live: Style


def look(variables: Mapping[str, str], *, ansi: bool) -> Look:
    """The look of a theme's variables; the terminal's own colours come with bold, dim and reverse only."""
    fore, back = _color(variables["foreground"]), _color(variables["background"])

    def of(name: str, on: RichColor | None = back, *, bold: bool = False, dim: bool = False) -> Style:
        return Style(color=_color(variables[name]), bgcolor=on, bold=bold or None, dim=dim or None)

    bar = _color(variables["bar"])
    cursor = Style(reverse=True) if ansi else Style(bgcolor=_color(variables["cursor"]))
    return Look(
        plain=Style(color=fore, bgcolor=back),
        strong=Style(color=fore, bgcolor=back, bold=True),
        muted=of("muted", dim=ansi),
        faint=of("faint", dim=ansi),
        accent=of("primary", bold=ansi),
        bar=Style(color=fore, bgcolor=bar, reverse=ansi),
        bar_strong=Style(color=_color(variables["primary"]), bgcolor=bar, bold=True, reverse=ansi),
        bar_muted=of("muted", bar) if not ansi else Style(reverse=True),
        cursor=cursor,
        cursor_blur=Style(bold=True) if ansi else Style(bgcolor=_color(variables["cursor-blur"])),
        incoming=of("bubble-in"),
        outgoing=of("bubble-out", bold=ansi),
        bot=of("bot", dim=ansi),
        note=Style(color=fore, bgcolor=_color(variables["note-back"])),
        note_head=Style(color=_color(variables["note"]), bgcolor=_color(variables["note-back"]), bold=True),
        ok=of("window-ok"),
        warn=of("window-warn", bold=True),
        bad=of("window-closed", bold=True),
        unread=Style(reverse=True, bold=True) if ansi else of("unread", _color(variables["unread-back"]), bold=True),
        hit=Style(reverse=True) if ansi else Style(bgcolor=_color(variables["hit"])),
        key=of("primary", bar, bold=True) if not ansi else Style(bold=True),
        live=of("success", bar) if not ansi else Style(reverse=True),
    )


def derived(variables: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    """Our names for a theme that is not ours: its own colours where it has them."""
    ground = DARK if dark else LIGHT
    own = {
        "bar": variables.get("panel"),
        "cursor": variables.get("primary-muted"),
        "cursor-blur": variables.get("surface"),
        "bubble-in": variables.get("warning"),
        "bubble-out": variables.get("primary"),
        "bot": variables.get("secondary"),
    }
    return {**ground, **{name: value for name, value in own.items() if value}}


def _color(value: str) -> RichColor | None:
    """A colour of a theme for Rich; None is the terminal's own."""
    if value.startswith("ansi_"):
        name = value.removeprefix("ansi_")
        return None if name == "default" else RichColor.parse(name)
    return Color.parse(value).rich_color
