"""Ways through the inbox: next, back, search and filter, panes, the contact beside, marks, the palette's view of it."""

from __future__ import annotations

from textual.timer import Timer
from textual.widgets import Input

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.client import Refused
from pytake_cli.tui.rows import Json, Row
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.inbox_acts import ActsPart
from pytake_cli.tui.seeking import folded
from pytake_cli.tui.widgets.find import FindLine
from pytake_cli.tui.widgets.marked import Marked
from pytake_cli.tui.widgets.sidebar import Sidebar
from pytake_cli.tui.widgets.talk_list import TalkList

SOUGHT_AFTER_SECONDS = 0.15
BESIDE_FROM = 150  # columns; below, the contact is a drawer


class WaysPart(ActsPart):
    """Getting about without losing the place."""

    def __init__(self) -> None:
        super().__init__()
        self.sidebar = Sidebar()
        self.marked_pane = Marked()
        self.find = FindLine()
        self._cards: dict[int, Json] = {}
        self._seeking: Timer | None = None
        self._wants_sidebar: bool | None = None

    # -- from one to the next ------------------------------------------------------------------------------------------

    def do_conversation_next(self) -> None:
        self._walk_waiting(1)

    def do_conversation_previous(self) -> None:
        self._walk_waiting(-1)

    def _walk_waiting(self, by: int) -> None:
        """The next of mine, or of nobody's, where a customer waits: longest first."""
        self.save_draft()
        me = self.inbox.me
        mine = [
            row
            for row in self.talks.rows
            if row.waiting_since and row.status != "resolved" and not row.bot_owns
            and (row.assignee is None or (me is not None and row.assignee.id == me.id))
        ]  # fmt: skip
        mine.sort(key=lambda row: row.waiting_since or clock.now())
        ids = [row.id for row in mine]
        if not ids:
            self.inbox.tell(own(_("nobody waits here")))
            return
        at = ids.index(self.talks.current) + by if self.talks.current in ids else (0 if by > 0 else -1)
        self.talks.choose(ids[at % len(ids)])
        self.talks.focus()

    def do_conversation_back(self) -> None:
        if self.previous is not None:
            self.later(self.reveal(self.previous))

    def do_move_top(self) -> None:
        self.talks.do_move_top()

    def on_talk_list_chosen(self, message: TalkList.Chosen) -> None:
        self.add_class("-writing")
        self.chat.focus()

    # -- panes ---------------------------------------------------------------------------------------------------------

    def do_pane_next(self) -> None:
        self._pane(1)

    def do_pane_previous(self) -> None:
        self._pane(-1)

    def _pane(self, by: int) -> None:
        panes = [self.talks, self.chat, *([self.sidebar] if self.sidebar.display else [])]
        at = next((at for at, pane in enumerate(panes) if pane.has_focus), 0)
        pane = panes[(at + by) % len(panes)]
        self.set_class(pane is not self.talks, "-writing")
        pane.focus()

    # -- the contact beside --------------------------------------------------------------------------------------------

    def do_conversation_sidebar(self) -> None:
        self._wants_sidebar = not self.sidebar.display
        self.sidebar.display = self._wants_sidebar
        self._fill_sidebar()

    def on_resize(self) -> None:
        wide = self.size.width >= BESIDE_FROM
        self.sidebar.set_class(not wide, "-drawer")
        if self._wants_sidebar is None or not wide:
            self.sidebar.display = wide and self._wants_sidebar is not False
        self._fill_sidebar()

    def open_row(self, row: Row | None) -> None:
        super().open_row(row)
        self._fill_sidebar()

    def row_changed(self, row: Row) -> None:
        super().row_changed(row)
        if self.open is not None and row.id == self.open.id:
            self._fill_sidebar()

    def _fill_sidebar(self) -> None:
        row = self.open
        if not self.sidebar.display:
            return
        self.sidebar.show(row, self._cards.get(row.id, {}) if row else {})
        if row is not None and row.id not in self._cards:
            self._cards[row.id] = {}
            self.later(self._fetch_card(row))

    async def _fetch_card(self, row: Row) -> None:
        try:
            self._cards[row.id] = await self.inbox.client.card(row.id)
        except Refused:
            return
        if self.open is not None and self.open.id == row.id:
            self.sidebar.show(self.open, self._cards[row.id])

    # -- marks ---------------------------------------------------------------------------------------------------------

    def on_talk_list_moved(self, message: TalkList.Moved) -> None:
        super().on_talk_list_moved(message)
        self.marks_changed()

    def marks_changed(self) -> None:
        rows = [row for id_ in self.talks.marked if (row := self.talks.get(id_)) is not None]
        many = bool(rows)
        if self.marked_pane.display != many:
            self.marked_pane.display = many
            self.chat.display = not many
        if many:
            self.marked_pane.show(rows)
        self.refresh_keys()

    # -- search and filter ---------------------------------------------------------------------------------------------

    def do_list_search(self) -> None:
        self.find.ask("search", "", _("name, phone or words"))

    def do_list_filter(self) -> None:
        self.find.ask("filter", self.where, _("status:open label:vip waiting>10m window<2h"))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is not self.find:
            return
        if self._seeking is not None:
            self._seeking.stop()
        if self.find.purpose == "search":
            self._narrow(event.value)
        elif self.find.purpose == "filter":
            self._seeking = self.set_timer(SOUGHT_AFTER_SECONDS * 2, lambda: self.later(self._filter(event.value)))

    def _narrow(self, wanted: str) -> None:
        """What is here at once, then what the server finds."""
        words = folded(wanted).split()
        self.talks.narrow(lambda row: all(word in _haystack(row) for word in words))
        if words:
            self._seeking = self.set_timer(SOUGHT_AFTER_SECONDS, lambda: self.later(self._ask_server(wanted)))

    async def _ask_server(self, wanted: str) -> None:
        quoted = wanted.replace('"', " ").strip()
        page = await self.read(view="all", where=f'text:"{quoted}"', order="activity", limit=50)
        if self.talks.narrowed and self.find.value == wanted:
            self.talks.beside(page.items)

    async def _filter(self, where: str) -> None:
        try:
            self.where = where.strip()
            await self.load_view()
            self.find.set_class(False, "-wrong")
        except Refused:
            self.find.set_class(True, "-wrong")  # half a filter is no filter yet

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is self.find:
            if self.find.purpose == "filter":
                self.later(self._filter(event.value))
            self.find.display = False
            self.talks.focus()

    def on_find_line_left(self, message: FindLine.Left) -> None:
        """Esc: everything as it was before."""
        if message.line is not self.find:
            return
        if self.find.purpose == "filter" and self.where:
            self.where = ""
            self.later(self.load_view())
        self.end_search()
        self.find.display = False
        self.talks.focus()

    def do_list_all(self) -> None:
        if self.talks.narrowed:
            self.on_find_line_left(FindLine.Left(self.find))

    def end_search(self) -> None:
        if self.talks.narrowed:
            kept = self.talks.row
            self.talks.narrow(None)
            if kept is not None and all(row.id != kept.id for row in self.talks.whole):
                self.talks.show([kept, *self.talks.whole])
                self.talks.choose(kept.id)

    async def load_view(self, view: str | None = None, *, to_top: bool = True) -> None:
        if self.talks.narrowed:  # another view: what was sought in this one is over
            self.talks.narrow(None)
            self.find.display = False
        await super().load_view(view, to_top=to_top)

    def keeps_open(self) -> bool:
        """The conversation that is written in, or read, stays in the list."""
        return self.focused is not self.talks


def _haystack(row: Row) -> str:
    return folded(f"{row.contact.name} {row.phone} {row.preview} #{row.id} {' '.join(row.labels)}")
