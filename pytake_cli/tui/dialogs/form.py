"""A few lines to fill in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.box import Box, said
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.widgets.field import Field


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a form."""

    name: str
    title: Safe
    value: str = ""


class Form(Box[Json]):
    """`{name: text}` of all questions, or what `answer()` makes of it; Tab goes on, Enter takes it, Esc leaves."""

    DEFAULT_CSS = """
    Form #asked { height: auto; max-height: 20; }
    Form .row { height: 1; }
    Form .row Static { width: 18; color: $muted; }
    Form .row Field { width: 1fr; }
    """

    def __init__(self, title: Safe, questions: Sequence[Question]) -> None:
        super().__init__(title, own(_("Tab next · Enter takes it · Esc leaves")))
        self._questions = tuple(questions)

    def inside(self) -> ComposeResult:
        with VerticalScroll(id="asked", can_focus=False):
            for at, question in enumerate(self._questions):
                with Horizontal(classes="row"):
                    yield said(question.title, "hushed")
                    yield Field(own(""), question.value, slot=f"answer-{at}", shown=True)

    def on_mount(self) -> None:
        self.query(Field).first().focus()

    async def press(self, event: events.Key) -> bool:
        if event.key in ("tab", "down"):
            self.focus_next()
            return True
        if event.key in ("shift+tab", "up"):
            self.focus_previous()
            return True
        return await super().press(event)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        answers = [field.value.strip() for field in self.query(Field)]
        given = {question.name: answer for question, answer in zip(self._questions, answers, strict=True)}
        self.dismiss(self.answer(given))

    def answer(self, given: Json) -> Json:
        """What the dialog answers with, of what stands in its fields."""
        return given

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)
