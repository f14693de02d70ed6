"""Contacts: people, their cards and history; a line of the segment language that counts while it is typed."""

from __future__ import annotations

import shlex
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import draw
from pytake_cli.tui.cards import contact as cards
from pytake_cli.tui.client import Refused
from pytake_cli.tui.dialogs.contact import EditContact
from pytake_cli.tui.dialogs.line import AskLine
from pytake_cli.tui.dialogs.picks import Picks
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.listing import Listing
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.sheet import Sheet
from pytake_cli.tui.widgets.table import Table

TYPING_SECONDS = 0.25  # of quiet before the server is asked
AT_ONCE = 100


class ContactsScreen(Listing):
    """Screen 3."""

    CHAIN: ClassVar[str] = "contacts"
    DEFAULT_CSS = """
    ContactsScreen #segment { height: 1; }
    ContactsScreen #where { width: 1fr; }
    ContactsScreen #count { width: auto; max-width: 60%; height: 1; padding: 0 1; color: $muted; background: $bar; }
    ContactsScreen #count.-wrong { color: $window-closed; }
    ContactsScreen #panes { height: 1fr; }
    ContactsScreen #list { width: 1fr; height: 1fr; }
    ContactsScreen #card { width: 46; padding: 0 1; border-left: solid $faint; height: 1fr; }
    .-narrow ContactsScreen #card, ContactsScreen.-narrow #card { width: 34; }
    ContactsScreen.-wide #card { width: 60; }
    ContactsScreen.-tiny #card { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.where = ""
        self.total: int | None = None
        self.cursor: str | None = None
        self.cards: dict[int, Json] = {}
        self.history: dict[int, list[Json]] = {}
        self.shows_history = False

    def body(self) -> ComposeResult:
        with Vertical():
            with Horizontal(id="segment"):
                yield Field(
                    own(_("everybody · f narrows it, as in: tag = vip and score >= 50")), slot="where", shown=True
                )
                yield Static("", id="count", markup=False)
            with Horizontal(id="panes"):
                yield Table(_("nobody here"), slot="list")
                yield Sheet(slot="card")
            yield self.search_field()

    def on_mount(self) -> None:
        self.begin()

    def command(self) -> str:
        return "pytake contact list" + (f" -w {shlex.quote(self.where)}" if self.where else "")

    def named(self) -> dict[str, str]:
        if (row := self.chosen) is None:
            return {}
        return {"phone": str(row.get("phone") or row.get("username") or row["id"]), "contact": str(row["id"])}

    # -- what there is -------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """The first page of those whom the lines mean, and how many they are."""
        try:
            page = await self.inbox.client.get(
                "/contacts", limit=AT_ONCE, where=self.where or None, q=self.words or None
            )
        except Refused as refusal:
            if refusal.status >= 500 or not self.where:
                raise
            self._tell_count(refusal.told, wrong=True)
            return
        self.items, self.cursor, self.total = list(page["items"]), page["next"], page.get("total")
        self._tell_count(own(_("{count} people").format(count=draw.figure(self.total))))
        self.draw()
        if (row := self.chosen) is not None:
            await self._load_card(int(row["id"]))

    async def _load_more(self) -> None:
        if self.cursor is None:
            return
        cursor, self.cursor = self.cursor, None
        page = await self.inbox.client.get(
            "/contacts", limit=AT_ONCE, cursor=cursor, where=self.where or None, q=self.words or None
        )
        known = {item["id"] for item in self.items}
        self.items += [item for item in page["items"] if item["id"] not in known]
        self.cursor = page["next"]
        self.draw()

    async def _load_card(self, id_: int) -> None:
        self.cards[id_] = await self.inbox.client.get(f"/contacts/{id_}")
        if self.shows_history:
            page = await self.inbox.client.get(f"/contacts/{id_}/history", limit=100)
            self.history[id_] = list(page["items"])
        self._draw_card()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Everything anew, from what is known."""
        now, look = clock.now(), self.inbox.look
        self.table.fill(cards.columns(), [cards.record(row, look, now) for row in self.items])
        self._draw_card()

    def _draw_card(self) -> None:
        now, zone, row = clock.now(), self.inbox.zone, self.chosen
        sheet = self.query_one("#card", Sheet)
        id_ = int(row["id"]) if row else 0
        if self.shows_history and id_ in self.history:
            rows = self.history[id_]
            sheet.show(lambda room, look: cards.history(rows, room, look, now, zone))
        else:
            card = self.cards.get(id_, row)
            sheet.show(lambda room, look: cards.lines(card, room, look, now, zone) if card else [])

    def _tell_count(self, text: Safe, *, wrong: bool = False) -> None:
        count = self.query_one("#count", Static)
        count.update(text)
        count.set_class(wrong, "-wrong")

    @on(Table.Moved)
    def _moved(self, event: Table.Moved) -> None:
        self._draw_card()
        if isinstance(event.key, int):
            self.quietly(partial(self._load_card, event.key), group="card", after=0.1)

    @on(Table.NearEnd)
    def _near_end(self) -> None:
        self.quietly(self._load_more, group="more")

    def on_live(self, events_: list[Event]) -> None:
        if any(event.kind.startswith("contact:") for event in events_) and self.is_current:
            self.reload()

    def on_connected(self, ready: Ready, again: bool) -> None:
        if again:
            self.reload()

    # -- segment and search --------------------------------------------------------------------------------------------

    def do_contact_filter(self) -> None:
        self.query_one("#where", Field).focus()

    @on(Input.Changed, "#where")
    def _typed(self, event: Input.Changed) -> None:
        self.where = event.value.strip()
        self.quietly(self.load, group="load", after=TYPING_SECONDS)

    @on(Input.Submitted, "#where")
    @on(Field.Left, "#where")
    def _typed_all(self) -> None:
        self.table.focus()

    def searched(self) -> None:
        self.quietly(self.load, group="load", after=TYPING_SECONDS)

    async def do_contact_save(self) -> None:
        if not self.where:
            self.inbox.tell(own(_("write a segment first (f)")))
            return
        name = await self.inbox.ask(AskLine(own(_("Name of the segment")), hint=Safe(self.where)))
        if name:
            await self.inbox.client.post("/segments", {"name": name, "query": self.where})
            self.inbox.tell(own(_("saved as {path}").format(path=name)))

    # -- the chosen one ------------------------------------------------------------------------------------------------

    def do_contact_open(self) -> None:
        self.other_pane("#card")

    async def do_contact_history(self) -> None:
        self.shows_history = not self.shows_history
        if (row := self.chosen) is not None:
            await self._load_card(int(row["id"]))

    async def do_contact_edit(self) -> None:
        if (row := self.chosen) is None:
            return
        card = self.cards.get(int(row["id"]), row)
        if changed := await self.inbox.ask(EditContact(card)):
            await self.inbox.client.change("PATCH", f"/contacts/{row['id']}", changed, version="*")
            await self.load()

    async def do_contact_tag(self) -> None:
        if (row := self.chosen) is None:
            return
        known = sorted({tag for item in self.items for tag in item.get("tags") or ()})
        has = set(row.get("tags") or ())
        picked = await self.inbox.ask(
            Picks(own(_("Tags")), [(tag, Safe(f"#{tag}")) for tag in known], has, creates=True)
        )
        if picked is None or picked == has:
            return
        change = {"add": sorted(picked - has), "remove": sorted(has - picked)}
        await self.inbox.client.post(f"/contacts/{row['id']}/tags", change)
        await self.load()

    async def do_contact_write(self) -> None:
        if (row := self.chosen) is not None:
            found = await self.inbox.client.post("/conversations", {"contact": row["id"]})
            self.open_conversation(int((found.get("conversation") or found)["id"]))
