"""The bar above and the bar below: where one is, how the connection is, which keys help now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.actions import ACTIONS, BY_ID, Action
from pytake_cli.tui.live import LOGIN
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.rows import AT_WORK
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.signs import sign

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

LEAST = (40, 10)  # columns and lines; below, nothing can be done that is worth it
Part = tuple[str, Style, str | None]  # what is written, how, and the action of a click


class Bar(Widget):
    """One line of parts that can be clicked."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._clicks: list[tuple[int, int, str]] = []

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def parts(self, cells: int) -> tuple[list[Part], list[Part]]:
        """What stands to the left and to the right."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        return [self._line(self.size.width).crop(crop.x, crop.right)]

    def _line(self, cells: int) -> Strip:
        left, right = self.parts(cells)
        base = self.inbox.look.bar
        taken_right = sum(width(part[0]) for part in right)
        room = max(0, cells - taken_right)
        segments, at = [], 0
        self._clicks = []
        for text, style, action in left:
            text = cut(text, room - at) if at + width(text) > room else text
            segments.append(Segment(text, style))
            if action:
                self._clicks.append((at, at + width(text), action))
            at += width(text)
        segments.append(Segment(" " * (room - at), base))
        at = room
        for text, style, action in right:
            segments.append(Segment(text, style))
            if action:
                self._clicks.append((at, at + width(text), action))
            at += width(text)
        return Strip(segments, at).adjust_cell_length(cells, base)

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._clicks:
            if start <= event.x < end:
                await cast("Keyed[None]", self.screen).perform(BY_ID[action])
                return


class TopBar(Bar):
    """Product, organisation, screens; connection, queue, unread, me, clock."""

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self._shown = ""

    def _tick(self) -> None:
        now = self._line(self.size.width).text
        if now != self._shown:
            self._shown = now
            self.refresh()

    def parts(self, cells: int) -> tuple[list[Part], list[Part]]:
        look = self.inbox.look
        me = self.inbox.me
        head = f"{sign('▐')}PyTake{sign('▌')}" if not (me and me.live) else f"{sign('▐')}PROD{sign('▌')}"
        left: list[Part] = [(head, look.bar_strong if not (me and me.live) else look.bad + look.bar, None)]
        if me and me.org:
            left.append((f" {cut(me.org, 16)}  ", look.bar, None))
        roomy = cells >= 110
        right = self._right(cells)
        room = cells - sum(width(part[0]) for part in (*left, *right))
        for entry in SCREENS:
            current = entry.slug == self.inbox.place
            name = _(entry.title) if roomy else _(entry.short)
            text = f"{entry.key}{sign('▸') if current else ' '}{name}{'  ' if roomy else ' '}"
            while current and width(text) > room and left[-1][2]:
                room += width(left.pop()[0])  # where one is has to stand there
            if width(text) > room:
                continue
            room -= width(text)
            left.append((text, look.bar_strong if current else look.bar_muted, f"screen.{entry.slug}"))
        return left, right

    def _right(self, cells: int) -> list[Part]:
        inbox, look = self.inbox, self.inbox.look
        link = inbox.link
        right: list[Part] = []
        if link.is_on:
            right.append((f"{sign('●')} " + (_("on") if cells < 150 else _("on line")) + "  ", look.live, None))
        else:
            seconds = int(time.monotonic() - link.since)
            text = _("connecting {seconds}s") if not inbox.was_on else _("reconnecting {seconds}s")
            text = _("log in again") if link.error == LOGIN else text
            right.append(
                (
                    f"{sign('◌')} {text.format(seconds=seconds)}  ",
                    look.warn + Style(bgcolor=look.bar.bgcolor),
                    "app.redraw",
                )
            )
        if waiting := inbox.waiting:
            right.append(
                (_("queue {count}").format(count=waiting) + "  ", look.warn + Style(bgcolor=look.bar.bgcolor), None)
            )
        if inbox.unread_mine:
            right.append((f"{sign('✉')}{inbox.unread_mine}  ", look.bar_strong, None))
        if inbox.me and cells >= 100:
            away = "" if inbox.me.availability in AT_WORK else f" ({_(inbox.me.availability)})"
            right.append((cut(inbox.me.name, 14) + away + "  ", look.bar, "app.pause"))
        right.append((times.clock_time(clock.now(), inbox.zone) + " ", look.bar_muted, None))
        return right


class KeyBar(Bar):
    """The six to eight keys that help now."""

    def parts(self, cells: int) -> tuple[list[Part], list[Part]]:
        screen = cast("Keyed[None]", self.screen)
        chain, here = screen.chain(), screen.here()
        keymap = self.inbox.keymap
        usable = [
            (action, key)
            for action in sorted(ACTIONS, key=lambda each: each.order)
            if action.short and (key := keymap.shown(action, chain)) and not self.inbox.blocked(action, here)
        ]
        fixed = [pair for pair in usable if pair[0].order >= 90]
        right = [part for action, key in fixed for part in self._part(action, key)]
        room = cells - sum(width(part[0]) for part in right)
        left: list[Part] = []
        for action, key in usable:
            if action.order >= 90:
                continue
            added = self._part(action, key)
            taken = sum(width(part[0]) for part in added)
            if taken > room:
                break
            left.extend(added)
            room -= taken
        return left, right

    def _part(self, action: Action, key: str) -> list[Part]:
        look = self.inbox.look
        return [(key, look.key, action.id), (f" {_(action.short)}  ", look.bar_muted, action.id)]


class TooSmall(Widget):
    """Asks for more room where no screen can be drawn; what is written stays meanwhile."""

    can_focus = False

    def render_line(self, y: int) -> Strip:
        look, cells = cast("InboxApp", self.app).look, self.size.width
        size = _("at least {cells} columns and {lines} lines").format(cells=LEAST[0], lines=LEAST[1])
        text = _("PyTake needs more room") if y == 0 else size if y == 1 else ""
        style = look.warn if y == 0 else look.plain
        return Strip([Segment(cut(text, cells), style)]).adjust_cell_length(cells, look.plain)
