"""What you and others did, the newest first; Enter takes back what still can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import ClassVar

from pytake_cli.locale import _
from pytake_cli.tui import timeline, times
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets import bubbles


class Activity(Choose[Json]):
    """The line that is to be taken back."""

    SIZE: ClassVar[str] = ""

    def __init__(self, rows: Sequence[Json], now: datetime, zone: tzinfo) -> None:
        self._rows = {str(row.get("change") or at): row for at, row in enumerate(rows)}
        choices = [_choice(key, row, now, zone) for key, row in self._rows.items()]
        super().__init__(own(_("Activity")), choices, keys=own(_("Enter takes it back · type to narrow · Esc closes")))

    def take(self, choice: Choice) -> Json:
        return self._rows[choice.key]

    def nothing(self) -> Safe:
        return own(_("nothing was done yet")) if not self.choices else super().nothing()


def _choice(key: str, row: Json, now: datetime, zone: tzinfo) -> Choice:
    change = timeline.item({"id": key, **row, "type": "change"}, now)
    conversation = f"#{row['conversation']} " if row.get("conversation") else ""
    title = (
        f"{times.moment(change.at, now, zone) if row.get('at') else ''}  {conversation}{bubbles.sentence(change, zone)}"
    )
    state = _("taken back") if row.get("undone") else "" if row.get("undoable") else sign("·")
    undoable = own(_("Enter takes it back")) if row.get("undoable") else Safe("")
    return Choice(key, one_line(title), undoable, why_not=own(state))
