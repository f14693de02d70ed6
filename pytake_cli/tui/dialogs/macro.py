"""Macros: which one, and every step of it before it is done."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.draw import Lines
from pytake_cli.tui.paint import Look
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.widgets.sheet import Sheet


class PickMacro(Choose[str]):
    """The name of the macro; its steps stand below the list."""

    DEFAULT_CSS = "PickMacro #steps { height: auto; max-height: 10; border-top: solid $faint; }"

    def __init__(self, macros: Sequence[Json], marked: int = 0) -> None:
        title = _("Macro for {count} conversations").format(count=marked) if marked else _("Macro")
        self._steps = {str(macro["name"]): [str(step) for step in macro.get("steps") or ()] for macro in macros}
        choices = [
            Choice(
                str(macro["name"]),
                one_line(str(macro["name"])),
                Safe(_("{count} steps").format(count=len(macro.get("steps") or ()))),
            )
            for macro in macros
        ]
        super().__init__(own(title), choices, keys=own(_("↑↓ choose · Enter runs it · Esc leaves")))

    def inside(self) -> ComposeResult:
        yield from super().inside()
        sheet = Sheet(slot="steps")
        sheet.can_focus = False
        yield sheet

    def renew(self) -> None:
        super().renew()
        under = self.under
        steps = self._steps.get(under.key, []) if under else []
        self.query_one("#steps", Sheet).show(lambda room, look: _numbered(steps, look))

    @on(Input.Changed, "#typed")
    def _steps_too(self) -> None:
        self.renew()

    def nothing(self) -> Safe:
        return own(_("no macros · pytake macro create")) if not self.choices else super().nothing()

    def take(self, choice: Choice) -> str:
        return choice.key


def _numbered(steps: Sequence[str], look: Look) -> Lines:
    return [((f" {at}. ", look.muted), (step.replace("\n", " "), look.plain)) for at, step in enumerate(steps, 1)]
