"""Sending from the inbox: what is asked before a text goes out, and what becomes of one that could not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytake_cli.locale import _
from pytake_cli.tui.client import Refused
from pytake_cli.tui.files import MOST_CAPTION, WITH_CAPTION, Attachment
from pytake_cli.tui.live import Ready
from pytake_cli.tui.outbox import Waiting
from pytake_cli.tui.rows import Draft, Row
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.inbox_files import FilesPart
from pytake_cli.tui.signs import sign
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets.composer import MOST, PLACE

ALSO_TYPING_SECONDS = 5.0
# Refusals that a second Enter answers, and how.
ASKED_AGAIN = {"PT-COLLISION": "sure", "PT-COLLEAGUE-TYPING": "sure", "PT-BOT-OWNS": "takeover"}


class SendingPart(FilesPart):
    """Enter in the composer is the only way for a text to a customer."""

    def __init__(self) -> None:
        super().__init__()
        self._sure: dict[str, Any] = {}  # what a second Enter agrees to

    def on_mount(self) -> None:
        outbox = self.inbox.outbox
        outbox.on_sent, outbox.on_returned, outbox.on_changed = self._sent, self._returned, self._queue_changed

    def open_row(self, row: Row | None) -> None:
        super().open_row(row)
        self._sure = {}

    def on_composer_changed(self) -> None:
        super().on_composer_changed()
        self._sure = {}

    def do_composer_send_other(self) -> None:
        if not self.inbox.options.enter_sends:
            self.do_composer_send()

    def do_composer_send(self) -> None:
        row, writing = self.open, self.composer.writing
        text = _filled(writing.text).strip()
        if row is None or not (text or (self.file and self.composer.mode == "reply")):
            return
        if self.inbox.options.read_only:
            self.inbox.tell(own(_("this inbox only reads (--read-only)")))
            return
        if len(text) > MOST:
            self.inbox.tell(own(_("a message has at most {most} characters").format(most=MOST)), "warning")
            return
        if self.composer.mode == "note":
            self._go(row, "note", text)
        elif self._may_go(row):
            self._go(row, "reply", text)

    def _may_go(self, row: Row) -> bool:
        """True if nothing has to be asked before; asks, and a second Enter agrees."""
        if self.composer.locked:
            return False
        if PLACE.search(_filled(self.composer.writing.text)):
            self.composer.writing.to_place()
            self.composer.guard(_("an open place is still to be filled"))
            return False
        if self.file is not None and (why := _uncaptioned(self.file, self.composer.writing.text)):
            self.composer.guard(why)
            return False
        if row.bot_owns and "takeover" not in self._sure:
            self._sure["takeover"] = True
            self.composer.guard(_("a flow answers here · Enter again takes over and sends"))
            return False
        other = self.typing_now(ALSO_TYPING_SECONDS)
        if other is not None and "other" not in self._sure:
            self._sure["other"] = self._sure["sure"] = True  # the server would ask the same once more
            self.composer.guard(_("{who} is answering too · Enter again sends").format(who=other))
            return False
        return True

    def _go(self, row: Row, mode: str, text: str) -> None:
        body: dict[str, Any] = {}
        file = self.file if mode == "reply" else None
        if mode == "reply":
            said = {"media": {"caption": text or None}} if file else {"text": text}
            body = {**said, **{name: True for name in ("sure", "takeover") if self._sure.get(name)}}
            if self.replying is not None and self.replying.number:
                body["reply_to"] = self.replying.number
        self.inbox.outbox.put(row.id, mode, text, body, seen=self.chat.last, file=file, number=row.number_id,
                              contact=row.contact.id)  # fmt: skip
        if file is not None:
            self.keep_file(row.id, None)
        self._sure, self.replying = {}, None
        self.composer.set_text("")
        self.forget_draft(row.id)
        self.chat.clear_unread()
        self.chat.update_items((), self._waiting(row.id))
        self.chat.do_move_bottom()
        if body.get("takeover"):
            self.row_changed(replace(row, owner="people"))
        if row.unread and not self.inbox.options.read_only and self.inbox.options.read_on != "never":
            self.later(self.mark_read(row))
        self.later(self.inbox.outbox.flush())

    def _sent(self, waiting: Waiting, item: Item) -> None:
        if self.open is not None and self.open.id == waiting.conversation:
            self.chat.update_items([item], self._waiting(waiting.conversation))
        elif waiting.conversation in self._kept:
            self._kept[waiting.conversation].items.append(item)

    def _returned(self, waiting: Waiting, why: Safe, refusal: Refused | None) -> None:
        """It was not sent: it is a draft again, and the person knows why."""
        self.keep_draft(waiting.conversation, Draft(waiting.text, waiting.mode, waiting.body.get("reply_to")))
        if waiting.file is not None:
            self.keep_file(waiting.conversation, waiting.file)
        row = self.talks.get(waiting.conversation)
        name = row.contact.name if row else Safe(f"#{waiting.conversation}")
        if self.open is not None and self.open.id == waiting.conversation:
            self.chat.update_items((), self._waiting(waiting.conversation))
            agreed = ASKED_AGAIN.get(refusal.slug) if refusal else None
            if agreed:
                self._sure = {**waiting.body, agreed: True, "other": True}
                self.composer.guard(f"{why} · " + _("Enter again sends"))
                return
        self.inbox.tell(own(_("not sent to {name}, kept as a draft: {why}").format(name=name, why=why)), "warning")
        if refusal is not None and refusal.slug == "PT-WINDOW-CLOSED":
            self.touch_all()

    def _queue_changed(self) -> None:
        self.keep_unsent()
        self.inbox.refresh_bars()
        held = self.inbox.outbox.held is not None
        self.presence.held = _("goes in a moment · {key} takes it back").format(key=sign("↑")) if held else ""
        self.presence.refresh()
        if self.open is not None:
            self.chat.update_items((), self._waiting(self.open.id))

    def on_connected(self, ready: Ready, again: bool) -> None:
        super().on_connected(ready, again)
        if self.open is not None:
            self.chat.update_items((), self._waiting(self.open.id))

    def _every_second(self) -> None:
        """Also tries again what got no answer although there is a connection."""
        super()._every_second()
        outbox = self.inbox.outbox
        if len(outbox) and self.inbox.link.is_on and not outbox.is_busy:
            self.later(outbox.flush())

    def do_composer_up(self) -> None:
        """In an empty composer: what is held or failed last comes back, else the last message is chosen."""
        if self.inbox.outbox.return_held():
            return
        for item in reversed(self.chat.items):
            if item.direction == "out" and item.author_kind == "agent" and item.status == "failed":
                self.composer.set_text(str(item.raw))
                return
        self.chat.focus()
        self.chat.step(-1)


def _filled(text: str) -> str:
    """Open places that have a word of their own take it: `{{days|5}}` -> `5`."""
    return PLACE.sub(lambda match: match[0] if match[2] is None else match[2], text)


def _uncaptioned(file: Attachment, text: str) -> str:
    """Why the words cannot go with the file, or nothing."""
    if text.strip() and file.kind not in WITH_CAPTION:
        return _("WhatsApp shows no words beside this file: send them by themselves")
    return _("a caption has at most {most} characters").format(most=MOST_CAPTION) if len(text) > MOST_CAPTION else ""
