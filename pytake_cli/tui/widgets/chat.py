"""What was said in one conversation: lines of bubbles that stay where they are while more comes in or is read back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from pytake_cli import clock
from pytake_cli.locale import ngettext
from pytake_cli.tui import times
from pytake_cli.tui.seeking import lit, spans
from pytake_cli.tui.timeline import Item, merged
from pytake_cli.tui.widgets import bubbles
from pytake_cli.tui.widgets.bubbles import Frame
from pytake_cli.tui.widgets.scrolled import RIGHT, Scrolled

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp
    from pytake_cli.tui.place import Keyed

GROUPED = timedelta(minutes=2)  # bubbles of one voice within this share a head
MIRRORED_FROM = 60  # cells; own bubbles are at the right from here on
NEAR_TOP = 6  # lines before the top at which more is asked for


class ChatView(Scrolled, can_focus=True):
    """The timeline of a conversation, oldest first."""

    CHAIN: ClassVar[str] = "chat"

    class Wanted(Message):
        """The top is near: what was said before, please."""

    class Picked(Message):
        """Another message is chosen."""

    class Below(Message):
        """How much came in below what is in view has changed."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.items: list[Item] = []
        self.waiting: tuple[Item, ...] = ()  # in the outbox: below everything else
        self.picked: str | None = None
        self.below = 0
        self.sought = ""
        self.sticky = True  # at the end, and to stay there
        self._first_unread: str | None = None
        self._unread = 0
        self._strips: list[Strip] = []
        self._owner: list[int] = []  # line -> index into _all, -1 for what lies between
        self._starts: list[int] = []
        self._cache: LRUCache[tuple[Item, Frame, bool], list[Strip]] = LRUCache(1000)

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    @property
    def _all(self) -> Sequence[Item]:
        return (*self.items, *self.waiting) if self.waiting else self.items

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show(self, items: Iterable[Item], waiting: Iterable[Item] = (), *, unread: int = 0) -> None:
        """Another conversation, from its end."""
        self.items, self.waiting = list(items), tuple(waiting)
        self.picked, self.below, self.sought = None, 0, ""
        incoming = [item for item in self.items if item.is_in]
        self._unread = min(unread, len(incoming))
        self._first_unread = incoming[-self._unread].id if self._unread else None
        self._draw()
        self._to_end()
        self.post_message(self.Below())

    def older(self, items: Iterable[Item]) -> None:
        """What was said before, put above without moving what is in view."""
        known = {item.id for item in self.items}
        before = len(self._strips)
        self.items[:0] = [item for item in items if item.id not in known]
        self._draw()
        self.scroll_to(0, self.scroll_y + len(self._strips) - before, animate=False, immediate=True)

    def joins(self, items: Sequence[Item]) -> bool:
        """True if nothing can be missing between what is here and these, which are the newest."""
        known = {item.id for item in self.items}
        return any(item.id in known for item in items)

    def take_page(self, page: Sequence[Item], waiting: Iterable[Item]) -> bool:
        """The end of the timeline as the server has it; False: too much is new, and what stood here before is gone."""
        known = {item.id for item in self.items}
        kept = not known or any(item.id in known for item in page)
        self.items = merged(self.items, page)
        self._changed(sum(item.id not in known and item.type != "change" for item in page), waiting)
        return kept

    def update_items(self, items: Iterable[Item], waiting: Iterable[Item] | None = None) -> None:
        """New and changed entries; stays at the end if it was there, else counts what is new."""
        places = {item.id: index for index, item in enumerate(self.items)}
        new = 0
        for item in items:
            if item.id in places:
                self.items[places[item.id]] = item
            else:
                places[item.id] = len(self.items)
                self.items.append(item)
                new += item.type != "change"
        self._changed(new, waiting)

    def _changed(self, new: int, waiting: Iterable[Item] | None) -> None:
        there = {item.client_id for item in self.items if item.client_id}
        self.waiting = tuple(
            item for item in (self.waiting if waiting is None else waiting) if item.client_id not in there
        )
        self._draw()
        if self.sticky:
            self._to_end()
        elif new:
            self.below += new
            self.post_message(self.Below())

    def status(self, message: int, status: str) -> None:
        """How far a message got."""
        for index in range(len(self.items) - 1, -1, -1):
            item = self.items[index]
            if item.number == message and item.type == "message":
                if item.status != status:
                    self.items[index] = replace(item, status=status)
                    self._draw()
                return

    @property
    def last(self) -> str | None:
        """The id of the last entry that is known: what the person has seen."""
        return self.items[-1].id if self.items else None

    @property
    def at_end(self) -> bool:
        return self.scroll_y >= self.max_scroll_y - 1

    @property
    def item(self) -> Item | None:
        """The message that is chosen."""
        return next((item for item in self._all if item.id == self.picked), None) if self.picked else None

    def clear_unread(self) -> None:
        if self._first_unread is not None:
            self._first_unread = None
            self._draw()

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        cells = self.size.width
        if not cells:
            return
        now = clock.now()
        zone = self.inbox.zone
        today = now.astimezone(zone).date()
        me = self.inbox.me.id if self.inbox.me else None
        frame = Frame(cells, cells >= MIRRORED_FROM, self.inbox.look, zone, me, today.isoformat())
        roomy = self.screen.has_class("-tall")
        strips: list[Strip] = []
        owner: list[int] = []
        blank = Strip.blank(cells, frame.look.plain)
        before: Item | None = None
        for index, item in enumerate(self._all):
            head = not _continues(before, item)
            day = item.at.astimezone(zone).date()
            between: list[Strip] = []
            if before is None or before.at.astimezone(zone).date() != day:
                between = [blank] if before else []
                between += [bubbles.rule(times.day(day, today), frame, frame.look.muted), blank]
            elif (head and roomy) or (item.type == "message") != (before.type == "message"):
                between = [blank] if roomy else []
            elif head:
                between = [blank]
            between = self._marked_unread(item, between, frame, blank)
            key = (item, frame, head)
            kept = self._cache.get(key)
            if kept is None:
                kept = self._cache[key] = bubbles.lines(item, frame, head=head, now=now)
            strips += [*between, *kept]
            owner += [-1] * len(between) + [index] * len(kept)
            before = item
        high = self.size.height
        fill = max(0, high - len(strips))  # a short talk stands at the bottom, where the composer is
        self._strips = [blank] * fill + strips
        self._owner = [-1] * fill + owner
        self.virtual_size = Size(cells, len(self._strips))
        self.refresh()

    def _marked_unread(self, item: Item, between: list[Strip], frame: Frame, blank: Strip) -> list[Strip]:
        """`──── 3 unread ────` over the first that was not read."""
        if item.id != self._first_unread:
            return between
        text = ngettext("{count} unread", "{count} unread", self._unread).format(count=self._unread)
        return [*(between or [blank]), bubbles.rule(text, frame, frame.look.warn)]

    def render_line(self, y: int) -> Strip:
        line = round(self.scroll_y) + y
        cells = self.size.width
        if not 0 <= line < len(self._strips):
            return Strip.blank(cells, self.inbox.look.plain)
        strip = self._strips[line]
        owner = self._owner[line]
        if owner >= 0 and self.picked and self._all[owner].id == self.picked:
            look = self.inbox.look
            strip = _over(strip, look.cursor if self.has_focus else look.cursor_blur)
        return lit(strip, self.sought, self.inbox.look.hit) if self.sought and owner >= 0 else strip

    def on_resize(self) -> None:
        self._draw()
        if self.sticky:
            self._to_end()

    def redraw(self) -> None:
        """For another theme or language."""
        self._cache.clear()
        self._draw()

    # -- looking for words ---------------------------------------------------------------------------------------------

    def seek(self, words: str) -> None:
        """Lights the words up wherever they stand; none ends it."""
        self.sought = words.strip()
        self.refresh()

    @property
    def hits(self) -> list[str]:
        """The ids of what holds the words, the newest first."""
        if not self.sought:
            return []
        return [item.id for item in reversed(self._all) if item.type != "change" and spans(_said(item), self.sought)]

    # -- moving --------------------------------------------------------------------------------------------------------

    def pick(self, id_: str | None) -> None:
        """Chooses a message and brings it into view."""
        self.picked = id_
        index = next((at for at, item in enumerate(self._all) if item.id == id_), None)
        if index is not None and index in self._owner:
            first = self._owner.index(index)
            last = bisect_right(self._owner, index, first, key=lambda owner: owner if owner >= 0 else index + 1)
            if first < self.scroll_y:
                self.scroll_to(0, max(0, first - 1), animate=False, immediate=True)
            elif last > self.scroll_y + self.size.height:
                self.scroll_to(0, last - self.size.height, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Picked())

    def step(self, by: int) -> None:
        """So many messages further down."""
        ids = [item.id for item in self._all if item.type != "change"]
        if not ids:
            return
        at = ids.index(self.picked) + by if self.picked in ids else len(ids) - 1
        if at >= len(ids):
            self.do_move_bottom()
        self.pick(ids[min(max(at, 0), len(ids) - 1)])

    def do_move_down(self) -> None:
        self.step(1)

    def do_move_up(self) -> None:
        self.step(-1)

    def do_move_page_down(self) -> None:
        self.scroll_to(0, self.scroll_y + self.size.height - 2, animate=False, immediate=True)

    def do_move_page_up(self) -> None:
        self.scroll_to(0, self.scroll_y - self.size.height + 2, animate=False, immediate=True)

    def do_move_top(self) -> None:
        self.scroll_to(0, 0, animate=False, immediate=True)

    def do_move_bottom(self) -> None:
        self._to_end()

    def _to_end(self) -> None:
        self.sticky = True
        self.scroll_to(0, self.max_scroll_y, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and not self.at_end:
            self.sticky = False
        elif self.at_end:
            self.sticky = True
        if new_value < NEAR_TOP and self.items and new_value < old_value:
            self.post_message(self.Wanted())
        if self.below and self.at_end:
            self.below = 0
            self.post_message(self.Below())

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        line = round(self.scroll_y) + event.y
        if 0 <= line < len(self._owner) and self._owner[line] >= 0:
            self.pick(self._all[self._owner[line]].id)
            if event.button == RIGHT:
                self.focus()
                cast("Keyed[None]", self.screen).menu("chat", "inbox")


def _continues(before: Item | None, item: Item) -> bool:
    """True if the same voice goes on."""
    return (
        before is not None
        and before.type == item.type == "message"
        and before.author_kind == item.author_kind
        and before.author == item.author
        and before.direction == item.direction
        and item.at - before.at < GROUPED
    )


def _said(item: Item) -> str:
    media = f"{item.media.name}\n{item.media.transcript}\n" if item.media else ""
    return f"{media}{item.text}"


def _over(strip: Strip, ground: Style) -> Strip:
    """The strip on another ground: what the segments had is kept, their background is not."""
    return Strip([Segment(text, (style or Style()) + ground) for text, style, _control in strip], strip.cell_length)
