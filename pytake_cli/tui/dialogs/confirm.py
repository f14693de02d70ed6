"""Asks before something that cannot be taken back: with Enter, or by typing its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.box import Box, said
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.widgets.field import Field


class Confirm(Box[bool]):
    """True if the person is sure. With `typed`, only that word says so."""

    SIZE: ClassVar[str] = "-slim"

    def __init__(self, title: Safe, says: Sequence[Safe] = (), *, typed: str | None = None) -> None:
        keys = _("Enter does it · Esc does not") if typed is None else _("type the name, then Enter · Esc does not")
        super().__init__(title, own(keys))
        self._says, self._typed = says, typed

    def inside(self) -> ComposeResult:
        for text in self._says:
            yield said(text)
        if self._typed is not None:
            yield said(own(_("Type {name} to go on:").format(name=self._typed)), "hushed")
            yield Field(own(""), slot="typed", shown=True)

    def on_mount(self) -> None:
        if self._typed is not None:
            self.query_one("#typed", Field).focus()

    async def press(self, event: events.Key) -> bool:
        if event.key == "enter" and self._typed is None:
            self.dismiss(True)
            return True
        return await super().press(event)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._typed:
            self.dismiss(True)

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)
