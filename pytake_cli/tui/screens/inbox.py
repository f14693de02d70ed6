"""The inbox: conversations to the left, what was said and where one writes to the right."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from pytake_cli.tui.actions import Here
from pytake_cli.tui.screens.inbox_writing import WritingPart


class InboxScreen(WritingPart):
    """Screen 1."""

    CHAIN = "list"

    def body(self) -> ComposeResult:
        self.outage.display = False
        yield self.outage
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield self.viewbar
                yield self.talks
            with Vertical(id="right"):
                yield self.head
                yield self.chat
                yield self.presence
                yield self.composer

    def on_mount(self) -> None:
        self.talks.focus()

    def here(self) -> Here:
        inbox = self.inbox
        return Here(
            me=inbox.me, row=self.talks.row, item=self.chat.item, marked=len(self.talks.marked),
            read_only=inbox.options.read_only, can_undo=inbox.can_undo,
        )  # fmt: skip
