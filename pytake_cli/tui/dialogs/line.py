"""Asks for one line."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.box import Box, said
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.widgets.field import Field


class AskLine(Box[str]):
    """What was typed, without the spaces around it; Esc: None."""

    SIZE: ClassVar[str] = "-slim"

    def __init__(self, title: Safe, value: str = "", *, hint: Safe | None = None) -> None:
        super().__init__(title, own(_("Enter takes it · Esc leaves")))
        self._value, self._hint = value, hint

    def inside(self) -> ComposeResult:
        if self._hint:
            yield said(self._hint, "hushed")
        yield Field(own(""), self._value, slot="line", shown=True)

    def on_mount(self) -> None:
        self.query_one("#line", Field).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)
