"""One-line pieces of the inbox: the tabs of the views, the head of a conversation, who else is there, the outage."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from pytake_cli import clock
from pytake_cli.locale import _, number
from pytake_cli.tui import times
from pytake_cli.tui.measure import cut, width
from pytake_cli.tui.rows import Row, View
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.signs import sign

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp


ORDER_FROM = 44  # cells; below, the names of the views need the room


class Line(Widget):
    """A line of the screen that is drawn from values."""

    can_focus = False
    ALLOW_SELECT: ClassVar[bool] = False

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def line(self, cells: int) -> list[Segment]:
        """The segments, at most `cells` wide."""
        return []

    def ground(self) -> Style:
        return self.inbox.look.plain

    def render_line(self, y: int) -> Strip:
        cells = self.size.width
        if y:
            return Strip.blank(cells, self.ground())
        return Strip(self.line(cells)).adjust_cell_length(cells, self.ground())


class ViewBar(Line):
    """`[Mine 37] Unassigned 12 …   ↑ 4 new`"""

    class Chosen(Message):
        """A click on a tab."""

        def __init__(self, slug: str) -> None:
            super().__init__()
            self.slug = slug

    def __init__(self) -> None:
        super().__init__(id="views")
        self.views: list[View] = []
        self.current = ""
        self.order = ""
        self.above = 0
        self._tabs: list[tuple[int, int, str]] = []

    def line(self, cells: int) -> list[Segment]:
        look = self.inbox.look
        right = f"{sign('↑')}{self.above} " + _("new") + " " if self.above else self._order(cells)
        room = cells - width(right)
        names = [view.slug for view in self.views]
        at = names.index(self.current) if self.current in names else 0
        segments: list[Segment] = []
        self._tabs, taken = [], 0
        for view in self.views[max(0, at - 1) if at > 1 else 0 :]:
            current = view.slug == self.current
            text = _(view.name) if view.builtin else str(view.name)
            text += f" {_short(view.count)}" if view.count is not None else ""
            text = f"[{text}] " if current else f"{text} "
            if taken + width(text) > room:
                text = cut(text, room - taken)
            segments.append(Segment(text, look.strong if current else look.muted))
            self._tabs.append((taken, taken + width(text), view.slug))
            taken += width(text)
            if taken >= room:
                break
        segments.append(Segment(" " * max(0, room - taken), look.plain))
        segments.append(Segment(right, look.warn if self.above else look.muted))
        return segments

    def _order(self, cells: int) -> str:
        return f" {self.order} " if cells >= ORDER_FROM else f" {sign('▾')}"

    def on_click(self, event: events.Click) -> None:
        for start, end, slug in self._tabs:
            if start <= event.x < end:
                self.post_message(self.Chosen(slug))


def _short(count: int) -> str:
    return number(count) if count < 10_000 else f"{count // 1000}k"


class TalkHead(Line):
    """Whose conversation it is, and how long the window is open."""

    def __init__(self) -> None:
        super().__init__(id="header")
        self.row: Row | None = None

    def line(self, cells: int) -> list[Segment]:
        row, look = self.row, self.inbox.look
        if row is None:
            return [Segment(" " + _("no conversation chosen"), look.muted)]
        right, right_style = _window(row, look_ok=look.ok, look_warn=look.warn, look_bad=look.bad, cells=cells)
        room = cells - width(right) - 2
        segments = [Segment(" ", look.plain)]
        for text, style in self._parts(row, cells):
            if width(text) > room:
                if not segments[1:]:
                    text = cut(text, room)
                else:
                    break
            segments.append(Segment(text, style))
            room -= width(text)
        return [*segments, Segment(" " * max(0, room), look.plain), Segment(right + " ", right_style)]

    def _parts(self, row: Row, cells: int) -> list[tuple[str, Style]]:
        look = self.inbox.look
        parts = [(str(row.contact.name), look.strong)]
        if row.phone and cells >= 80:
            parts.append((f"  {row.phone}", look.muted))
        parts.append((f"  #{row.id}", look.muted))
        if row.assignee:
            parts.append((f"  @{row.assignee.name}", look.accent))
        else:
            parts.append(("  " + _("unassigned"), look.warn))
        if row.status in ("snoozed", "resolved"):
            parts.append((f"  {sign('☾') if row.status == 'snoozed' else sign('✓')} " + _(row.status), look.muted))
        if row.rating is not None:
            parts.append((f"  {sign('★')} {row.rating}", look.warn))
        if row.priority != "normal":
            parts.append(("  ! " + _(row.priority), look.bad if row.priority in ("high", "urgent") else look.muted))
        if row.labels:
            parts.append(("  " + " ".join(f"#{label}" for label in row.labels), look.muted))
        if row.team:
            parts.append((f"  {row.team.name}", look.muted))
        return parts


def _window(row: Row, *, look_ok: Style, look_warn: Style, look_bad: Style, cells: int) -> tuple[str, Style]:
    seconds = times.left(row.window_closes_at, clock.now())
    level = times.window_level(seconds)
    if level in ("none", "closed") or seconds is None:
        return f"{sign('⊘')} " + _("closed"), look_bad
    full = min(6, 1 + seconds * 6 // times.WINDOW_SECONDS)
    bar = sign("▰") * full + sign("▱") * (6 - full)
    style = {"closing": look_bad, "soon": look_warn}.get(level, look_ok)
    name = _("window") + " " if cells >= 80 else ""
    word = " " + _("closes soon") if level == "closing" and cells >= 60 else ""
    return f"{name}{bar} {times.span(seconds)}{word}", style


class Presence(Line):
    """Who else is here, what is saved, what is new below."""

    def __init__(self) -> None:
        super().__init__(id="presence")
        self.typing: tuple[Safe, ...] = ()
        self.viewing: tuple[Safe, ...] = ()
        self.saved = ""
        self.held = ""  # what can still be taken back
        self.tip = ""  # while there is nothing else to say
        self.found = ""  # how a search in the conversation stands
        self.below = 0

    def line(self, cells: int) -> list[Segment]:
        look = self.inbox.look
        dot = f" {sign('·')} "
        segments: list[Segment] = [Segment(" ", look.plain)]
        if told := self.found or self.held:
            segments.append(Segment(told + "  ", look.accent))
        for who in self.typing:
            segments.append(Segment(f"{sign('●')} " + _("{who} is typing…").format(who=who) + "  ", look.warn))
        parts = [_("{who} is looking").format(who=who) for who in self.viewing if who not in self.typing]
        parts += [self.saved] if self.saved else []
        segments.append(Segment(dot.join(parts), look.muted))
        right = f"{sign('↓')} {self.below} " + _("new") + " " if self.below else ""
        if self.tip and not parts and len(segments) == 2:
            segments.append(Segment(cut(self.tip, cells - 1 - width(right)), look.muted))
        taken = sum(width(segment.text) for segment in segments)
        segments.append(Segment(" " * max(0, cells - taken - width(right)), look.plain))
        return [*segments, Segment(right, look.warn)]


class Outage(Line):
    """An amber line while there is no connection."""

    def __init__(self) -> None:
        super().__init__(id="outage")
        self.text = ""

    def ground(self) -> Style:
        return self.inbox.look.note

    def line(self, cells: int) -> list[Segment]:
        return [Segment(cut(f"{sign('⚠')} {self.text}", cells), self.inbox.look.note_head)]
