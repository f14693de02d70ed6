"""The left of the inbox: views, the list and its order, and what the live wire changes in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from textual.timer import Timer

from pytake_cli.locale import _
from pytake_cli.tui.client import Page, Refused, Unreachable, passes
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.pacing import Allowance
from pytake_cli.tui.place import Place
from pytake_cli.tui.rows import Row, View
from pytake_cli.tui.safe import own
from pytake_cli.tui.widgets.head import ViewBar
from pytake_cli.tui.widgets.talk_list import TalkList

PAGE = 100
MOST_AGAIN = 200  # rows that are read again at once
QUIET_SECONDS = 0.3  # without a key before the list may take another order
# The order and the counts: what people do is there at once, what a flood of customers does every two seconds.
RENEWED_AT_ONCE, RENEWED_SECONDS = 6, 2.0
GATHER_SECONDS = 0.03  # several events of one commit are one
ORDERS = {"waiting": "waiting", "activity": "activity", "window": "window", "priority": "priority"}
TURNING = ("message:new", "conversation:updated")  # events by which a list may take another order


class TalksPart(Place):
    """Keeps the list as the server has it, without moving what the person looks at.

    Rows come over the live wire as they are now; which belong to the view and in which order is read again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.talks = TalkList(id="talks")
        self.viewbar = ViewBar()
        self.view = ""
        self.order = "waiting"
        self.where = ""
        self.next_page: str | None = None
        self._more = False
        self._reads: list[dict[int, Row]] = []  # for each page on its way: the rows that came meanwhile
        self._old = False  # the page has to be read again
        self._missed = False  # it was asked for and did not come
        self._paging = False
        self._allowance = Allowance(RENEWED_AT_ONCE, RENEWED_SECONDS)
        self._renewing: Timer | None = None
        self._renew_at = 0.0

    # -- reading -------------------------------------------------------------------------------------------------------

    async def load_view(self, view: str | None = None, *, to_top: bool = True) -> None:
        """The first page of a view, and the views' counts."""
        self.view = view or self.view or self.inbox.options.view
        self.viewbar.current, self.viewbar.above = self.view, 0
        self.viewbar.order = _(self.order)
        self.viewbar.refresh()
        showing = self._showing()
        page = await self.read(view=self.view, where=self.where, order=self.order, limit=PAGE)
        if showing != self._showing():
            return  # another view was chosen meanwhile
        self.next_page = page.next
        self.talks.show(page.items, to_top=to_top)
        await self.count()

    def _showing(self) -> tuple[str, str, str]:
        return self.view, self.where, self.order

    async def read(
        self, *, view: str, where: str, order: str, limit: int = PAGE, cursor: str | None = None, quiet: bool = False
    ) -> Page[Row]:
        """A page from the server, with what changed while it was on its way, and until the keys were `quiet`."""
        ask = self.inbox.client.conversations
        with self._following() as came:
            page = await ask(view=view, where=where, order=order, limit=limit, cursor=cursor)
            if quiet:
                await self._until_quiet()
        return _merged(page, came)

    @contextmanager
    def _following(self) -> Iterator[dict[int, Row]]:
        """The rows that come meanwhile."""
        came: dict[int, Row] = {}
        self._reads.append(came)
        try:
            yield came
        finally:
            self._reads = [each for each in self._reads if each is not came]

    async def count(self) -> None:
        """The tabs with the server's counts."""
        self.take_views(await self.inbox.client.views())

    def take_views(self, views: list[View]) -> None:
        self.viewbar.views = views
        self.viewbar.refresh()
        mine = next((view.unread for view in views if view.slug == "mine"), 0)
        self.inbox.unread_mine = mine
        self.inbox.notifier.title(mine)
        self.inbox.refresh_bars()

    async def on_talk_list_wanted(self) -> None:
        if self.next_page and not self._more:
            self._more = True
            self.later(self._next())

    async def _next(self) -> None:
        try:
            showing = self._showing()
            page = await self.read(view=self.view, where=self.where, order=self.order, cursor=self.next_page)
            if showing != self._showing():
                return
            self.next_page = page.next
            known = {row.id for row in self.talks.whole}
            self.talks.show([*self.talks.whole, *(row for row in page.items if row.id not in known)])
        finally:
            self._more = False

    # -- live ----------------------------------------------------------------------------------------------------------

    def on_connected(self, ready: Ready, again: bool) -> None:
        super().on_connected(ready, again)
        if again and ready.gap and not self.talks.narrowed:
            self.later(self.load_view(to_top=False))
        elif again:
            self.touch_all()
        else:
            self.later(self._first())

    async def _first(self) -> None:
        await self.load_view()
        if wanted := self.inbox.options.conversation:
            await self.reveal(wanted)

    async def reveal(self, id_: int) -> None:
        """Puts the cursor on a conversation, which comes into the list if it was not there."""
        if self.talks.get(id_) is None:
            row = await self.inbox.client.conversation(id_)
            self.talks.show([row, *self.talks.whole])
        self.talks.choose(id_)

    def on_rows(self, rows: Sequence[Row]) -> None:
        super().on_rows(rows)
        for row in rows:
            known = self.talks.get(row.id)
            if known is None:
                self._keep_for_reads(row)
            elif (newer := _newer(known, row)) is not known:
                self.row_changed(newer)

    def _keep_for_reads(self, row: Row) -> None:
        for came in self._reads:
            came[row.id] = row

    def on_live(self, events_: list[Event]) -> None:
        super().on_live(events_)
        me = self.inbox.me.id if self.inbox.me else None
        for event in events_:
            if event.kind in TURNING and event.conversation is not None:
                people = event.kind == "conversation:updated" and event.payload.get("what") != "read"
                self.renew_soon(own=people and me is not None and event.payload.get("by") == me, people=people)
            elif event.kind == "message:status" and event.conversation is not None:
                self._patch_status(event)

    def _patch_status(self, event: Event) -> None:
        row = self.talks.get(event.conversation or 0)
        statuses = event.payload.get("statuses") or ()
        if row is not None and row.preview_direction == "out" and statuses:
            self.talks.replace(replace(row, preview_status=str(statuses[-1][1])))

    def touch_all(self) -> None:
        """After an outage, or what this person did: everything may be another."""
        self.renew_soon(own=True)

    def renew_soon(self, *, own: bool = False, people: bool = True) -> None:
        """Sees to it that order and counts are read: at once for `own` doings; for others' while some are saved up.

        What customers write leaves the last of them for what `people` do.
        """
        wait = 0.0 if own else self._allowance.wait(keep=0 if people else 1)
        now = time.monotonic()
        at = now + max(GATHER_SECONDS, wait)
        if self._renewing is not None and self._renew_at <= at:
            return
        if self._renewing is not None:
            self._renewing.stop()
        self._renew_at = at
        self._renewing = self.set_timer(at - now, self._renew)

    def _renew(self) -> None:
        self._renewing = None
        self._allowance.take()
        self.run_worker(self._count_and_read(), exit_on_error=True)

    async def _count_and_read(self) -> None:
        """First the counts, which wait for nothing. What an outage kept is read after it; else in a second."""
        try:
            await self.count()
            self._old = True
            if self._paging:
                return
            self._paging = True
            try:
                while self._old:
                    self._old = False
                    await self._read_again()
            finally:
                self._paging = False
        except (Unreachable, Refused) as error:
            self._missed = self._missed or passes(error)

    def _every_second(self) -> None:
        """What could not be read although there is a connection is asked for once more."""
        if self._missed and self.inbox.link.is_on:
            self._missed = False
            self.renew_soon()

    async def _read_again(self) -> None:
        showing, limit = self._showing(), max(PAGE, min(len(self.talks.whole), MOST_AGAIN))
        page = await self.read(view=self.view, where=self.where, order=self.order, limit=limit, quiet=True)
        if showing == self._showing():
            self._take_again(page, limit)

    def _take_again(self, page: Page[Row], limit: int) -> None:
        """Mostly those of the page are the ones that stood there: then what stands behind them is left alone."""
        fresh = {row.id for row in page.items}
        if fresh == {row.id for row in self.talks.whole[:limit]}:
            came, more = self.talks.show_first(page.items), len(self.talks.whole) > limit
        else:
            behind = [row for row in islice(self.talks.whole, limit, None) if row.id not in fresh]
            came, more = self.talks.show(self._with_open([*page.items, *behind])), bool(behind)
        if not more:
            self.next_page = page.next
        if came:  # those that came twice count once: no more are new than stand there
            self.viewbar.above = min(self.viewbar.above + came, self.talks.above)
            self.viewbar.refresh()

    def _with_open(self, rows: list[Row]) -> list[Row]:
        """The open conversation stays in the list, even if it belongs elsewhere now."""
        kept = self.talks.row
        if kept is not None and all(row.id != kept.id for row in rows) and self.keeps_open():
            rows.insert(min(max(self.talks.index, 0), len(rows)), kept)
        return rows

    def keeps_open(self) -> bool:
        """True while the person is busy with the conversation under the cursor."""
        return False

    async def _until_quiet(self) -> None:
        while (wait := self.inbox.last_key_at + QUIET_SECONDS - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def row_changed(self, row: Row) -> None:
        """A conversation as the server has it now."""
        self._keep_for_reads(row)
        self.talks.replace(row)

    def on_look_changed(self) -> None:
        super().on_look_changed()
        self.viewbar.order = _(self.order)
        self.take_views(self.viewbar.views)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def on_view_bar_chosen(self, message: ViewBar.Chosen) -> None:
        self.later(self.load_view(message.slug))

    def do_view_next(self) -> None:
        self._walk(1)

    def do_view_previous(self) -> None:
        self._walk(-1)

    def _walk(self, by: int) -> None:
        slugs = [view.slug for view in self.viewbar.views]
        if slugs:
            at = slugs.index(self.view) if self.view in slugs else 0
            self.later(self.load_view(slugs[(at + by) % len(slugs)]))

    def do_list_order(self) -> None:
        names = list(ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self.inbox.tell(own(_("order: {name}").format(name=_(self.order))))
        self.later(self.load_view())


def _merged(page: Page[Row], came: Mapping[int, Row]) -> Page[Row]:
    return replace(page, items=tuple(_newer(row, came.get(row.id)) for row in page.items))


def _newer(known: Row, came: Row | None) -> Row:
    """What came over the wire, unless it is older; stars and drafts are one person's and do not come that way."""
    if came is None or came.version < known.version:
        return known
    return replace(came, starred=known.starred, draft=known.draft)
