"""What the screens beside the inbox have in common: a table to choose from, a line to search it, panes beside."""

from __future__ import annotations

import asyncio
import csv
import io
import shlex
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from string import Formatter
from typing import Any, ClassVar

from textual import on
from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.actions import ACTIONS, Action
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.dialogs.command import Command
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, one_line, own
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.screens.anywhere import Anywhere
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.table import Table

OF_CHOSEN = ("campaign", "contact", "flow", "template", "entry")  # what stands for the chosen one in commands
HURRY_SECONDS = 0.5  # several events that change the list are one look at it


class Listing(Anywhere):
    """`load()` reads `items` and `draw()` shows them; both are the screen's own."""

    AUTO_FOCUS: ClassVar[str] = "#list"

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Json] = []
        self.words = ""
        self._again = False

    async def load(self) -> None:
        """Reads what the screen shows."""
        raise NotImplementedError

    def draw(self) -> None:
        """Shows what is known."""
        raise NotImplementedError

    @property
    def table(self) -> Table:
        return self.query_one("#list", Table)

    @property
    def chosen(self) -> Json | None:
        """The item under the cursor."""
        key = self.table.key
        return next((item for item in self.items if self.key_of(item) == key), None)

    def key_of(self, item: Json) -> int | str:
        found: int | str = item["id"]
        return found

    def begin(self) -> None:
        """The first look; without a connection it is made once there is one."""
        self.quietly(self.load, group="load")

    def reload(self) -> None:
        """Looks again soon, once for all that asked for it meanwhile."""
        if not self._again:
            self._again = True
            self.set_timer(HURRY_SECONDS, self._reload)

    def _reload(self) -> None:
        self._again = False
        self.quietly(self.load, group="load")

    def quietly(self, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, after: float = 0.0) -> None:
        """Runs what only reads; the newest of a group replaces the ones before, and no connection is no news."""
        reading = partial(self._read, work, after)
        self.run_worker(reading, group=group, exclusive=True, exit_on_error=True)  # type: ignore[arg-type]

    async def _read(self, work: Callable[[], Coroutine[Any, Any, None]], after: float) -> None:
        await asyncio.sleep(after)
        try:
            await work()
        except Refused as refusal:
            self.inbox.tell(refusal.told, "warning")
        except Unreachable:
            pass  # the bar says so already; on_connected() looks again

    def on_look_changed(self) -> None:
        self.draw()

    # -- searching -----------------------------------------------------------------------------------------------------

    def search_field(self) -> Field:
        """The line below the table; hidden until `/`."""
        return Field(own(_("name, number or words")), slot="search")

    def do_list_search(self) -> None:
        field = self.query_one("#search", Field)
        field.display = True
        field.focus()

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        self.words = event.value
        self.searched()

    def searched(self) -> None:
        """Other words are in the search line."""
        self.draw()

    @on(Input.Submitted, "#search")
    def _found(self, event: Input.Submitted) -> None:
        self._leave_search(keep=bool(event.value))

    @on(Field.Left, "#search")
    def _left(self, event: Field.Left) -> None:
        event.field.value = ""
        self._leave_search(keep=False)

    def _leave_search(self, *, keep: bool) -> None:
        self.query_one("#search", Field).display = keep
        self.table.focus()

    # -- what is chosen, outside ---------------------------------------------------------------------------------------

    def command(self) -> str:
        """The command line that shows what the screen shows."""
        return next(entry.cli for entry in SCREENS if entry.slug == self.inbox.place)

    def named(self) -> dict[str, str]:
        """What stands for the places of the commands of actions: `{campaign}`."""
        return {}

    async def do_app_command(self) -> None:
        """What the screen shows, and what can be done with the chosen one, as commands."""
        words = {name: shlex.quote(word) for name, word in self.named().items()}
        keys = self.inbox.keymap
        lines = [
            f"{keys.shown(action, (self.CHAIN,)):<6} {action.cli.format(**words)}"
            for action in ACTIONS
            if action.cli and self.CHAIN in action.keys and all(name in words for name in _places(action.cli))
        ]
        says = Safe("\n".join(one_line(line) for line in lines))
        await self.inbox.ask(Command(own(_("The same on the command line")), self.command(), says=says))

    def do_app_copy(self) -> None:
        """The name of the chosen one."""
        words = [*self.named().values()]
        if words:
            self.inbox.copy_to_clipboard(words[0])
            self.inbox.tell(own(_("{id} is in the clipboard").format(id=one_line(words[0]))))

    def matches(self, item: Json, *names: str) -> bool:
        """True if every word is somewhere in these values."""
        said = " ".join(str(item.get(name) or "") for name in names).casefold()
        return all(word in said for word in self.words.casefold().split())

    async def perform(self, action: Action) -> None:
        """Says so where an action is about the chosen one and there is none."""
        words = self.named()
        if self.CHAIN in action.keys and any(name not in words for name in _places(action.cli) if name in OF_CHOSEN):
            self.inbox.tell(own(_("nothing is chosen")))
        else:
            await super().perform(action)

    # -- going elsewhere -----------------------------------------------------------------------------------------------

    def other_pane(self, selector: str) -> None:
        """The focus there, or back to the table."""
        pane = self.query_one(selector)
        (self.table if pane.has_focus else pane).focus()

    def do_pane_next(self) -> None:
        self.focus_next()

    def do_pane_previous(self) -> None:
        self.focus_previous()

    def open_conversation(self, id_: int) -> None:
        """Shows the conversation in the inbox."""
        self.inbox.go("inbox")
        show = getattr(self.inbox.screen, "open_conversation", None)
        if show is not None:
            show(id_)

    def save(self, name: str, content: bytes) -> str:
        """Writes a download into the folder of downloads; returns where."""
        return str(saved(self.inbox.options.downloads, name, content))


def _places(command: str) -> list[str]:
    return [name for _text, name, _form, _turn in Formatter().parse(command) if name is not None]


def saved(folder: Path, name: str, content: bytes) -> Path:
    """A new file beside any of the same name; what others call a file is no path."""
    plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in name).lstrip(".")[-100:] or "download"
    serial = 0
    while True:
        path = folder / (f"{serial}-{plain}" if serial else plain)
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            serial += 1
            continue
        return path


def as_csv(rows: Sequence[Json], names: Sequence[str]) -> bytes:
    """Rows as a CSV file whose cells no spreadsheet runs."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(names)
    for row in rows:
        values = ("" if row.get(name) is None else str(row[name]) for name in names)
        writer.writerow([f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value for value in values])
    return written.getvalue().encode("utf-8-sig")
