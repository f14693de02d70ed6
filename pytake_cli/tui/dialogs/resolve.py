"""How a conversation ends: whether the customer is asked how it was, and what is noted for the team."""

from __future__ import annotations

from dataclasses import dataclass

from pytake_cli.locale import _
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.safe import Safe, own

ASK, QUIET = "ask", "quiet"


@dataclass(frozen=True, slots=True)
class Ending:
    """`asks`: the customer gets the survey; `note` is left for the team, if it is not empty."""

    asks: bool
    note: str = ""


class Resolve(Choose[Ending]):
    """What is typed is the note. `closed`: the window is, so only a team's template can ask."""

    def __init__(self, *, closed: bool) -> None:
        beside = own(_("window closed: only by a team's template")) if closed else Safe("")
        choices = [
            Choice(ASK, own(_("and ask the customer how it was")), beside),
            Choice(QUIET, own(_("without asking"))),
        ]
        super().__init__(own(_("Resolve")), choices, ask=own(_("note for the team, if there is one")))

    @property
    def found(self) -> list[Choice]:
        """Words do not narrow this list."""
        return self.choices

    def take(self, choice: Choice) -> Ending:
        return Ending(choice.key == ASK, self.typed.strip())
