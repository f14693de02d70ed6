"""The line over the list, and over the chat: a search, or a filter."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message
from textual.widgets import Input


class FindLine(Input):
    """The line in which one searches or filters."""

    CHAIN: ClassVar[str] = "field"

    class Left(Message):
        """Esc was pressed."""

        def __init__(self, line: FindLine) -> None:
            super().__init__()
            self.line = line

    def __init__(self, slot: str = "find") -> None:
        super().__init__(id=slot, classes="find", compact=True)
        self.cursor_blink = False
        self.display = False
        self.purpose = ""

    def ask(self, purpose: str, value: str, hint: str) -> None:
        self.purpose, self.placeholder = purpose, hint
        self.display = True
        self.value = value
        self.focus()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Left(self))
        else:
            await super()._on_key(event)
