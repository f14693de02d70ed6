"""Shows a command line to run in a terminal; `y` copies it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.box import Box, said
from pytake_cli.tui.safe import Safe, one_line, own


class Command(Box[bool]):
    """Closes with Enter, Esc, or `y`, which takes the line to the clipboard."""

    def __init__(self, title: Safe, line: str, *, says: Safe | None = None) -> None:
        super().__init__(title, own(_("y copies it · Enter or Esc closes")))
        self._line, self._says = line, says

    def inside(self) -> ComposeResult:
        yield said(Safe(f"$ {one_line(self._line)}"))
        if self._says:
            yield said(self._says, "hushed")

    async def press(self, event: events.Key) -> bool:
        if event.key == "y":
            self.app.copy_to_clipboard(self._line)
            self.inbox.tell(own(_("copied")))
        if event.key in ("y", "enter"):
            self.dismiss(True)
            return True
        return await super().press(event)
