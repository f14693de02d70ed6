"""The composer of the inbox: modes, drafts that are never lost, and the window that closes."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from textual.timer import Timer

from pytake_cli import clock
from pytake_cli import text as texts
from pytake_cli.locale import _
from pytake_cli.tui import times
from pytake_cli.tui.actions import BY_ID
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.live import Ready
from pytake_cli.tui.rows import Draft, Row
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.inbox_offers import OffersPart
from pytake_cli.tui.signs import sign
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets.composer import Composer
from pytake_cli.tui.widgets.popup import Popup

SAVED_AFTER_SECONDS = 0.3
LEAVE_SECONDS, LOOK_SECONDS = 2.0, 0.02  # for the last words of who leaves, and how often they are looked at
NO_DRAFT = Draft("")
TYPING_EVERY_SECONDS = 3.0


class WritingPart(OffersPart):
    """What is written belongs to its conversation, whatever is open next."""

    def __init__(self) -> None:
        super().__init__()
        self.popup = Popup()
        self.composer = Composer(self.popup)
        self.replying: Item | None = None
        self._drafts: dict[int, Draft] = {}
        self._unsaved: int | None = None  # the conversation whose draft is still to be saved
        self._owed: set[int] = set()  # conversations of whose draft the server has another word
        self._saving: Timer | None = None
        self._is_saving = False
        self._typed_at = 0.0
        self._hinted: set[int] = set()

    # -- drafts --------------------------------------------------------------------------------------------------------

    def open_row(self, row: Row | None) -> None:
        self.save_draft()
        before = self.open.id if self.open else None
        super().open_row(row)
        if row is not None and row.id == before:
            return
        self.replying = None
        self.presence.saved = ""
        draft = self._drafts.get(row.id) if row else None
        self._put(draft)
        self.look_at_window()
        if row is not None and draft is None and row.draft:
            self.later(self._fetch_draft(row.id))

    def _put(self, draft: Draft | None) -> None:
        self.composer.set_text(draft.text if draft else "", draft.mode if draft else "reply")

    async def _fetch_draft(self, id_: int) -> None:
        draft = await self.inbox.client.draft(id_)
        if draft is None:
            return
        self._drafts[id_] = draft
        if self.open is not None and self.open.id == id_ and not self.composer.writing.text:
            self._put(draft)

    def on_composer_changed(self) -> None:
        if self.open is None:
            return
        self._unsaved = self.open.id
        self._drafts[self.open.id] = self._draft()
        if self._saving is not None:
            self._saving.stop()
        self._saving = self.set_timer(SAVED_AFTER_SECONDS, self.save_draft)
        now = time.monotonic()
        if now - self._typed_at > TYPING_EVERY_SECONDS and self.composer.writing.text:
            self._typed_at = now
            frame = {"type": "typing", "conversation": self.open.id, "mode": self.composer.mode}
            self.later(self.inbox.live.say(frame))

    def _draft(self) -> Draft:
        reply_to = self.replying.number if self.replying else None
        return Draft(self.composer.writing.text, self.composer.mode, reply_to)

    def save_draft(self) -> None:
        """Gives what is written to the API; another device or tomorrow finds it there."""
        id_, self._unsaved = self._unsaved, None
        if id_ is None or self.inbox.options.read_only:
            return
        self._mark_draft(id_, bool(self._drafts[id_].text.strip()))
        self._owe(id_)

    def _owe(self, id_: int) -> None:
        """The server is to hear of this draft: now, or as soon as it answers."""
        self._owed.add(id_)
        self.keep_unsent()
        self.later(self._save())

    async def _save(self) -> None:
        """Brings the server up to date: one draft at a time, each as it is then, so that no older one comes last."""
        if self._is_saving:
            return
        self._is_saving = True
        try:
            while self._owed:
                await self._save_one(next(iter(self._owed)))
        except Unreachable:
            pass  # the outage is told, and on_connected() tries again
        finally:
            self._is_saving = False
            self.keep_unsent()

    async def _save_one(self, id_: int) -> None:
        draft = self._drafts.get(id_, NO_DRAFT)
        try:
            await self.inbox.client.save_draft(id_, draft)
        except Refused:
            self._owed.discard(id_)
            raise
        if self._drafts.get(id_, NO_DRAFT) == draft:
            self._owed.discard(id_)
        if self.open is not None and self.open.id == id_:
            self.presence.saved = _("draft saved") if draft.text.strip() else ""
            self.presence.refresh()

    def keep_unsent(self) -> None:
        """Notes on this machine what the server has not got."""
        unsent = self.inbox.unsent
        if unsent is not None:
            drafts = {id_: self._drafts[id_] for id_ in sorted(self._owed) if id_ in self._drafts}
            unsent.keep(self.inbox.outbox.waiting, drafts, self.inbox.deeds.waiting)

    def on_taken_up(self, drafts: Mapping[int, Draft]) -> None:
        super().on_taken_up(drafts)
        for id_, draft in drafts.items():
            self.keep_draft(id_, draft)

    def on_connected(self, ready: Ready, again: bool) -> None:
        super().on_connected(ready, again)
        if self._owed:
            self.later(self._save())

    async def on_leave(self) -> None:
        await super().on_leave()
        self.save_draft()
        if self.inbox.link.is_on:
            with suppress(TimeoutError, Refused):
                async with asyncio.timeout(LEAVE_SECONDS):
                    while self._owed and self.inbox.link.is_on:
                        await self._save()
                        await asyncio.sleep(LOOK_SECONDS)
        self.keep_unsent()

    def _mark_draft(self, id_: int, there: bool) -> None:
        drafts = self.talks.drafts
        if there != (id_ in drafts):
            drafts ^= {id_}
            self.talks.refresh()

    def forget_draft(self, id_: int) -> None:
        """What was a draft is a message now."""
        had = self._drafts.pop(id_, None)
        if self._unsaved == id_:
            self._unsaved = None
        self._mark_draft(id_, False)
        self.presence.saved = ""
        self.presence.refresh()
        if had is not None and not self.inbox.options.read_only:
            self._owe(id_)

    def keep_draft(self, id_: int, draft: Draft) -> None:
        """What could not go out is a draft again."""
        written = self._drafts.get(id_)
        if written is not None and written.text.strip() and written.text != draft.text:
            draft = Draft(f"{draft.text}\n{written.text}", draft.mode, draft.reply_to)
        self._drafts[id_] = draft
        self._unsaved = id_
        self.save_draft()
        if self.open is not None and self.open.id == id_:
            self._put(draft)

    # -- the window and the flow ---------------------------------------------------------------------------------------

    def row_changed(self, row: Row) -> None:
        super().row_changed(row)
        if self.open is not None and row.id == self.open.id:
            self.look_at_window()

    def _every_second(self) -> None:
        super()._every_second()
        self.look_at_window()

    def look_at_window(self) -> None:
        """Locks the field where free text would not arrive, and says who answers while a flow does."""
        row = self.open
        if row is None:
            self.composer.set_lock(())
            self.composer.set_banner("")
            return
        seconds = times.left(row.window_closes_at, clock.now())
        had_focus = self.focused is self.composer.writing
        self.composer.set_lock(() if seconds else self._why_closed(row))
        if had_focus and self.composer.locked:
            self.chat.focus()
        key = self.inbox.keymap.shown(BY_ID["conversation.takeover"], ("inbox",))
        flow = f"{sign('«')}{row.flow or _('a flow')}{sign('»')}"
        text = f"{sign('⚙')} " + _("{flow} answers for you · {key} takes over").format(flow=flow, key=key)
        self.composer.set_banner(text if row.bot_owns else "")
        if times.window_level(seconds) == "closing" and row.id not in self._hinted:
            self._hinted.add(row.id)
            self.inbox.tell(own(_("the window of {name} closes in less than an hour").format(name=row.contact.name)))

    def _why_closed(self, row: Row) -> tuple[str, ...]:
        shown, at = self.inbox.keymap.shown, row.window_closes_at
        since = times.moment(at, clock.now(), self.inbox.zone) if at else ""
        head = (
            _("window closed since {since}: free text does not arrive")
            if at
            else _("no window: free text does not arrive")
        )
        keys = "   ".join(
            f"{shown(BY_ID[id_], ('inbox',))} {_(text)}"
            for id_, text in (
                ("conversation.template", _("template")),
                ("conversation.note", _("note")),
                ("conversation.snooze", _("remind me when they answer")),
            )
        )
        draft = self._drafts.get(row.id)
        kept = _("your draft is kept: {text}").format(text=draft.text) if draft and draft.text else ""
        more = (each for each in (self.offer(row), texts.clean(kept, newlines=False)) if each)
        return (f"{sign('⊘')} {head.format(since=since)}", keys, *more)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def do_conversation_reply(self) -> None:
        if self.chat.has_focus and self.chat.item is not None and self.chat.item.type == "message":
            self.replying = self.chat.item
        self._write("reply")

    def do_conversation_note(self) -> None:
        self._write("note")

    def _write(self, mode: str) -> None:
        if self.composer.mode != mode:
            self.composer.set_mode(mode)
        self.composer.quote = str(self.replying.text or self.replying.kind) if self.replying else ""
        self.composer.line.refresh()
        self.add_class("-writing")
        if self.composer.locked:
            self.inbox.tell(own(_("the window is closed: a template arrives, free text does not")))
        else:
            self.composer.writing.focus()
        self.refresh_keys()

    def do_composer_leave(self) -> None:
        self.save_draft()
        self.remove_class("-writing")
        (self.chat if self.query("#right").first().display else self.talks).focus()

    def do_composer_mode(self) -> None:
        self.composer.set_mode("note" if self.composer.mode == "reply" else "reply")
        self.on_composer_changed()
        if self.composer.locked:
            self.chat.focus()

    def do_composer_newline(self) -> None:
        self.composer.writing.insert("\n")

    def do_composer_drop(self) -> None:
        self.replying = None
        self.composer.quote = ""
        self.composer.line.refresh()

    def do_composer_tab(self) -> None:
        if not self.composer.writing.to_place():
            self.do_composer_leave()

    def do_composer_editor(self) -> None:
        """The text in the person's own editor."""
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        with tempfile.NamedTemporaryFile("w+", suffix=".txt", encoding="utf-8", delete=False) as file:
            file.write(self.composer.writing.text)
        try:
            with self.inbox.suspend():
                code = subprocess.run([*command, file.name], check=False).returncode  # noqa: S603 - their editor
            if code == 0:
                written = Path(file.name).read_text(encoding="utf-8", errors="replace")
                self.composer.writing.load_text(texts.clean(written.rstrip("\n")))
                self.composer.writing.move_cursor(self.composer.writing.document.end)
        except OSError:
            self.inbox.tell(own(_("the editor {name} cannot be started").format(name=command[0])), "warning")
        finally:
            Path(file.name).unlink(missing_ok=True)
