"""Writing in the inbox: answers and notes, drafts that are never lost, and what is asked before it goes out."""

from __future__ import annotations

from textual.timer import Timer

from pytake_cli.tui.client import Refused
from pytake_cli.tui.outbox import Waiting
from pytake_cli.tui.rows import Draft, Row
from pytake_cli.tui.safe import Safe
from pytake_cli.tui.screens.inbox_chat import ChatPart
from pytake_cli.tui.timeline import Item
from pytake_cli.tui.widgets.composer import Composer

SAVED_AFTER_SECONDS = 0.3
TYPING_EVERY_SECONDS = 3.0


class WritingPart(ChatPart):
    """Where keys become messages; only from here, and only by a key that means it."""

    def __init__(self) -> None:
        super().__init__()
        self.composer = Composer(id="composer")
        self._drafts: dict[int, Draft] = {}
        self._saving: Timer | None = None
        self._typed_at = 0.0
        self._replying: Item | None = None

    def on_mount(self) -> None:
        outbox = self.inbox.outbox
        outbox.on_sent, outbox.on_returned, outbox.on_changed = self._sent, self._returned, self._queue_changed

    def open_row(self, row: Row | None) -> None:
        super().open_row(row)
        draft = self._drafts.get(row.id) if row else None
        self.composer.set_text(draft.text if draft else "")

    def do_conversation_reply(self) -> None:
        self.composer.set_mode("reply")
        self.composer.writing.focus()

    def do_conversation_note(self) -> None:
        self.composer.set_mode("note")
        self.composer.writing.focus()

    def do_composer_leave(self) -> None:
        self.chat.focus()

    def do_composer_mode(self) -> None:
        self.composer.set_mode("note" if self.composer.mode == "reply" else "reply")

    def do_composer_newline(self) -> None:
        self.composer.writing.insert("\n")

    def do_composer_send(self) -> None:
        text = self.composer.writing.text.strip()
        if self.open is None or not text:
            return
        mode = self.composer.mode
        body = {"text": text} if mode == "reply" else {}
        self.inbox.outbox.put(self.open.id, mode, text, seen=self.chat.last, **body)
        self.composer.set_text("")
        self.chat.update_items((), self._waiting(self.open.id))
        self.later(self.inbox.outbox.flush())

    def _sent(self, waiting: Waiting, item: Item) -> None:
        if self.open is not None and self.open.id == waiting.conversation:
            self.chat.update_items([item], self._waiting(waiting.conversation))

    def _returned(self, waiting: Waiting, why: Safe, refusal: Refused | None) -> None:
        self.inbox.tell(why, "warning")
        if self.open is not None and self.open.id == waiting.conversation:
            self.composer.set_text(waiting.text, waiting.mode)
            self.chat.update_items((), self._waiting(waiting.conversation))

    def _queue_changed(self) -> None:
        self.inbox.refresh_bars()
