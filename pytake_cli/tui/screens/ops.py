"""Operation: whether everything runs, what waits in the queues, what went wrong, which colleagues are here."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.cards import ops as cards
from pytake_cli.tui.dialogs.confirm import Confirm
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.listing import Listing
from pytake_cli.tui.widgets.sheet import Sheet
from pytake_cli.tui.widgets.table import Table

LOOK_SECONDS = 5.0  # between two looks while the screen shows


class OpsScreen(Listing):
    """Screen 7."""

    CHAIN: ClassVar[str] = "ops"
    DEFAULT_CSS = """
    OpsScreen #standing { height: auto; max-height: 14; padding: 0 1;
        border: round $faint; border-title-color: $foreground; }
    OpsScreen #panes { height: 1fr; }
    OpsScreen #list { width: 1fr; height: 1fr; }
    OpsScreen #card { width: 45%; height: 1fr; padding: 0 1; border-left: solid $faint; }
    OpsScreen.-tiny #card { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.status: Json = {}
        self.incidents: list[Json] = []
        self.people: list[Json] = []

    def body(self) -> ComposeResult:
        with Vertical():
            yield Sheet(slot="standing")
            with Horizontal(id="panes"):
                yield Table(_("nothing waits"), slot="list")
                yield Sheet(slot="card")
            yield self.search_field()

    def on_mount(self) -> None:
        self.query_one("#standing", Sheet).title(own(_("how it runs")))
        self.set_interval(LOOK_SECONDS, self._look_again)
        self.begin()

    def named(self) -> dict[str, str]:
        return {"entry": str(row["id"])} if (row := self.chosen) is not None else {}

    async def load(self) -> None:
        """How it runs, the queues, the troubles, the people."""
        client = self.inbox.client
        self.status = await client.get("/ops/status")
        self.items = list((await client.get("/ops/queue", limit=200))["items"])
        self.incidents = list((await client.get("/ops/incidents", limit=50))["items"])
        self.people = list((await client.get("/ops/people"))["items"])
        self.draw()

    def _look_again(self) -> None:
        if self.is_current and self.inbox.link.is_on:
            self.quietly(self.load, group="load")

    def draw(self) -> None:
        """Everything anew, from what is known."""
        now, zone, look = clock.now(), self.inbox.zone, self.inbox.look
        status, incidents, people = self.status, self.incidents, self.people
        self.query_one("#standing", Sheet).show(lambda room, look: cards.standing(status, room, look, now))
        shown = [row for row in self.items if self.matches(row, "id", "state", "about", "error")]
        self.table.fill(cards.columns(), [cards.record(row, look, now) for row in shown])
        row = self.chosen
        self.query_one("#card", Sheet).show(
            lambda room, look: cards.beside(row, incidents, people, room, look, now, zone)
        )

    @on(Table.Moved)
    def _moved(self) -> None:
        self.draw()

    def on_live(self, events_: list[Event]) -> None:
        if any(event.kind in ("incident", "number:updated", "account:event") for event in events_):
            self.reload()

    def on_connected(self, ready: Ready, again: bool) -> None:
        self.reload()

    def do_ops_open(self) -> None:
        self.other_pane("#card")

    async def do_ops_retry(self) -> None:
        if (row := self.chosen) is not None:
            await self.inbox.client.post(f"/ops/queue/{row['id']}/retry")
            await self.load()

    async def do_ops_drop(self) -> None:
        if (row := self.chosen) is None:
            return
        if await self.inbox.ask(
            Confirm(own(_("Drop {what}?").format(what=row["id"])), [own(str(row.get("about") or ""))])
        ):
            await self.inbox.client.post(f"/ops/queue/{row['id']}/drop")
            await self.load()
