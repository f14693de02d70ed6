"""The command palette: every action by name and key; `>` talks, `#` labels, `@` people, `/` answers, `?` help."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.timer import Timer
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.actions import ACTIONS, CHAINS, Here
from pytake_cli.tui.client import Client, Refused, Unreachable
from pytake_cli.tui.dialogs.choices import Choice, Choose, matching
from pytake_cli.tui.safe import Safe, own

ASKED_AFTER_SECONDS = 0.15
SCOPES = tuple(dict.fromkeys(scope for chain in CHAINS.values() for scope in chain))
DATA = (">", "#", "@", "/")
TOPIC = "?"  # what there is help about, which no server has to be asked
INNER = ("move.", "composer.", "pane.", "app.palette")  # keys of the hand: nobody looks for them by name


class Palette(Choose[str]):
    """The id of an action, or `>5008`, `#vip`, `@bia`, `/pix`, `?windows`. `only`: of these scopes, as for a row."""

    SIZE: ClassVar[str] = ""

    def __init__(self, chain: tuple[str, ...], here: Here, only: tuple[str, ...] = ()) -> None:
        super().__init__(
            own(_("What shall be done?")),
            [],
            keys=own(_("Enter does it · > conversations · # labels · @ people · / answers · ? help · Esc")),
            ask=own(_("type a name")),
        )
        self._chain, self._here, self._only = chain, here, only
        self._found: dict[str, list[Choice]] = {}
        self._asking: Timer | None = None

    def on_mount(self) -> None:
        self.choices = self._actions()
        self.renew()

    def _actions(self) -> list[Choice]:
        """What can be done here first, each with its key; what cannot, with the reason."""
        rows = []
        for action in ACTIONS:
            if action.id.startswith(INNER) or (self._only and not any(scope in self._only for scope in action.keys)):
                continue
            reason = self.inbox.blocked(action, self._here)
            elsewhere = action.keys and not any(scope in self._chain for scope in action.keys)
            key = self.inbox.keymap.shown(action, (*self._chain, *SCOPES))
            rank = (bool(reason), bool(elsewhere), action.order)
            rows.append((rank, Choice(action.id, own(_(action.title)), own(key), own(_(reason) if reason else ""))))
        return [choice for _rank, choice in sorted(rows, key=lambda row: row[0])]

    @property
    def found(self) -> list[Choice]:
        if self.typed.startswith(DATA):
            return self._found.get(self.typed, [])
        if self.typed.startswith(TOPIC):
            about = self.inbox.options.topics.items()
            return matching(self.typed[1:], [Choice(f"?{name}", own(name), own(_(says))) for name, says in about])
        return matching(self.typed, self.choices)

    def take(self, choice: Choice) -> str:
        return choice.key

    @on(Input.Changed, "#typed")
    def _ask_for_data(self, event: Input.Changed) -> None:
        if self._asking is not None:
            self._asking.stop()
        if event.value.startswith(DATA) and event.value not in self._found:
            self._asking = self.set_timer(ASKED_AFTER_SECONDS, lambda: self.later(self._fetch(event.value)))

    async def _fetch(self, typed: str) -> None:
        try:
            open_ = self._here.row.id if self._here.row else None
            self._found[typed] = await _data(self.inbox.client, typed[0], typed[1:].strip(), open_)
        except (Refused, Unreachable):
            self._found[typed] = []
        if self.typed == typed:
            self.renew()


async def _data(client: Client, kind: str, wanted: str, conversation: int | None) -> list[Choice]:
    """What the prefix means, as the API has it."""
    if kind == ">":
        quoted = wanted.replace('"', " ")
        page = await client.conversations(view="all", where=f'text:"{quoted}"' if wanted else None, limit=20)
        return [Choice(f">{row.id}", row.contact.name, Safe(f"#{row.id}")) for row in page.items]
    if kind == "/":
        answers = await client.canned(wanted, conversation) if conversation is not None else []
        return [Choice(f"/{each.key}", Safe(f"/{each.key}"), each.shown) for each in answers]
    path = "/labels" if kind == "#" else "/users"
    names = [str(each["name"]) for each in await client.every(path)]
    return [
        Choice(f"{kind}{name}", Safe(f"{kind}{name}"))
        for name in names
        if name.casefold().startswith(wanted.casefold())
    ]
