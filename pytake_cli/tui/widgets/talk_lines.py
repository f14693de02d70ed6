"""The two lines of a conversation in the list, as segments: pure, so that they can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Row
from pytake_cli.tui.safe import has_rtl
from pytake_cli.tui.signs import MEDIA, STATUS, sign

LABELS_FROM = 44  # cells of the list; below, labels would take the name's room


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the two lines depend on, besides the row."""

    cells: int
    age: str
    window: str
    cursor: bool
    focused: bool
    marked: bool
    draft: bool


def shown(row: Row, cells: int, now: datetime, *, cursor: bool, focused: bool, marked: bool, draft: bool) -> Shown:
    return Shown(cells, times.age(row.last_at, now), _window(row, now), cursor, focused and cursor, marked, draft)


def lines(row: Row, how: Shown, look: Look) -> tuple[Strip, Strip]:
    """Name and age; preview, unread and what is left of the window."""
    ground = look.cursor if how.focused else look.cursor_blur if how.cursor else Style()
    return _name_line(row, how, look, ground), _preview_line(row, how, look, ground)


def _window(row: Row, now: datetime) -> str:
    seconds = times.left(row.window_closes_at, now)
    if seconds == 0:
        return sign("⊘")
    return times.span(seconds) if seconds is not None and seconds < times.SHOWN_BELOW_SECONDS else ""


def _name_line(row: Row, how: Shown, look: Look, ground: Style) -> Strip:
    edge = sign("●") if how.marked else sign("▌") if how.cursor else " "
    edge_style = look.warn if how.marked else look.accent if how.focused else look.muted
    segments = [Segment(edge, edge_style + ground)]
    room = how.cells - width(edge) - width(how.age) - 2
    for text, style in _badges(row, look):
        segments.append(Segment(text, style + ground))
        room -= width(text)
    name = cut(row.contact.name, room)
    segments.append(Segment(name, (look.strong if row.unread else look.plain) + ground))
    room -= width(name)
    if how.cells >= LABELS_FROM and row.labels:
        labels = cut(" " + " ".join(f"#{label}" for label in row.labels), room)
        segments.append(Segment(labels, look.muted + ground))
        room -= width(labels)
    segments.append(Segment(f"{' ' * (room + 1)}{how.age} ", look.muted + ground))
    return Strip(segments, how.cells)


def _badges(row: Row, look: Look) -> list[tuple[str, Style]]:
    found = []
    if row.bot_owns:
        found.append((sign("⚙") + " ", look.bot))
    if row.starred:
        found.append((sign("★") + " ", look.warn))
    if row.priority in ("high", "urgent"):
        found.append(("! " if row.priority == "high" else "!! ", look.bad))
    if row.sla.breached:
        found.append((sign("⚑") + " ", look.bad))
    return found


def _preview_line(row: Row, how: Shown, look: Look, ground: Style) -> Strip:
    unread = f" {row.unread if row.unread < 100 else '99+'} " if row.unread else ""
    if unread and look.unread.bgcolor is None:
        unread = f"[{unread.strip()}]"
    window = f" {how.window}" if unread and how.window and how.cells >= 36 else how.window
    right = width(unread) + width(window)
    room = max(0, how.cells - 2 - right - (1 if right else 0) - 1)
    text, style = _preview(row, how, look)
    chips = [Segment(unread, look.unread), Segment(window, _window_style(how, look) + ground)]
    text = cut(text, room)
    gap = Segment(" " * (room - width(text) + (1 if right else 0)), look.plain + ground)
    edge = Segment(
        (sign("▌") if how.cursor else " ").ljust(1) + " ", (look.accent if how.focused else look.muted) + ground
    )
    body = Segment(text, style + ground)
    end = Segment(" ", look.plain + ground)
    # A terminal that turns lines of Hebrew or Arabic around then turns only the customer's own words around.
    order = [edge, *chips, gap, body, end] if has_rtl(text) else [edge, body, gap, *chips, end]
    return Strip(order, how.cells)


def _window_style(how: Shown, look: Look) -> Style:
    return look.bad if how.window == sign("⊘") or how.window.startswith("0h") else look.warn


def _preview(row: Row, how: Shown, look: Look) -> tuple[str, Style]:
    if how.draft:
        return f"{sign('✎')} " + _("draft"), look.note_head + Style(bgcolor=look.plain.bgcolor)
    text = str(row.preview)
    if not text and row.preview_kind != "text":
        text = f"{sign(MEDIA.get(row.preview_kind, '·'))} {_(row.preview_kind)}"
    if row.preview_direction == "out" and row.preview_status:
        return (
            f"{sign(STATUS.get(row.preview_status, '✓'))} {text}",
            look.bad if row.preview_status == "failed" else look.muted,
        )
    return text, look.plain if row.unread else look.muted
