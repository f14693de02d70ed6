"""What is done to conversations: at once on the screen, then confirmed by the API or taken back with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytake_cli.locale import _, ngettext
from pytake_cli.tui.actions import BY_ID, Action
from pytake_cli.tui.client import Refused, Unreachable, passes
from pytake_cli.tui.deeds import ALWAYS, CHECKED, Deed
from pytake_cli.tui.rows import Row, Who
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.inbox_popups import PopupsPart

AGAIN_SECONDS = 10.0
Change = Callable[[Row], Row]


def resolved(row: Row) -> Row:
    """How it looks once it is."""
    return replace(row, status="resolved", unread=0)


class ActsPart(PopupsPart):
    """One action on the conversation under the cursor, or on all that are marked."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[int, float] = (0, 0.0)  # whose claim was refused, and until when a second key insists
        self._last: tuple[Action, str, dict[str, Any], Change] | None = None

    def on_mount(self) -> None:
        deeds = self.inbox.deeds
        deeds.on_done, deeds.on_dropped, deeds.on_changed = self.row_changed, self._dropped, self._deeds_changed

    async def act(self, id_: str, verb: str, change: Change, **arguments: Any) -> bool:
        """Does `verb` of the API: optimistic, undoable, repeatable; False: it was not done."""
        action = BY_ID[id_]
        self._last = (action, verb, arguments, change)
        with self.inbox.undoing.acting():
            if self.talks.marked:
                return await self._act_on_marked(action, verb, change, arguments)
            row = self.talks.row
            if row is None:
                return False
            return await self._act_on(row, action, verb, change, arguments)

    async def _act_on(self, row: Row, action: Action, verb: str, change: Change, arguments: dict[str, Any]) -> bool:
        id_, until = self._asked
        if verb == "claim" and id_ == row.id and time.monotonic() < until:
            arguments = {**arguments, "sure": True}
        self.row_changed(change(row))
        try:
            acted = await self.inbox.client.act(row.id, verb, **arguments)
        except Refused as refusal:
            if self._waits(refusal, verb):
                self._put_off([row], action, verb, change, arguments)
                return True
            self._put_back(row)
            if refusal.slug != "PT-CLAIMED":
                raise
            self._asked = (row.id, time.monotonic() + AGAIN_SECONDS)
            key = self.inbox.keymap.shown(action, ("inbox",))
            self.inbox.tell(own(f"{refusal.says} · {key} " + _("again takes it")), "warning")
            return False
        except Unreachable as error:
            if self._waits(error, verb):
                self._put_off([row], action, verb, change, arguments)
                return True
            self._put_back(row)
            raise
        if acted.row is not None:
            self.row_changed(acted.row)
        self.inbox.done(own(f"#{row.id} {row.contact.name}: {_(action.title)}"), change=acted.change)
        return True

    async def _act_on_marked(self, action: Action, verb: str, change: Change, arguments: dict[str, Any]) -> bool:
        ids = sorted(self.talks.marked)
        before = [row for id_ in ids if (row := self.talks.get(id_)) is not None]
        for row in before:
            self.row_changed(change(row))
        try:
            answer = await self.inbox.client.bulk(ids, verb, **arguments)
        except (Refused, Unreachable) as error:
            if self._waits(error, verb):
                self._put_off(before, action, verb, change, arguments)
                self._unmark()
                return True
            for row in before:
                self._put_back(row)
            raise
        self._unmark()
        done, skipped = len(answer.get("done") or ()), answer.get("skipped") or ()
        told = ngettext("{count} conversation", "{count} conversations", done).format(count=done)
        told = f"{_(action.title)}: {told}"
        if skipped:
            told += " · " + _("{count} left out: {why}").format(count=len(skipped), why=skipped[0].get("says", ""))
        self.inbox.done(own(told), batch=answer.get("batch"))
        return True

    def _unmark(self) -> None:
        self.talks.marked = set()
        self.talks.refresh()
        self.marks_changed()

    # -- without a connection ------------------------------------------------------------------------------------------

    def _waits(self, error: Refused | Unreachable, verb: str) -> bool:
        """True if it can be done later: nobody answers, and it does not depend on what a macro would find."""
        return passes(error) and verb in (*ALWAYS, *CHECKED)

    def _put_off(self, rows: list[Row], action: Action, verb: str, change: Change, arguments: dict[str, Any]) -> None:
        for row in rows:
            self.inbox.deeds.put(Deed.of(row, change(row), action.id, verb, arguments))
        count = ngettext("{count} conversation", "{count} conversations", len(rows)).format(count=len(rows))
        what = f"#{rows[0].id} {rows[0].contact.name}" if len(rows) == 1 else count
        self.inbox.tell(own(f"{what}: {_(action.title)} · " + _("waits for the connection")))

    def _dropped(self, deed: Deed, why: Safe) -> None:
        """It was not done, and the person knows why."""
        title = _(BY_ID[deed.action].title) if deed.action in BY_ID else deed.verb
        self.inbox.tell(own(_("not done: {what} · {why}").format(what=f"{deed.told}: {title}", why=why)), "warning")

    def _deeds_changed(self) -> None:
        self.keep_unsent()
        self.inbox.refresh_bars()

    def _every_second(self) -> None:
        """Also does what got no answer although there is a connection."""
        super()._every_second()
        deeds = self.inbox.deeds
        if len(deeds) and self.inbox.link.is_on and not (deeds.is_busy or self.inbox.outbox.is_busy):
            self.later(deeds.flush())

    def _put_back(self, row: Row) -> None:
        """As it was before, unless the server has told of it meanwhile."""
        now = self.talks.get(row.id)
        if now is None or now.version <= row.version:
            self.row_changed(row)

    def marks_changed(self) -> None:
        """Other conversations are marked."""

    # -- keys ----------------------------------------------------------------------------------------------------------

    async def do_conversation_claim(self) -> None:
        mine = self._mine()
        await self.act("conversation.claim", "claim", lambda row: replace(row, assignee=mine))

    def _mine(self) -> Who | None:
        me = self.inbox.me
        return Who(me.id or 0, me.name) if me else None

    async def do_conversation_takeover(self) -> None:
        mine = self._mine()
        await self.act(
            "conversation.takeover", "takeover", lambda row: replace(row, owner="people", status="open", assignee=mine)
        )

    async def do_conversation_handback(self) -> None:
        await self.act("conversation.handback", "handback", lambda row: replace(row, owner="bot"))

    async def do_conversation_resolve(self) -> None:
        await self.act("conversation.resolve", "resolve", resolved)

    async def do_conversation_reopen(self) -> None:
        await self.act("conversation.reopen", "reopen", lambda row: replace(row, status="open"))

    async def do_conversation_wake(self) -> None:
        await self.act("conversation.wake", "wake", lambda row: replace(row, status="open", snoozed_until=None))

    async def do_conversation_unread(self) -> None:
        await self.act("conversation.unread", "unread", lambda row: replace(row, unread=max(1, row.unread)))

    async def do_list_star(self) -> None:
        starred = not (self.talks.row and self.talks.row.starred)
        await self.act("list.star", "star" if starred else "unstar", lambda row: replace(row, starred=starred))

    async def do_app_repeat(self) -> None:
        if self._last is not None:
            action, verb, arguments, change = self._last
            await self.act(action.id, verb, change, **arguments)
