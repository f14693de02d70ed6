"""A list to choose from that narrows while one types; the frame of all pickers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.text import clean
from pytake_cli.tui import draw
from pytake_cli.tui.dialogs.box import Box
from pytake_cli.tui.draw import Line, Lines
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import NO_TEXT
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.sheet import Sheet

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: what it is, what it is called, and what stands to the right of that."""

    key: str
    title: Safe
    beside: Safe = NO_TEXT
    why_not: Safe = NO_TEXT  # it cannot be chosen, and this is why


def matching(typed: str, choices: Sequence[Choice]) -> list[Choice]:
    """Those whose words begin with what was typed, then those that hold it, then those with its letters in order."""
    words = clean(typed, newlines=False).casefold().split()
    ranked = [(rank, at, each) for at, each in enumerate(choices) if (rank := _rank(words, each)) is not None]
    return [each for _rank_, _at, each in sorted(ranked, key=lambda one: one[:2])]


def _rank(words: list[str], choice: Choice) -> int | None:
    said = f"{choice.title} {choice.key}".casefold()
    parts = said.replace("_", " ").replace("-", " ").split()
    if all(any(part.startswith(word) for part in parts) or said.startswith(word) for word in words):
        return 0
    if all(word in said for word in words):
        return 1
    letters = iter(said)
    return 2 if all(letter in letters for word in words for letter in word) else None


class Choose(Box[R], Generic[R]):
    """Typing narrows the list, arrows move, Enter takes what `take()` makes of the one under the cursor."""

    SIZE: ClassVar[str] = "-slim"
    DEFAULT_CSS = """
    Choose #choices { height: auto; max-height: 14; min-height: 3; background: $background; }
    Choose Field { margin: 0 0 1 0; }
    """

    def __init__(
        self, title: Safe, choices: Sequence[Choice], *, keys: Safe | None = None, ask: Safe | None = None
    ) -> None:
        super().__init__(title, keys or own(_("↑↓ choose · Enter takes it · Esc leaves")))
        self.choices, self.at, self.typed = list(choices), 0, ""
        self._ask = ask or own(_("type to narrow"))

    def inside(self) -> ComposeResult:
        yield Field(self._ask, slot="typed", shown=True)
        sheet = Sheet(self._lines, slot="choices")
        sheet.can_focus = False
        yield sheet

    def on_mount(self) -> None:
        self.query_one("#typed", Field).focus()
        self.renew()

    @property
    def found(self) -> list[Choice]:
        """What matches what was typed."""
        return matching(self.typed, self.choices)

    @property
    def under(self) -> Choice | None:
        """What is under the cursor."""
        found = self.found
        return found[self.at] if self.at < len(found) else None

    def take(self, choice: Choice) -> R | None:
        """What the dialog answers when this is chosen."""
        raise NotImplementedError

    def other(self, typed: str) -> R | None:
        """What it answers when nothing matches what was typed; None: stays open."""
        return None

    def mark(self, choice: Choice) -> str:
        """What stands before a choice."""
        return " "

    def renew(self) -> None:
        """Draws the list again."""
        self.at = max(0, min(self.at, len(self.found) - 1))
        sheet = self.query_one("#choices", Sheet)
        sheet.show(lambda room, look: self._lines(room, look))
        top, height = sheet.scroll_offset.y, max(1, sheet.size.height)
        if not top <= self.at < top + height:
            sheet.scroll_to(y=max(0, self.at - height // 2), animate=False)

    def _lines(self, room: int, look: Look) -> Lines:
        found = self.found
        if not found:
            return [((self.nothing(), look.muted),)]
        return [self._line(each, at == self.at, room, look) for at, each in enumerate(found)]

    def nothing(self) -> Safe:
        """What is said when nothing matches."""
        return own(_("nothing is called like that"))

    def _line(self, choice: Choice, under: bool, room: int, look: Look) -> Line:
        ground = look.cursor if under else look.plain
        style = look.faint if choice.why_not else look.plain
        head = f"{sign('▌') if under else ' '}{self.mark(choice)} "
        left = ((head, look.accent), (choice.title, style))
        beside = ((choice.why_not or choice.beside, look.muted),)
        right = draw.clipped(beside, max(room - draw.cells(left) - 1, room * 2 // 5))  # the title is read first
        line = draw.between(left, right, room)
        return tuple((text, part + ground) for text, part in line)

    @on(Input.Changed, "#typed")
    def _typed(self, event: Input.Changed) -> None:
        self.typed, self.at = event.value, 0
        self.renew()

    @on(Input.Submitted, "#typed")
    def _submitted(self) -> None:
        under = self.under
        if under is None:
            if (answer := self.other(self.typed.strip())) is not None:
                self.dismiss(answer)
        elif not under.why_not:
            self.dismiss(self.take(under))

    @on(Field.Left)
    def _left(self) -> None:
        self.dismiss(None)

    async def press(self, event: events.Key) -> bool:
        step = {"down": 1, "up": -1, "ctrl+n": 1, "ctrl+p": -1, "pagedown": 10, "pageup": -10}.get(event.key)
        if step is None:
            return await super().press(event)
        self.at = max(0, min(self.at + step, len(self.found) - 1))
        self.renew()
        return True


class Pick(Choose[str]):
    """The key of the one that was chosen."""

    def take(self, choice: Choice) -> str:
        return choice.key
