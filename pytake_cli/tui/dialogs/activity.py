"""What you and others did, the newest first; Enter takes back what still can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import ClassVar

from pytake_cli.locale import _
from pytake_cli.tui import draw, times
from pytake_cli.tui.dialogs.choices import Choice, Choose
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.bubbles import CHANGES


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
    at = draw.moment(row.get("at"))
    who = str((row.get("by") or {}).get("name") or _("system"))
    what = told(row, who)
    conversation = f"#{row['conversation']} " if row.get("conversation") else ""
    title = f"{times.moment(at, now, zone) if at else ''}  {conversation}{what}"
    state = _("taken back") if row.get("undone") else "" if row.get("undoable") else sign("·")
    undoable = own(_("Enter takes it back")) if row.get("undoable") else Safe("")
    return Choice(key, one_line(title), undoable, why_not=own(state))


def told(row: Json, who: str) -> str:
    """`bia assigned it to ana`, in the words of the chat."""
    after = row.get("after") or {}
    said = " ".join(_word(value) for value in after.values() if value not in (None, "", [], {}))
    template = CHANGES.get(str(row.get("what")))
    return _(template).format(who=who, after=said) if template else f"{who}: {row.get('what')} {said}".strip()


def _word(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
