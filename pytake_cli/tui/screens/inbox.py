"""The inbox: conversations to the left, what was said and where one writes to the right, the contact beside."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from pytake_cli import clock
from pytake_cli.tui.actions import Here
from pytake_cli.tui.screens.inbox_guard import GuardPart
from pytake_cli.tui.tips import next_tip
from pytake_cli.tui.widgets.divider import Left


class InboxScreen(GuardPart):
    """Screen 1. Its parts are layers: talks, chat, writing, sending, popups, acts, ways, seek, asks, more, guard."""

    CHAIN = "list"

    def __init__(self) -> None:
        super().__init__()
        self.left = Left()

    def body(self) -> ComposeResult:
        self.outage.display = self.sidebar.display = False
        yield self.outage
        with Horizontal(id="panes"):
            with self.left:
                yield self.viewbar
                yield self.find
                yield self.talks
            with Vertical(id="right"):
                yield self.head
                yield self.seek_line
                yield self.chat
                yield self.marked_pane
                yield self.presence
                yield self.composer
                yield self.popup
            yield self.sidebar

    def on_mount(self) -> None:
        self.talks.focus()
        self.show_tip()

    def show_tip(self) -> None:
        """What a newcomer may not know yet."""
        today = clock.now().astimezone(self.inbox.zone).date()
        self.presence.tip = next_tip(self.inbox.remembered, self.inbox.keymap, today)
        self.presence.refresh()

    def do_app_tips(self) -> None:
        wanted = self.inbox.remembered.number("tips") == 0
        self.inbox.remembered.put(tips=int(wanted))
        self.show_tip()

    def on_resize(self) -> None:
        super().on_resize()
        self.left.fit()

    def here(self) -> Here:
        inbox = self.inbox
        return Here(
            me=inbox.me,
            row=self.talks.row,
            item=self.chat.item,
            marked=len(self.talks.marked),
            read_only=inbox.options.read_only,
            can_undo=inbox.can_undo,
            can_repeat=self._last is not None,
        )
