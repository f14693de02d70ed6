"""The right of the inbox: the open conversation, read as it grows, and who else is in it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.timer import Timer

from pytake_cli.locale import _
from pytake_cli.tui.actions import BY_ID
from pytake_cli.tui.client import Refused, Unreachable, passes
from pytake_cli.tui.live import LOGIN, Event, Ready, Tail
from pytake_cli.tui.rows import Row
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.screens.inbox_talks import TalksPart
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets.chat import ChatView
from pytake_cli.tui.widgets.head import Outage, Presence, TalkHead
from pytake_cli.tui.widgets.talk_list import TalkList

DEBOUNCE_SECONDS = 0.06  # the cursor is quicker than chats are read
PRESENCE_SECONDS = 8.0
KEPT_TALKS = 60  # timelines that are kept for going back, and for reading without a connection
TAIL = 30  # entries that are read again when something happened
ASIDE = ("reaction", "edit", "revoke")  # messages that say something of another one, which may be further up


@dataclass
class Talk:
    """What is known of a conversation's timeline."""

    items: list[Item] = field(default_factory=list)
    before: str | None = None  # cursor of what was said earlier


class ChatPart(TalksPart):
    """Opens what the cursor is on, and keeps it as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.chat = ChatView(id="chat")
        self.head = TalkHead()
        self.presence = Presence()
        self.outage = Outage()
        self.open: Row | None = None
        self.previous: int | None = None
        self._kept: OrderedDict[int, Talk] = OrderedDict()
        self._opening: Timer | None = None
        self._stale = False
        self._through = 0  # the last event whose end of the open conversation came with it
        self._reading = False
        self._older = False
        self._others: dict[int, dict[tuple[Safe, str], float]] = {}  # conversation -> (name, what) -> until

    def on_mount(self) -> None:
        self.set_interval(1.0, self._every_second)

    # -- opening -------------------------------------------------------------------------------------------------------

    def on_talk_list_moved(self, message: TalkList.Moved) -> None:
        row = self.talks.row
        self.head.row = row
        self.head.refresh()
        self.refresh_keys()
        if self._opening is not None:
            self._opening.stop()
        if row is None or self.open is None or row.id != self.open.id:
            self._opening = self.set_timer(DEBOUNCE_SECONDS, self._open_current)

    def _open_current(self) -> None:
        row = self.talks.row
        if row is None or self.open is None or row.id != self.open.id:
            self.open_row(row)

    def open_row(self, row: Row | None) -> None:
        """Shows a conversation: from what is kept at once, then as the server has it."""
        if self.open is not None and row is not None and self.open.id != row.id:
            self.previous = self.open.id
        self.open = row
        self.head.row = row
        self.head.refresh()
        if row is None:
            self.chat.show(())
            return
        kept = self._kept.get(row.id)
        self.chat.show(kept.items if kept else (), self._waiting(row.id), unread=row.unread)
        self.later(self._read(row.id, fresh=kept is None))
        self.later(self.inbox.live.say({"type": "viewing", "conversation": row.id}))
        self._show_others()

    def _waiting(self, id_: int) -> list[Item]:
        name = self.inbox.me.name if self.inbox.me else Safe("")
        return [each.item(name) for each in self.inbox.outbox.of(id_)]

    async def _read(self, id_: int, *, fresh: bool) -> None:
        try:
            page = await self.inbox.client.timeline(id_)
        except (Unreachable, Refused) as error:
            self._stale = self._stale or passes(error)
            raise
        talk = self._keep(id_, list(page.items), page.next)
        if self.open is None or self.open.id != id_:
            return
        if fresh:
            self.chat.show(talk.items, self._waiting(id_), unread=self.open.unread)
        else:
            self.chat.take_page(page.items, self._waiting(id_))
        self.seen()

    def _keep(self, id_: int, items: list[Item], before: str | None) -> Talk:
        talk = self._kept[id_] = Talk(items, before)
        self._kept.move_to_end(id_)
        while len(self._kept) > KEPT_TALKS:
            self._kept.popitem(last=False)
        return talk

    def on_chat_view_wanted(self) -> None:
        talk = self._kept.get(self.open.id) if self.open else None
        if talk is not None and talk.before is not None and not self._older:
            self._older = True
            self.later(self._read_older(self.open.id if self.open else 0, talk))

    async def _read_older(self, id_: int, talk: Talk) -> None:
        try:
            page = await self.inbox.client.timeline(id_, before=talk.before)
            talk.before = page.next
            talk.items[:0] = page.items
            if self.open is not None and self.open.id == id_:
                self.chat.older(page.items)
        finally:
            self._older = False

    # -- growing -------------------------------------------------------------------------------------------------------

    def on_tail(self, tail: Tail) -> None:
        super().on_tail(tail)
        if self.open is not None and tail.conversation == self.open.id and self.chat.joins(tail.items):
            self._through = tail.through
            self._take_tail(self.open.id, tail.items)

    def _take_tail(self, id_: int, items: Sequence[Item], before: str | None = None) -> None:
        kept = self.chat.take_page(items, self._waiting(id_))
        if id_ in self._kept:
            talk = self._kept[id_]
            talk.items, talk.before = list(self.chat.items), talk.before if kept else before
        self.seen()

    def on_live(self, events_: list[Event]) -> None:
        super().on_live(events_)
        for event in events_:
            match event.kind:
                case "message:status":
                    for number, status in event.payload.get("statuses") or ():
                        self.chat.status(int(number), str(status))
                case "agent:typing" | "agent:viewing":
                    self._someone(event)
                case _:
                    is_open = self.open is not None and event.conversation == self.open.id
                    came = event.id is not None and event.id <= self._through
                    if is_open and not (came and event.payload.get("kind") not in ASIDE):
                        self._stale = True
        self._read_stale()

    def _read_stale(self) -> None:
        if self._stale and not self._reading:
            self._reading = True
            self.run_worker(self._read_tail(), group="tail", exit_on_error=True)

    async def _read_tail(self) -> None:
        """The end of the timeline, again and again until nothing more has happened."""
        try:
            while self._stale and self.open is not None:
                self._stale = False
                id_ = self.open.id
                if id_ not in self._kept:
                    await self._read(id_, fresh=True)
                    continue
                page = await self.inbox.client.timeline(id_, limit=TAIL)
                if self.open is None or self.open.id != id_:
                    continue
                self._take_tail(id_, page.items, page.next)
        except (Unreachable, Refused) as error:
            self._stale = self._stale or passes(error)  # again in a second, or when the wire is back
        finally:
            self._reading = False

    def on_connected(self, ready: Ready, again: bool) -> None:
        super().on_connected(ready, again)
        for viewer in ready.viewers:
            self._someone(Event(None, str(viewer.get("kind")), viewer.get("conversation"), viewer))
        if ready.gap:
            self._kept.clear()
        if again and self.open is not None:
            self.later(self.inbox.live.say({"type": "viewing", "conversation": self.open.id}))
            self.later(self._read(self.open.id, fresh=ready.gap))

    def row_changed(self, row: Row) -> None:
        super().row_changed(row)
        if self.open is not None and row.id == self.open.id:
            self.open = self.head.row = row
            self.head.refresh()
            self.refresh_keys()

    def seen(self) -> None:
        """Tells that the conversation was read, if it is really being looked at."""
        row, inbox = self.open, self.inbox
        if (
            row is not None and row.unread and inbox.options.read_on == "focus" and not inbox.options.read_only
            and inbox.app_focus and self.is_current and self.chat.at_end and self.attends()
        ):  # fmt: skip
            self.later(self.mark_read(row))

    def attends(self) -> bool:
        """True if the person is in the conversation rather than walking along the list."""
        return self.focused is not self.talks

    async def mark_read(self, row: Row) -> None:
        acted = await self.inbox.client.act(row.id, "read")
        if acted.row is not None:
            self.row_changed(acted.row)

    # -- others --------------------------------------------------------------------------------------------------------

    def _someone(self, event: Event) -> None:
        user = event.payload.get("user") or event.payload.get("by") or {}
        me = self.inbox.me
        if event.conversation is None or (me is not None and user.get("id") == me.id):
            return
        kind = "typing" if event.kind == "agent:typing" else "viewing"
        here = self._others.setdefault(event.conversation, {})
        who = Safe(str(user.get("name") or "?")), kind
        if event.payload.get("until", "") is None:
            here.pop(who, None)
        else:
            here[who] = time.monotonic() + PRESENCE_SECONDS
        self._show_others()

    def typing_now(self, within_seconds: float) -> Safe | None:
        """A colleague who typed in the open conversation so shortly ago."""
        if self.open is None:
            return None
        now = time.monotonic()
        for (name, kind), until in self._others.get(self.open.id, {}).items():
            if kind == "typing" and until - PRESENCE_SECONDS + within_seconds > now:
                return name
        return None

    def _show_others(self) -> None:
        now = time.monotonic()
        here = self._others.get(self.open.id, {}) if self.open else {}
        typing = tuple(name for (name, kind), until in here.items() if kind == "typing" and until > now)
        viewing = tuple(dict.fromkeys(name for (name, _), until in here.items() if until > now))
        if (typing, viewing) != (self.presence.typing, self.presence.viewing):
            self.presence.typing, self.presence.viewing = typing, viewing
            self.presence.refresh()

    def on_chat_view_below(self) -> None:
        self.presence.below = self.chat.below
        self.presence.refresh()
        self.seen()

    def on_chat_view_picked(self) -> None:
        self.refresh_keys()

    def _every_second(self) -> None:
        super()._every_second()
        if self.inbox.link.is_on:
            self._read_stale()
        self._show_others()
        self._show_outage()
        if int(time.monotonic()) % 15 == 0:
            self.head.refresh()

    def _show_outage(self) -> None:
        link = self.inbox.link
        seconds = int(time.monotonic() - link.since)
        out = not link.is_on and self.inbox.was_on and seconds >= 2
        self.outage.display = out
        if out:
            queued = self.inbox.waiting
            text = _("no connection for {seconds} s · reading what is here").format(seconds=seconds)
            if link.error == LOGIN:
                text = _("your login has ended: leave the inbox and log in again · what you wrote is kept")
            if queued:
                text += " · " + _("{count} waiting to be sent").format(count=queued)
            key = self.inbox.keymap.shown(BY_ID["app.redraw"], ("always",))
            self.outage.text = text + f" · {key} " + _("tries now")
            self.outage.refresh()

    def on_look_changed(self) -> None:
        super().on_look_changed()
        self.chat.redraw()
