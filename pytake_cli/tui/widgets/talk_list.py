"""The list of conversations: any number of them, two lines each, stable under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from pytake_cli import clock
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Row
from pytake_cli.tui.widgets import talk_lines
from pytake_cli.tui.widgets.scrolled import RIGHT, Scrolled
from pytake_cli.tui.widgets.talk_lines import Shown

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

HIGH = 2  # lines of a row
ID = attrgetter("id")
NEAR_END = 30  # rows before the end at which more are asked for


class TalkList(Scrolled, can_focus=True):
    """Rows, a cursor that stays on its conversation, marks, and drafts of this person."""

    CHAIN: ClassVar[str] = "list"

    class Moved(Message):
        """The cursor is on another conversation."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    class Chosen(Message):
        """A click on what the cursor was on already."""

    class Wanted(Message):
        """The end is near: more rows, please."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.whole: list[Row] = []
        self.rows: list[Row] = []  # of them what is shown; while something is sought, what else was found as well
        self.marked: set[int] = set()
        self.drafts: set[int] = set()
        self.current: int | None = None  # id of the conversation under the cursor
        self._at: dict[int, int] = {}
        self._in_whole: dict[int, int] = {}
        self._fits: Callable[[Row], bool] | None = None
        self._fitted: set[int] = set()  # what once did stays: its preview may be another by now
        self._found: tuple[Row, ...] = ()
        self._cache: LRUCache[tuple[Row, Shown, Look], tuple[Strip, Strip]] = LRUCache(400)
        self._now = clock.now()

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def show(self, rows: Iterable[Row], *, to_top: bool = False) -> int:
        """Other rows or another order; returns how many came in above what is in view.

        The conversation under the cursor keeps the cursor and its line on the screen. A list is taken, not copied.
        """
        before = self._stands()
        self._found = tuple(self.get(row.id) or row for row in self._found)
        self.whole = rows if isinstance(rows, list) else list(rows)
        self._in_whole.clear()  # before the new one: both at once would take the room of 100,000 rows twice
        self._in_whole.update(zip(map(ID, self.whole), count()))
        return self._arrange(before, to_top=to_top)

    def show_first(self, rows: Sequence[Row]) -> int:
        """The same as `show` where the first rows are the ones they were, changed or in another order."""
        before = self._stands()
        self._found = tuple(self.get(row.id) or row for row in self._found)
        self.whole[: len(rows)] = rows
        self._in_whole.update(zip(map(ID, rows), count()))
        return self._arrange(before)

    def narrow(self, fits: Callable[[Row], bool] | None) -> None:
        """Shows only what fits, from the top; None: everything again. The whole goes on behind it."""
        self._fits, self._fitted, self._found = fits, set(), ()
        self._arrange(self._stands(), to_top=fits is not None)

    def beside(self, found: Iterable[Row]) -> None:
        """Shows these below what fits."""
        self._found = tuple(found)
        self._arrange(self._stands())

    @property
    def narrowed(self) -> bool:
        return self._fits is not None

    def _stands(self) -> tuple[int, int, int | None]:
        """The line of the cursor, how many rows stand above what is in view, and the id of the first in view."""
        above = self.above
        return self._line_of_cursor(), above, self.rows[above].id if above < len(self.rows) else None

    def _arrange(self, before: tuple[int, int, int | None], *, to_top: bool = False) -> int:
        old_at, old_top, top_id = before
        if self._fits is None:
            self.rows, self._at = self.whole, self._in_whole
        else:
            here = [row for row in self.whole if row.id in self._fitted or self._fits(row)]
            self._fitted = {row.id for row in here}
            self.rows = [*here, *(row for row in self._found if row.id not in self._fitted)]
            self._at = {row.id: index for index, row in enumerate(self.rows)}
        self._now = clock.now()
        if self.current not in self._at:
            index = min(max(old_at // HIGH, 0), len(self.rows) - 1)
            self._set_current(self.rows[index].id if self.rows else None)
        self.virtual_size = Size(self.size.width, len(self.rows) * HIGH)
        if to_top:
            self.scroll_to(0, 0, animate=False, immediate=True)
        elif old_at >= 0 and self.current in self._at:
            moved = self._at[self.current] * HIGH - old_at
            if moved and (self.scroll_y > 0 or moved > 0):
                self.scroll_to(0, max(0, self.scroll_y + moved), animate=False, immediate=True)
        self.refresh()
        above = self._at.get(top_id, 0) - old_top if top_id is not None else 0
        return max(0, above)

    @property
    def above(self) -> int:
        """How many rows stand above what is in view."""
        return round(self.scroll_y) // HIGH

    def replace(self, row: Row) -> bool:
        """The same conversation, changed, at the same place; False: it is not in the list."""
        index, behind = self._at.get(row.id), self._in_whole.get(row.id)
        if index is not None and self.rows[index] != row:
            self.rows[index] = row
            self._refresh_row(index)
        if behind is not None:
            self.whole[behind] = row
        return index is not None or behind is not None

    def get(self, id_: int) -> Row | None:
        if (index := self._at.get(id_)) is not None:
            return self.rows[index]
        behind = self._in_whole.get(id_)
        return None if behind is None else self.whole[behind]

    @property
    def row(self) -> Row | None:
        """The conversation under the cursor."""
        return None if self.current is None else self.get(self.current)

    @property
    def index(self) -> int:
        return -1 if self.current is None else self._at.get(self.current, -1)

    def in_view(self) -> Sequence[Row]:
        """What is on the screen."""
        first = round(self.scroll_y) // HIGH
        return self.rows[first : first + self.size.height // HIGH + 2]

    def _line_of_cursor(self) -> int:
        return self.index * HIGH if self.index >= 0 else -1

    # -- the cursor ----------------------------------------------------------------------------------------------------

    def choose(self, id_: int | None) -> None:
        """Puts the cursor on a conversation of the list."""
        if id_ is not None and id_ in self._at and id_ != self.current:
            old = self.index
            self._set_current(id_)
            if old >= 0:
                self._refresh_row(old)
            self._refresh_row(self.index)
        self._into_view()

    def step(self, by: int) -> None:
        """The cursor so many rows further."""
        if self.rows:
            self.choose(self.rows[min(max(self.index + by, 0), len(self.rows) - 1)].id)

    def _set_current(self, id_: int | None) -> None:
        if id_ != self.current:
            self.current = id_
            self.post_message(self.Moved(self.row))
        if self._at and self.index >= len(self.rows) - NEAR_END:
            self.post_message(self.Wanted())

    def _into_view(self) -> None:
        at, high = self._line_of_cursor(), self.size.height
        if at < 0 or not high:
            return
        if at < self.scroll_y:
            self.scroll_to(0, at, animate=False, immediate=True)
        elif at + HIGH > self.scroll_y + high:
            self.scroll_to(0, at + HIGH - high, animate=False, immediate=True)

    def do_move_down(self) -> None:
        self.step(1)

    def do_move_up(self) -> None:
        self.step(-1)

    def do_move_page_down(self) -> None:
        self.step(max(1, self.size.height // HIGH - 1))

    def do_move_page_up(self) -> None:
        self.step(-max(1, self.size.height // HIGH - 1))

    def do_move_top(self) -> None:
        self.step(-len(self.rows))

    def do_move_bottom(self) -> None:
        self.step(len(self.rows))

    def do_list_mark(self) -> None:
        if self.current is not None:
            self.marked ^= {self.current}
            self._refresh_row(self.index)
            self.step(1)
            self.post_message(self.Moved(self.row))

    def do_list_mark_all(self) -> None:
        self.marked = set() if self.marked else {row.id for row in self.rows}
        self.refresh()
        self.post_message(self.Moved(self.row))

    # -- drawing -------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        index, line = divmod(round(self.scroll_y) + y, HIGH)
        cells, look = self.size.width, self.inbox.look
        if index >= len(self.rows):
            return Strip.blank(cells, look.plain)
        row = self.rows[index]
        cursor = row.id == self.current
        how = talk_lines.shown(
            row, cells, self._now, cursor=cursor, focused=self.has_focus,
            marked=row.id in self.marked, draft=row.draft or row.id in self.drafts,
        )  # fmt: skip
        key = (row, how, look)
        kept = self._cache.get(key)
        if kept is None:
            kept = self._cache[key] = talk_lines.lines(row, how, look)
        return kept[line]

    def on_mount(self) -> None:
        self.set_interval(15.0, self._older)

    def _older(self) -> None:
        """Ages and windows move on."""
        self._now = clock.now()
        self.refresh()

    def _refresh_row(self, index: int) -> None:
        self.refresh(Region(0, index * HIGH - round(self.scroll_y), self.size.width, HIGH))

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows) * HIGH)
        self._into_view()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        if self.index >= 0:
            self._refresh_row(self.index)

    def on_click(self, event: events.Click) -> None:
        index = (round(self.scroll_y) + event.y) // HIGH
        if index < len(self.rows):
            again = self.rows[index].id == self.current
            self.choose(self.rows[index].id)
            if event.button == RIGHT:
                cast("Keyed[None]", self.screen).menu("inbox", "lists")
            elif again:
                self.post_message(self.Chosen())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.rows and new_value // HIGH + self.size.height // HIGH >= len(self.rows) - NEAR_END:
            self.post_message(self.Wanted())
