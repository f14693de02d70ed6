"""The small list over the composer: ready answers, people, emoji; it inserts and never sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from pytake_cli.locale import _
from pytake_cli.tui.measure import cut, fit, width
from pytake_cli.tui.signs import sign

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

MOST = 7  # rows
NAME_CELLS = 16


@dataclass(frozen=True, slots=True)
class Offer:
    """One row: what it is called, what it is, and the text that takes the place of what was typed."""

    name: str
    shown: str
    text: str
    action: str = ""  # instead of a text


class Popup(Widget):
    """A framed list; the composer gives it the keys."""

    can_focus = False

    class Taken(Message):
        """One was chosen."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self) -> None:
        super().__init__(id="popup")
        self.offers: Sequence[Offer] = ()
        self.at = 0
        self.title = ""
        self.display = False

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def offer(self, title: str, offers: Sequence[Offer], above: int) -> None:
        """Shows these above so many lines; none closes it."""
        self.offers, self.title = offers[:MOST], title
        self.at = min(self.at, max(0, len(self.offers) - 1))
        if not self.offers:
            self.close()
            return
        self.styles.height = len(self.offers) + 2
        self.styles.margin = (0, 0, above, 0)
        self.display = True
        self.refresh()

    def close(self) -> None:
        self.at, self.offers = 0, ()
        if self.display:
            self.display = False

    def key(self, key: str) -> bool:
        """True if the key was for the list."""
        if not self.display:
            return False
        match key:
            case "up" | "ctrl+p":
                self.at = (self.at - 1) % len(self.offers)
            case "down":
                self.at = (self.at + 1) % len(self.offers)
            case "tab" | "enter":
                self.post_message(self.Taken(self.offers[self.at]))
            case "escape":
                self.close()
            case _:
                return False
        self.refresh()
        return True

    def render_line(self, y: int) -> Strip:
        look, cells = self.inbox.look, self.size.width
        ground = look.bar
        corner, across, down = (("+", "-", "|"), ("╭", "─", "│"))[sign("│") == "│"]
        if y == 0:
            return self._edge(f"{corner}{across} {cut(self.title, cells - 6)} ", across, "╮" if corner != "+" else "+")
        if y == len(self.offers) + 1:
            keys = f"{sign('↑')}{sign('↓')} " + _("choose") + f" {sign('·')} Tab " + _("insert") + f" {sign('·')} Esc "
            corner = "╰" if corner != "+" else "+"
            return self._edge(
                f"{corner}{across} {cut(keys + _('close'), cells - 6)} ", across, "╯" if corner != "+" else "+"
            )
        offer = self.offers[y - 1]
        chosen = y - 1 == self.at
        name = fit(offer.name, min(NAME_CELLS, cells // 3))
        text = fit(offer.shown, max(0, cells - 5 - width(name)))
        mark = sign("▌") if chosen else " "
        middle = [
            Segment(mark + name, look.bar_strong),
            Segment(" " + text + " ", look.bar if chosen else look.bar_muted),
        ]
        if chosen:
            middle = [Segment(segment.text, (segment.style or ground) + look.cursor) for segment in middle]
        return Strip([Segment(down, ground), *middle, Segment(down, ground)]).adjust_cell_length(cells, ground)

    def _edge(self, text: str, across: str, end: str) -> Strip:
        cells = self.size.width
        return Strip([Segment(text + across * max(0, cells - width(text) - 1) + end, self.inbox.look.bar_muted)], cells)

    def on_click(self, event: events.Click) -> None:
        if 1 <= event.y <= len(self.offers):
            self.post_message(self.Taken(self.offers[event.y - 1]))
