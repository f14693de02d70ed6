"""The typing guard: words that were meant for a customer are not taken for commands."""

from __future__ import annotations

import time

from textual import events

from pytake_cli.locale import _
from pytake_cli.tui.actions import Action
from pytake_cli.tui.dialogs.line import AskLine
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.inbox_more import MorePart

HURRIED_SECONDS, LETTERS = 0.25, 3  # so many different letters within this are typed, not pressed
HARMLESS = ("move.", "view.", "pane.", "list.mark", "conversation.next", "conversation.previous", "screen.")


class GuardPart(MorePart):
    """Stops at the third letter of a hurried word, undoes what the first ones did, and offers the text."""

    def __init__(self) -> None:
        super().__init__()
        self._hurried: list[tuple[float, str, bool]] = []
        self._asking_text = False

    def is_typing(self, event: events.Key, action: Action | None) -> bool:
        letter = event.character if event.is_printable else None
        if letter is None or self.chain()[0] in ("composer", "always"):
            self._hurried = []
            return False
        now = time.monotonic()
        harmless = action is not None and action.id.startswith(HARMLESS)
        self._hurried = [each for each in self._hurried if now - each[0] < HURRIED_SECONDS]
        self._hurried.append((now, letter, harmless))
        began = self._hurried[0][0]
        letters = [each for _at, each, _harmless in self._hurried]
        if len(letters) < LETTERS or len(set(letters)) < LETTERS or all(each[2] for each in self._hurried):
            return False
        self._hurried = []
        if not self._asking_text:
            self._asking_text = True
            self.later(self._ask_text("".join(letters), began))
        return True

    async def _ask_text(self, text: str, began: float) -> None:
        """Takes back what the letters did, and asks what the words are for."""
        try:
            hint = own(
                _("Enter takes the text to the message, Esc throws it away; what the letters did is undone then.")
            )
            answer = await self.inbox.ask(AskLine(own(_("It looks as if you are writing")), text, hint=hint))
        finally:
            self._asking_text = False
        try:
            await self.inbox.undoing.since(began)
        finally:
            while self.inbox.deeds.take_back(began):
                pass  # it waits for the connection, and nobody has heard of it
        if answer is not None:
            self._write("reply")
            self.composer.writing.insert(answer)
