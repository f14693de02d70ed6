"""What is known about the customer, beside the chat or over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.cards import contact
from pytake_cli.tui.measure import cut, fit, width, wrap
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import one_line
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.scrolled import Scrolled

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

NAME_CELLS = 13
MOST_NOTES = 5
Line = list[tuple[str, Style]]


class Sidebar(Scrolled, can_focus=True):
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
        self.scroll_to(0, self.scroll_y + 1, animate=False, immediate=True)

    def do_move_up(self) -> None:
        self.scroll_to(0, self.scroll_y - 1, animate=False, immediate=True)


def lines(row: Row, card: Json, look: Look, cells: int, zone: tzinfo) -> Iterator[Line]:
    """Head, conversation, consent, contact, fields, notes, past; `card` is what `/conversations/{id}/contact` told."""
    room, now = cells - 2, clock.now()
    yield [(" " + cut(row.contact.name.upper(), room), look.strong)]
    handle = card.get("username")
    yield [(" " + cut("  ".join(filter(None, (str(row.phone), f"@{handle}" if handle else ""))), room), look.muted)]
    if row.vip:
        yield [(f" {sign('★')} VIP", look.warn)]
    yield from _titled(_("conversation"), _conversation(row, zone), look, room)
    if card:
        yield from _titled(_("consent"), _consent(card, now, zone), look, room)
        yield from _titled(_("contact"), contact.basics(card, now, zone), look, room)
        own = [(str(name), contact.value(each)) for name, each in sorted(card["fields"].items())]
        yield from _titled(_("own fields"), own, look, room)
        yield from _titled(_("tags"), [("", " ".join(f"#{tag}" for tag in card["tags"]))], look, room)
        notes = [("", one_line(f"{note['by'] or '?'}: {note['body']}")) for note in card["notes"][:MOST_NOTES]]
        yield from _titled(_("notes"), notes, look, room)
        past = [(f"#{each['id']}", _past(each, now, zone)) for each in card["previous"]]
        yield from _titled(_("earlier"), past, look, room)


def _consent(card: Json, now: datetime, zone: tzinfo) -> list[tuple[str, str]]:
    left = draw.moment(card["opted_out_at"])
    return [
        (_("marketing"), contact.since(card, "marketing_granted_at", "marketing_stopped_at", now, zone)),
        (_("asked to leave"), times.moment(left, now, zone) if left else ""),
        (_("blocked"), _("yes") if card["blocked_at"] else ""),
    ]


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


def _past(each: Json, now: datetime, zone: tzinfo) -> str:
    at = draw.moment(each["resolved_at"] or each["last_message_at"])
    return f"{_(each['status'])}  {times.moment(at, now, zone) if at else ''}".strip()


def _titled(title: str, pairs: Sequence[tuple[str, str | None]], look: Look, room: int) -> Iterator[Line]:
    """A heading and its lines, or nothing where there are none."""
    told = [(name, value) for name, value in pairs if value]
    if not told:
        return
    yield []
    yield [(" " + title.upper(), look.accent)]
    for name, value in told:
        head = fit(name, NAME_CELLS) + " " if name else ""
        for at, line in enumerate(wrap(value, max(8, room - width(head)))):
            yield [(" " + (head if not at else " " * width(head)), look.muted), (line, look.plain)]
