"""The frame of every dialog: a title, a body, and one line that says which keys do what."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pytake_cli.tui.place import Dialog
from pytake_cli.tui.safe import Safe

R = TypeVar("R")


class Frame(Vertical):
    """The box itself."""

    DEFAULT_CSS = """
    Frame {
        width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 0 1;
        background: $background; border: round $primary; border-title-color: $foreground;
        border-subtitle-color: $muted; border-subtitle-align: left;
    }
    Frame.-slim { width: 56; }
    Frame.-wide { width: 110; }
    Frame .said { height: auto; color: $foreground; }
    Frame .hushed { height: auto; color: $muted; }
    Frame .bad { height: auto; color: $window-closed; }
    """


class Box(Dialog[R]):
    """A dialog whose parts are made by `inside()`; `SIZE` is `-slim`, nothing or `-wide`."""

    SIZE: ClassVar[str] = ""
    DEFAULT_CSS = "Box { align: center middle; background: $background 60%; }"

    def __init__(self, title: Safe, keys: Safe) -> None:
        super().__init__()
        self._title, self._keys = title, keys

    def compose(self) -> ComposeResult:
        with Frame(classes=self.SIZE) as frame:
            frame.border_title = Content(self._title)
            frame.border_subtitle = Content(self._keys)
            yield from self.inside()

    def inside(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()


def said(text: Safe, kind: str = "said", *, slot: str | None = None) -> Widget:
    """Words in a box; nothing in them is markup."""
    return Static(Content(text), classes=kind, id=slot, markup=False)
