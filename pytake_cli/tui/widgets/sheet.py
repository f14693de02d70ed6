"""A pane of lines that can be scrolled: cards, reports, lists of problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from pytake_cli.tui import draw
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.paint import Look
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.widgets.scrolled import Scrolled

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

Maker = Callable[[int, Look], Lines]  # how wide it may be, and in which styles


class Sheet(Scrolled, can_focus=True):
    """Draws what `show()` was given; made anew only when that, the width or the colours change."""

    def __init__(self, make: Maker | None = None, *, slot: str | None = None) -> None:
        super().__init__(id=slot)
        self._make = make
        self._made: tuple[int, Look, Maker | None] | None = None
        self._lines: Lines = []

    @property
    def look(self) -> Look:
        return cast("InboxApp", self.app).look

    def show(self, make: Maker, *, from_top: bool = False) -> None:
        """Draws this from now on."""
        self._make = make
        self._made = None
        self._measure()
        if from_top:
            self.scroll_to(0, 0, animate=False)
        self.refresh()

    def title(self, text: Safe) -> None:
        """What stands in the border."""
        from textual.content import Content

        self.border_title = Content(text)  # in a str markup would be read

    def on_resize(self, event: events.Resize) -> None:
        self._measure()

    def _measure(self) -> None:
        before, lines = self.virtual_size.height, self.lines()
        self.virtual_size = Size(self._room, len(lines))
        if before != len(lines) and self.styles.is_auto_height:
            self.refresh(layout=True)  # as high as its lines

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.width or self.size.width)

    def lines(self) -> Lines:
        """The lines at the present width."""
        key = (self._room, self.look, self._make)
        if self._made != key:
            self._lines = self._make(self._room, self.look) if self._make else []
            self._made = key
        return self._lines

    def render_line(self, y: int) -> Strip:
        lines, at = self.lines(), y + self.scroll_offset.y
        line = lines[at] if at < len(lines) else draw.BLANK
        return draw.strip(line, self._room, self.ground())

    def ground(self) -> Style:
        """What is behind the words."""
        return self.look.plain

    # -- keys ----------------------------------------------------------------------------------------------------------

    def do_move_down(self) -> None:
        self.scroll_relative(y=1, animate=False)

    def do_move_up(self) -> None:
        self.scroll_relative(y=-1, animate=False)

    def do_move_page_down(self) -> None:
        self.scroll_relative(y=max(1, self.size.height - 1), animate=False)

    def do_move_page_up(self) -> None:
        self.scroll_relative(y=-max(1, self.size.height - 1), animate=False)

    def do_move_top(self) -> None:
        self.scroll_to(y=0, animate=False)

    def do_move_bottom(self) -> None:
        self.scroll_end(animate=False)
