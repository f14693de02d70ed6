"""What is known about the customer, beside the chat or over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.measure import cut, fit, width, wrap
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import one_line
from pytake_cli.tui.signs import sign

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

NAME_CELLS = 12
Line = list[tuple[str, Style]]


class Sidebar(ScrollView, can_focus=True):
    """The card of the contact, drawn from safe JSON."""

    CHAIN: ClassVar[str] = "sidebar"

    def __init__(self) -> None:
        super().__init__(id="sidebar")
        self.row: Row | None = None
        self.card: Json = {}
        self._lines: list[Line] = []

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def show(self, row: Row | None, card: Json) -> None:
        self.row, self.card = row, card
        self._draw()

    def _draw(self) -> None:
        cells = self.size.width
        if not cells or self.row is None:
            self._lines = []
        else:
            self._lines = list(lines(self.row, self.card, self.inbox.look, cells, self.inbox.zone))
        self.virtual_size = Size(cells, len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        self._draw()

    def render_line(self, y: int) -> Strip:
        look, cells = self.inbox.look, self.size.width
        at = round(self.scroll_y) + y
        parts = self._lines[at] if at < len(self._lines) else []
        return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(cells, look.plain)

    def do_move_down(self) -> None:
        self.scroll_to(0, self.scroll_y + 1, animate=False, immediate=True, force=True)

    def do_move_up(self) -> None:
        self.scroll_to(0, self.scroll_y - 1, animate=False, immediate=True, force=True)


def lines(row: Row, card: Json, look: Look, cells: int, zone: tzinfo) -> Iterator[Line]:
    """Head, conversation, consent, fields, past: whatever the API told."""
    room = cells - 2
    yield [(" " + cut(row.contact.name.upper(), room), look.strong)]
    contact = card.get("contact") or {}
    handle = contact.get("username")
    yield [(" " + cut("  ".join(filter(None, (str(row.phone), f"@{handle}" if handle else ""))), room), look.muted)]
    if row.vip:
        yield [(f" {sign('★')} VIP", look.warn)]
    yield from _titled(_("conversation"), _conversation(row, zone), look, room)
    yield from _titled(_("consent"), _pairs(card.get("consent")), look, room)
    yield from _titled(_("fields"), _pairs(card.get("fields")), look, room)
    yield from _titled(_("tags"), [("", " ".join(f"#{each}" for each in _names(card.get("tags"))))], look, room)
    past = card.get("past") or card.get("conversations") or []
    yield from _titled(_("earlier"), [(f"#{each.get('id')}", _past(each, zone)) for each in past[:8]], look, room)


def _conversation(row: Row, zone: tzinfo) -> list[tuple[str, str]]:
    now = clock.now()
    seconds = times.left(row.window_closes_at, now)
    window = times.span(seconds) if seconds else _("closed")
    if seconds and row.window_closes_at:
        window += " (" + _("until {time}").format(time=times.clock_time(row.window_closes_at, zone)) + ")"
    due = row.sla.next_due
    return [
        (_("status"), _(row.status)),
        (_("agent"), str(row.assignee.name) if row.assignee else _("nobody")),
        (_("team"), str(row.team.name) if row.team else ""),
        (_("priority"), _(row.priority)),
        (_("labels"), " ".join(f"#{label}" for label in row.labels)),
        (_("window"), window),
        (_("flow"), str(row.flow) if row.bot_owns else ""),
        (_("snoozed"), times.moment(row.snoozed_until, now, zone) if row.snoozed_until else ""),
        (_("answer by"), times.moment(due, now, zone) if due else ""),
        (_("rating"), str(row.rating) if row.rating is not None else ""),
        (_("number"), str(row.number)),
    ]


def _past(each: Json, zone: tzinfo) -> str:
    at = each.get("resolved_at") or each.get("last_message_at") or ""
    return f"{_(str(each.get('status') or ''))}  {str(at)[:10]}".strip()


def _pairs(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [(str(name), _told(each)) for name, each in value.items() if _told(each)]
    if isinstance(value, list):
        named = [each for each in value if isinstance(each, dict)]
        return [(_name(each), _told(each.get("value") or each.get("state"))) for each in named]
    return []


def _name(each: Json) -> str:
    return str(each.get("name") or each.get("field") or each.get("purpose") or "")


def _names(value: Any) -> list[str]:
    return [str(each.get("name") if isinstance(each, dict) else each) for each in value or ()]


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return " ".join(filter(None, (_told(each) for each in value.values())))
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value)
    return one_line("" if value is None else str(value))


def _titled(title: str, pairs: list[tuple[str, str]], look: Look, room: int) -> Iterator[Line]:
    """A heading and its lines, or nothing where there are none."""
    pairs = [(name, value) for name, value in pairs if value]
    if not pairs:
        return
    yield []
    yield [(" " + title.upper(), look.accent)]
    for name, value in pairs:
        head = fit(name, NAME_CELLS) + " " if name else ""
        for at, line in enumerate(wrap(value, max(8, room - width(head)))):
            yield [(" " + (head if not at else " " * width(head)), look.muted), (line, look.plain)]
