"""A table of any length with a cursor: only the rows that show are drawn, columns give way to the width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from pytake_cli.tui import draw
from pytake_cli.tui.draw import Line, Part
from pytake_cli.tui.measure import fit
from pytake_cli.tui.paint import Look
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.scrolled import RIGHT, Scrolled

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `order` tells which go first when there is no room; the one that `grows` takes what is left."""

    title: str  # translated
    cells: int
    right: bool = False
    grows: bool = False
    order: int = 1  # the smallest stay longest


@dataclass(frozen=True, slots=True)
class Record:
    """One row: what it is (`key`), and a part for each column."""

    key: int | str
    parts: tuple[Part, ...]


class Table(Scrolled, can_focus=True):
    """The row under the cursor stays under it when other rows come."""

    class Moved(Message):
        """Another row is under the cursor."""

        def __init__(self, table: Table, key: int | str | None) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table:
            return self.table

    class NearEnd(Message):
        """The cursor is close to the last row that is known."""

    def __init__(self, empty: str = "", *, slot: str | None = None) -> None:
        super().__init__(id=slot)
        self.columns: tuple[Column, ...] = ()
        self.records: list[Record] = []
        self.cursor = 0
        self.empty = empty

    @property
    def look(self) -> Look:
        return cast("InboxApp", self.app).look

    @property
    def key(self) -> int | str | None:
        """What is under the cursor."""
        return self.records[self.cursor].key if 0 <= self.cursor < len(self.records) else None

    def fill(self, columns: Sequence[Column], records: Sequence[Record]) -> None:
        """Shows these rows; the cursor stays on its key if that is still there."""
        before = self.key
        self.columns, self.records = tuple(columns), list(records)
        at = next((number for number, each in enumerate(self.records) if each.key == before), None)
        self.cursor = at if at is not None else max(0, min(self.cursor, len(self.records) - 1))
        self.virtual_size = Size(self.size.width, len(self.records) + 1)
        self._keep_in_sight()
        self.refresh()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self.size.width, len(self.records) + 1)
        self._keep_in_sight()

    # -- drawing -------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        room = self.scrollable_content_region.width or self.size.width
        chosen = self._chosen(room)
        look = self.look
        if y == 0:
            titles = tuple((self.columns[at].title, look.muted) for at in range(len(self.columns)))
            return draw.strip(self._laid(titles, chosen, " "), room, look.plain)
        at = y - 1 + self.scroll_offset.y
        if at >= len(self.records):
            said = ((f" {self.empty}", look.muted),) if at == 0 and self.empty else draw.BLANK
            return draw.strip(said, room, look.plain)
        under = at == self.cursor
        ground = look.plain + (look.cursor if self.has_focus else look.cursor_blur) if under else look.plain
        parts = self.records[at].parts
        line = self._laid(parts, chosen, sign("▌") if under else " ")
        return draw.strip(tuple((text, _on(style, ground)) for text, style in line), room, ground)

    def _laid(self, parts: Sequence[Part], chosen: list[tuple[int, int]], head: str) -> Line:
        line: list[Part] = [(head, self.look.accent)]
        for number, (at, cells) in enumerate(chosen):
            text, style = parts[at]
            if number:
                line.append((" " * GAP, Style()))
            line.append((fit(text, cells, right=self.columns[at].right), style))
        return tuple(line)

    def _chosen(self, room: int) -> list[tuple[int, int]]:
        """The columns that fit, and how wide each is."""
        room -= 2
        kept: list[int] = []
        taken = 0
        for at in sorted(range(len(self.columns)), key=lambda each: (self.columns[each].order, each)):
            needs = self.columns[at].cells + (GAP if kept else 0)
            if taken + needs <= room or not kept:
                kept.append(at)
                taken += needs
        spare = max(0, room - taken)
        growing = [at for at in kept if self.columns[at].grows]
        widths = {at: self.columns[at].cells + (spare // len(growing) if at in growing else 0) for at in kept}
        return [(at, min(widths[at], room)) for at in sorted(kept)]

    # -- moving --------------------------------------------------------------------------------------------------------

    def move(self, to: int) -> None:
        """Puts the cursor on a row."""
        to = max(0, min(to, len(self.records) - 1))
        if to == self.cursor:
            return
        self.cursor = to
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Moved(self, self.key))
        if to >= len(self.records) - 10:
            self.post_message(self.NearEnd())

    def _keep_in_sight(self) -> None:
        page, top = self._page, self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + page:
            self.scroll_to(y=self.cursor - page + 1, animate=False)

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def on_click(self, event: events.Click) -> None:
        if event.y >= 1:
            self.move(event.y - 1 + self.scroll_offset.y)
            if event.button == RIGHT:
                screen = cast("Keyed[None]", self.screen)
                screen.menu(screen.CHAIN)

    def do_move_down(self) -> None:
        self.move(self.cursor + 1)

    def do_move_up(self) -> None:
        self.move(self.cursor - 1)

    def do_move_page_down(self) -> None:
        self.move(self.cursor + self._page)

    def do_move_page_up(self) -> None:
        self.move(self.cursor - self._page)

    def do_move_top(self) -> None:
        self.move(0)

    def do_move_bottom(self) -> None:
        self.move(len(self.records) - 1)


def _on(style: Style, ground: Style) -> Style:
    """The style with the ground behind it."""
    return style + Style(bgcolor=ground.bgcolor, reverse=ground.reverse)


def plain(text: str, style: Style) -> Part:
    """A cell of one line."""
    return Safe(text.replace("\n", " ")), style
