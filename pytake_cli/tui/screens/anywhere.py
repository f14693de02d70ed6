"""What every screen can ask: the activity log, the colours, the command that does the same."""

from __future__ import annotations

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import paint
from pytake_cli.tui.dialogs.activity import Activity
from pytake_cli.tui.dialogs.choices import Choice, Pick
from pytake_cli.tui.place import Place
from pytake_cli.tui.safe import Safe, own

FIRST = tuple(paint.THEMES)  # our own colours stand before those that come with Textual


class Anywhere(Place):
    """Dialogs that belong to no one screen."""

    async def do_app_activity(self) -> None:
        answer = await self.inbox.client.get("/activity", limit=100)
        row = await self.inbox.ask(Activity(answer["items"], clock.now(), self.inbox.zone))
        if row is not None:
            await self.inbox.client.undo(change=int(row["change"]))
            self.inbox.tell(own(_("taken back")))

    async def do_app_theme(self) -> None:
        before = self.inbox.theme
        names = [*FIRST, *sorted(name for name in self.inbox.available_themes if name not in FIRST)]
        picked = await self.inbox.ask(Colours([Choice(name, Safe(name)) for name in names], before))
        self.inbox.theme = picked or before


class Colours(Pick):
    """Shows each theme while one moves through them."""

    def __init__(self, choices: list[Choice], present: str) -> None:
        super().__init__(own(_("Colours")), choices)
        self.at = next((at for at, each in enumerate(choices) if each.key == present), 0)

    def renew(self) -> None:
        super().renew()
        if (under := self.under) is not None and under.key != self.inbox.theme:
            self.inbox.theme = under.key
