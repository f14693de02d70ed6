"""Templates: which there are, how their reader will see them, where they stand at Meta."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.cards import template as cards
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.listing import Listing
from pytake_cli.tui.widgets.sheet import Sheet
from pytake_cli.tui.widgets.table import Table


class TemplatesScreen(Listing):
    """Screen 6."""

    CHAIN: ClassVar[str] = "templates"
    DEFAULT_CSS = """
    TemplatesScreen #panes { height: 1fr; }
    TemplatesScreen #list { width: 1fr; height: 1fr; }
    TemplatesScreen #card { width: 50%; min-width: 36; padding: 0 1; border-left: solid $faint; height: 1fr; }
    TemplatesScreen.-tiny #card { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, Json] = {}

    def body(self) -> ComposeResult:
        with Vertical():
            with Horizontal(id="panes"):
                yield Table(_("no templates are known · pytake template pull"), slot="list")
                yield Sheet(slot="card")
            yield self.search_field()

    def on_mount(self) -> None:
        self.begin()

    def named(self) -> dict[str, str]:
        return {"template": str(row["name"])} if (row := self.chosen) is not None else {}

    async def load(self) -> None:
        """The list, then the preview of the chosen one."""
        self.items = await self.inbox.client.every("/templates")
        self.draw()
        if (row := self.chosen) is not None:
            await self._load_preview(row)

    async def _load_preview(self, row: Json) -> None:
        body = {"values": {}, "language": row["language"]}
        self.seen[int(row["id"])] = await self.inbox.client.post(f"/templates/{row['name']}/preview", body)
        self.draw()

    def draw(self) -> None:
        """Everything anew, from what is known."""
        now, zone, look = clock.now(), self.inbox.zone, self.inbox.look
        shown = [row for row in self.items if self.matches(row, "name", "language", "category", "status", "text")]
        self.table.fill(cards.columns(), [cards.record(row, look, now) for row in shown])
        row = self.chosen
        seen = self.seen.get(int(row["id"])) if row else None
        sheet = self.query_one("#card", Sheet)
        sheet.show(lambda room, look: cards.lines(row, seen, room, look, now, zone) if row else [])

    @on(Table.Moved)
    def _moved(self) -> None:
        self.draw()
        if (row := self.chosen) is not None:
            self.quietly(partial(self._load_preview, row), group="card", after=0.1)

    def on_live(self, events_: list[Event]) -> None:
        if any(event.kind == "template:updated" for event in events_):
            self.reload()

    def on_connected(self, ready: Ready, again: bool) -> None:
        if again:
            self.reload()

    def do_template_open(self) -> None:
        self.other_pane("#card")

    async def do_template_pull(self) -> None:
        await self.inbox.client.post("/templates/pull")
        await self.load()
        self.inbox.tell(own(_("as Meta has them now")))
