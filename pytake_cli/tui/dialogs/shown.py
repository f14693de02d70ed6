"""Shows lines in a wide box: a difference, a report, a text as it came; asks for Enter where something follows."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.box import Box
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.widgets.sheet import Maker, Sheet


class Shown(Box[bool]):
    """True after Enter where `sure` is asked for; otherwise any of Enter, q and Esc closes."""

    SIZE: ClassVar[str] = "-wide"
    DEFAULT_CSS = "Shown Sheet { height: auto; max-height: 36; min-height: 3; }"
    MOVES: ClassVar[dict[str, str]] = {
        "j": "down", "down": "down", "k": "up", "up": "up", "pagedown": "page_down", "space": "page_down",
        "pageup": "page_up", "g": "top", "home": "top", "G": "bottom", "end": "bottom",
    }  # fmt: skip

    def __init__(self, title: Safe, make: Maker, *, sure: bool = False, keys: Safe | None = None) -> None:
        told = _("Enter does it · ↑↓ scrolls · Esc does not") if sure else _("↑↓ scrolls · Esc closes")
        super().__init__(title, keys or own(told))
        self._make, self._sure = make, sure

    def inside(self) -> ComposeResult:
        yield Sheet(self._make, slot="shown")

    def on_mount(self) -> None:
        self.query_one("#shown", Sheet).focus()

    async def press(self, event: events.Key) -> bool:
        if event.key == "enter" or (event.key == "q" and not self._sure):
            self.dismiss(True if self._sure else None)
            return True
        if (move := self.MOVES.get(event.key)) is not None:
            getattr(self.query_one("#shown", Sheet), f"do_move_{move}")()
            return True
        return await super().press(event)
