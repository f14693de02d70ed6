"""The left of the inbox: views, the list and its order, and what the live wire changes in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from textual.timer import Timer

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.client import Page, Refused, Unreachable
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.place import Place
from pytake_cli.tui.rows import Row, View
from pytake_cli.tui.safe import own
from pytake_cli.tui.widgets.head import ViewBar
from pytake_cli.tui.widgets.talk_list import TalkList

PAGE = 100
MOST_AGAIN = 200  # rows that are read again at once
QUIET_SECONDS = 0.3  # without a key before the list may take another order
RELOAD_SECONDS, COUNTS_SECONDS = 1.0, 2.0  # at most so often
COUNTS_AT_ONCE = 4  # saved up while nothing happens: what people do is counted at once, a flood every two seconds
AT_ONCE = 0.03  # seconds: several events of one commit are counted together
REMEMBERED_SECONDS = 60.0
SINGLY = 5  # conversations changed at once that are fetched one by one; more are read as a page
ORDERS = {"waiting": "waiting", "activity": "activity", "window": "window", "priority": "priority"}


class TalksPart(Place):
    """Keeps the list as the server has it, without moving what the person looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.talks = TalkList(id="talks")
        self.viewbar = ViewBar()
        self.view = ""
        self.order = "waiting"
        self.where = ""
        self.next_page: str | None = None
        self._loading = False
        self._more = False
        self._touched: set[int] = set()
        self._touched_at: dict[int, float] = {}  # of the last minute
        self._whole = False  # the page has to be read again
        self._fetching = False
        self._reloaded_at = self._counted_at = 0.0
        self._counts = float(COUNTS_AT_ONCE)
        self._recounting: Timer | None = None
        self._recount_at = 0.0

    # -- reading -------------------------------------------------------------------------------------------------------

    async def load_view(self, view: str | None = None, *, to_top: bool = True) -> None:
        """The first page of a view, and the views' counts."""
        self.view = view or self.view or self.inbox.options.view
        self.viewbar.current, self.viewbar.above = self.view, 0
        self.viewbar.order = _(self.order)
        self.viewbar.refresh()
        page = await self.read(view=self.view, where=self.where, order=self.order, limit=PAGE)
        self.next_page = page.next
        if self.narrowed():
            self.stand_behind(page.items)
        else:
            self.talks.show(page.items, to_top=to_top)
        await self.count()

    async def read(
        self, *, view: str, where: str, order: str, limit: int = PAGE, cursor: str | None = None
    ) -> Page[Row]:
        """A page from the server; what changed while it was on its way is read once more."""
        began = time.monotonic()
        page = await self.inbox.client.conversations(view=view, where=where, order=order, limit=limit, cursor=cursor)
        self.catch_up(began)
        return page

    def catch_up(self, since: float) -> None:
        """Reads again what changed since then (`time.monotonic()`, at most a minute ago)."""
        self._touched.update(id_ for id_, at in self._touched_at.items() if at >= since)
        self._settle()

    async def count(self) -> None:
        """The tabs with the server's counts."""
        self.take_views(await self.inbox.client.views())

    def _recount_soon(self, *, own: bool = False, people: bool = True) -> None:
        """Sees to it that the counts are fetched: at once for `own` doings; for others' while some are saved up.

        What customers write leaves the last of them for what `people` do.
        """
        now = time.monotonic()
        self._counts = min(COUNTS_AT_ONCE, self._counts + (now - self._counted_at) / COUNTS_SECONDS)
        self._counted_at = now
        wait = 0.0 if own else ((1 if people else 2) - self._counts) * COUNTS_SECONDS
        at = now + max(AT_ONCE, wait)
        if self._recounting is not None and self._recount_at <= at:
            return
        if self._recounting is not None:
            self._recounting.stop()
        self._recount_at = at
        self._recounting = self.set_timer(at - now, self._recount)

    async def _recount(self) -> None:
        self._recounting = None
        self._counts = max(0.0, self._counts - 1)
        try:
            await self.count()
        except (Unreachable, Refused):
            pass  # the wire tells of an outage, and everything is read again after it

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
            page = await self.read(view=self.view, where=self.where, order=self.order, cursor=self.next_page)
            self.next_page = page.next
            known = {row.id for row in self.talks.rows}
            self.talks.show([*self.talks.rows, *(row for row in page.items if row.id not in known)])
        finally:
            self._more = False

    # -- live ----------------------------------------------------------------------------------------------------------

    def on_connected(self, ready: Ready, again: bool) -> None:
        super().on_connected(ready, again)
        if again and ready.gap and not self.narrowed():
            self.later(self.load_view(to_top=False))
        elif again:
            self.touch_all()
            self._recount_soon()
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
            self.talks.show([row, *self.talks.rows])
        self.talks.choose(id_)

    def on_live(self, events_: list[Event]) -> None:
        super().on_live(events_)
        now, me = time.monotonic(), self.inbox.me.id if self.inbox.me else None
        self._touched_at = {id_: at for id_, at in self._touched_at.items() if at > now - REMEMBERED_SECONDS}
        for event in events_:
            if event.conversation is not None and event.kind in ("message:new", "conversation:updated", "note:new"):
                self._patch(event)
                self._touched.add(event.conversation)
                self._touched_at[event.conversation] = now
                people = event.kind == "conversation:updated" and event.payload.get("what") != "read"
                self._recount_soon(own=people and me is not None and event.payload.get("by") == me, people=people)
            elif event.kind == "message:status" and event.conversation is not None:
                self._patch_status(event)
        self._settle()

    def _patch(self, event: Event) -> None:
        """What the event itself tells is shown at once; the rest follows."""
        row = self.talks.get(event.conversation or 0)
        if row is None:
            self._whole = True
            return
        payload = event.payload
        if event.kind == "message:new" and payload.get("direction") == "in":
            self.talks.replace(replace(row, unread=row.unread + 1, last_message_at=clock.now()))
        elif event.kind == "conversation:updated" and int(payload.get("version") or 0) > row.version:
            changed = replace(
                row, status=str(payload.get("status", row.status)), owner=str(payload.get("owner", row.owner))
            )
            self.talks.replace(changed)
        if event.kind == "conversation:updated" and payload.get("what") != "read":
            self._whole = True  # it may belong elsewhere now, also when it was changed from here

    def _patch_status(self, event: Event) -> None:
        row = self.talks.get(event.conversation or 0)
        statuses = event.payload.get("statuses") or ()
        if row is not None and row.preview_direction == "out" and statuses:
            self.talks.replace(replace(row, preview_status=str(statuses[-1][1])))

    def touch_all(self) -> None:
        """After an outage: everything may be another."""
        self._whole = True
        self._reloaded_at = 0.0
        self._settle()

    def _settle(self) -> None:
        """Sees to it that what was touched is fetched, one fetch at a time."""
        if not self._fetching and self._wanting():
            self._fetching = True
            self.run_worker(self._fetch(), group="settle", exit_on_error=True)

    def _wanting(self) -> bool:
        return bool(self._touched) or (self._whole and not self.narrowed())

    async def _fetch(self) -> None:
        try:
            while self._wanting():
                touched = [id_ for id_ in self._touched if self.talks.get(id_) is not None]
                self._touched = set()
                if len(touched) <= SINGLY or self.narrowed():
                    await self._fetch_rows(touched)
                else:
                    self._whole = True
                if self._whole and not self.narrowed():
                    await self._fetch_page()
        except (Unreachable, Refused):
            pass  # the wire tells of an outage, and everything is read again after it
        finally:
            self._fetching = False

    async def _fetch_rows(self, ids: list[int]) -> None:
        for row in await asyncio.gather(*(self.inbox.client.conversation(id_) for id_ in ids)):
            self.row_changed(row)

    async def _fetch_page(self) -> None:
        wait = self._reloaded_at + RELOAD_SECONDS - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self._whole, self._reloaded_at = False, time.monotonic()
        limit = max(PAGE, min(len(self.talks.rows), MOST_AGAIN))
        page = await self.read(view=self.view, where=self.where, order=self.order, limit=limit)
        await self._until_quiet()
        if self.narrowed():
            self._whole = True
            return
        fresh = {row.id for row in page.items}
        rest = [row for row in self.talks.rows[limit:] if row.id not in fresh]
        if not rest:
            self.next_page = page.next
        self._show([*page.items, *rest])

    def _show(self, rows: list[Row]) -> None:
        """The list in its new order; the open conversation stays in it, even if it belongs elsewhere now."""
        kept = self.talks.row
        if kept is not None and all(row.id != kept.id for row in rows) and self.keeps_open():
            rows.insert(min(max(self.talks.index, 0), len(rows)), kept)
        came = self.talks.show(rows)
        if came:  # those that came twice count once: no more are new than stand there
            self.viewbar.above = min(self.viewbar.above + came, self.talks.above)
            self.viewbar.refresh()

    def narrowed(self) -> bool:
        """True while the list shows what a search found."""
        return False

    def stand_behind(self, rows: Sequence[Row]) -> None:
        """The list came while something is being sought in it."""

    def keeps_open(self) -> bool:
        """True while the person is busy with the conversation under the cursor."""
        return False

    async def _until_quiet(self) -> None:
        while (wait := self.inbox.last_key_at + QUIET_SECONDS - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    def row_changed(self, row: Row) -> None:
        """A conversation as the server has it now."""
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
