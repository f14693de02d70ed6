"""Campaigns: which there are, how the chosen one goes, why messages failed, who answered."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.cards import campaign as cards
from pytake_cli.tui.cards.campaign import GOES_ON, Pace
from pytake_cli.tui.dialogs.command import Command
from pytake_cli.tui.dialogs.confirm import Confirm
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.screens.listing import Listing, as_csv
from pytake_cli.tui.widgets.sheet import Sheet
from pytake_cli.tui.widgets.table import Table

LOOK_SECONDS = 1.0  # between two looks at a campaign that goes on
COST_SECONDS = 15.0  # between two sums of its cost


class CampaignsScreen(Listing):
    """Screen 2."""

    CHAIN: ClassVar[str] = "campaigns"
    DEFAULT_CSS = """
    CampaignsScreen Table { height: auto; min-height: 3; max-height: 40%; }
    CampaignsScreen #card { height: auto; max-height: 10; padding: 0 1;
        border: round $faint; border-title-color: $foreground; }
    CampaignsScreen #below { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[int, Json] = {}
        self.replies: dict[int, list[Json]] = {}
        self.paces: dict[int, Pace] = {}
        self.costs: dict[int, tuple[float, Json | None]] = {}  # until when it is new enough, and the cost

    def body(self) -> ComposeResult:
        with Vertical():
            yield Table(_("there are no campaigns yet · pytake campaign new"), slot="list")
            yield Sheet(slot="card")
            yield Sheet(slot="below")
            yield self.search_field()

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self._look_again)
        self.begin()

    def named(self) -> dict[str, str]:
        return {"campaign": str(row["name"])} if (row := self.chosen) is not None else {}

    # -- what there is -------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """The list, then the card of the chosen one."""
        answer = await self.inbox.client.get("/campaigns", limit=200)
        self.items = list(answer["items"])
        self.draw()
        if (row := self.chosen) is not None:
            await self._load_card(row)

    async def _load_card(self, row: Json) -> None:
        id_ = int(row["id"])
        self.cards[id_] = card = await self.inbox.client.get(f"/campaigns/campaign:{id_}")
        self.paces.setdefault(id_, Pace()).add(clock.monotonic(), int(card.get("sent") or 0))
        if id_ not in self.costs or clock.monotonic() > self.costs[id_][0]:
            report = await self.inbox.client.get(f"/campaigns/campaign:{id_}/report")
            self.costs[id_] = clock.monotonic() + COST_SECONDS, report.get("cost")
        card["cost"] = self.costs[id_][1]
        answers = await self.inbox.client.get(f"/campaigns/campaign:{id_}/replies", limit=8)
        self.replies[id_] = list(answers["items"])
        for at, item in enumerate(self.items):
            if item["id"] == id_:
                self.items[at] = {**item, **{key: value for key, value in card.items() if key in item or key in SHOWN}}
        self.draw()

    def _look_again(self) -> None:
        row = self.chosen
        if row is not None and self.is_current and row.get("status") in GOES_ON and self.inbox.link.is_on:
            self.quietly(partial(self._load_card, row), group="card")

    # -- what is shown -------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Everything anew, from what is known."""
        now, zone, look = clock.now(), self.inbox.zone, self.inbox.look
        shown = [row for row in self.items if self.matches(row, "name", "template", "status")]
        self.table.fill(cards.columns(), [cards.record(row, look, now, zone) for row in shown])
        card, below = self.query_one("#card", Sheet), self.query_one("#below", Sheet)
        row = self.chosen
        known = self.cards.get(int(row["id"])) if row else None
        card.display = known is not None
        if known is None:
            below.show(lambda room, look: [])
            return
        id_, pace = int(known["id"]), self.paces.get(int(known["id"]), Pace())
        replies = self.replies.get(id_, [])
        card.title(own(cards.title(known, now)))
        card.show(lambda room, look: cards.lines(known, pace, room, look, now, zone))
        below.show(lambda room, look: cards.below(known, replies, room, look, now, zone))
        self.refresh_keys()

    @on(Table.Moved)
    def _moved(self) -> None:
        self.draw()
        if (row := self.chosen) is not None:
            self.quietly(partial(self._load_card, row), group="card", after=0.1)

    def on_live(self, events_: list[Event]) -> None:
        for event in events_:
            if event.kind == "campaign:progress" and (id_ := event.payload.get("campaign") or event.payload.get("id")):
                self._progressed(int(id_), event.payload)
            elif event.kind.startswith("campaign:"):
                self.reload()

    def _progressed(self, id_: int, payload: Json) -> None:
        if (card := self.cards.get(id_)) is None:
            return
        self.cards[id_] = {**card, **{key: value for key, value in payload.items() if key in card}}
        self.paces.setdefault(id_, Pace()).add(clock.monotonic(), int(self.cards[id_].get("sent") or 0))
        self.draw()

    def on_connected(self, ready: Ready, again: bool) -> None:
        if again:
            self.reload()

    # -- what can be done ----------------------------------------------------------------------------------------------

    async def do_campaign_pause(self) -> None:
        if (row := self.chosen) is None:
            return
        verb = "resume" if row.get("status") == "paused" else "pause"
        await self.inbox.client.post(f"/campaigns/campaign:{row['id']}/{verb}")
        told = _("{name} goes on") if verb == "resume" else _("{name} is paused")
        self.inbox.tell(own(told.format(name=row["name"])))
        await self.load()

    async def do_campaign_cancel(self) -> None:
        if (row := self.chosen) is None:
            return
        left = int((self.cards.get(int(row["id"])) or {}).get("waiting") or 0)
        says = [Safe(_("Whoever has not got the message will not get it: {count} people.").format(count=left))]
        sure = await self.inbox.ask(Confirm(own(_("Cancel {name}?").format(name=row["name"])), says, typed=row["name"]))
        if sure:
            await self.inbox.client.post(f"/campaigns/campaign:{row['id']}/cancel")
            await self.load()

    async def do_campaign_retry(self) -> None:
        if (row := self.chosen) is None:
            return
        answer = await self.inbox.client.post(f"/campaigns/campaign:{row['id']}/retry", {"only": []})
        self.inbox.tell(own(_("{count} messages go again").format(count=answer.get("people", 0))))
        await self.load()

    def do_campaign_new(self) -> None:
        self.quietly(partial(self._show_command, "pytake campaign new"), group="command")

    def do_campaign_edit(self) -> None:
        if (row := self.chosen) is not None:
            self.quietly(partial(self._show_command, f"$EDITOR campaigns/{row['name']}.yaml"), group="command")

    def do_campaign_duplicate(self) -> None:
        if (row := self.chosen) is not None:
            self.quietly(
                partial(self._show_command, f"pytake campaign clone {row['name']} {row['name']}-2"), group="command"
            )

    async def _show_command(self, line: str) -> None:
        """A campaign is a file that is kept with the others: a command writes it, an editor fills it in."""
        await self.inbox.ask(Command(own(_("In a terminal")), line))

    async def do_campaign_download(self) -> None:
        if (row := self.chosen) is None:
            return
        people: list[Json] = []
        cursor = None
        while cursor is not None or not people:
            page = await self.inbox.client.get(
                f"/campaigns/campaign:{row['id']}/recipients", state="failed", limit=500, cursor=cursor
            )
            people += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        content = as_csv(people, ("contact_id", "name", "address", "state", "error_code", "why", "failed_at"))
        self.inbox.tell(own(_("saved as {path}").format(path=self.save(f"{row['name']}-failed.csv", content))))

    def do_campaign_reply(self) -> None:
        row = self.chosen
        replies = self.replies.get(int(row["id"]), []) if row else []
        if replies and replies[0].get("conversation_id"):
            self.open_conversation(int(replies[0]["conversation_id"]))

    def do_campaign_open(self) -> None:
        self.other_pane("#below")


SHOWN = ("status", "sent", "delivered", "read", "failed", "reason")
