"""A line to write in: what is typed stays there, Esc leaves it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message
from textual.widgets import Input

from pytake_cli.tui.measure import cut
from pytake_cli.tui.safe import Safe


class Field(Input):
    """One line without a box; its keys are those of a text field only."""

    CHAIN: ClassVar[str] = "field"
    DEFAULT_CSS = """
    Field { height: 1; border: none; padding: 0 1; background: $bar; color: $foreground; }
    Field:focus { border: none; background: $cursor; }
    Field > .input--placeholder, Field > .input--suggestion { color: $muted; }
    """

    class Left(Message):
        """Esc was pressed."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> Field:
            return self.field

    def __init__(self, placeholder: Safe, value: str = "", *, slot: str | None = None, shown: bool = False) -> None:
        super().__init__(value, placeholder=placeholder, id=slot, compact=True)
        self._words = placeholder
        self.cursor_blink = False
        self.display = shown

    def on_resize(self, event: events.Resize) -> None:
        """Words that do not fit would be broken into two lines."""
        self.placeholder = cut(self._words, max(1, self.content_size.width - 1))

    async def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Left(self))
