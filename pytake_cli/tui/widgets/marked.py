"""What stands in the place of the chat while conversations are marked: how many, and what can be done with them."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from pytake_cli.locale import _, ngettext
from pytake_cli.tui.actions import ACTIONS, CHAINS
from pytake_cli.tui.measure import cut, fit
from pytake_cli.tui.rows import Row
from pytake_cli.tui.widgets.head import Line


class Marked(Line):
    """The summary of the marks."""

    def __init__(self) -> None:
        super().__init__(id="marked")
        self.display = False
        self.rows: list[Row] = []

    def show(self, rows: list[Row]) -> None:
        self.rows = rows
        self.refresh()

    def render_line(self, y: int) -> Strip:
        look, cells = self.inbox.look, self.size.width
        texts = self._texts(cells)
        text, style = texts[y] if y < len(texts) else ("", look.plain)
        return Strip([Segment(" " + cut(text, cells - 1), style)]).adjust_cell_length(cells, look.plain)

    def _texts(self, cells: int) -> list[tuple[str, Style]]:
        look, keymap = self.inbox.look, self.inbox.keymap
        count = len(self.rows)
        head = ngettext("{count} conversation marked", "{count} conversations marked", count).format(count=count)
        texts = [(head, look.strong), ("", look.plain)]
        bulk = [action for action in ACTIONS if action.bulk and keymap.keys(action, CHAINS["list"])]
        column = max(18, (cells - 2) // 2)
        for at in range(0, len(bulk), 2):
            pair = bulk[at : at + 2]
            cells_ = (fit(f"{keymap.shown(each, CHAINS['list'])}  {_(each.title)}", column) for each in pair)
            texts.append(("".join(cells_), look.plain))
        texts.append(("", look.plain))
        bots, done = sum(row.bot_owns for row in self.rows), sum(row.status == "resolved" for row in self.rows)
        if bots:
            told = ngettext("{count} has a flow in control", "{count} have a flow in control", bots)
            texts.append((told.format(count=bots), look.warn))
        if done:
            texts.append((ngettext("{count} is resolved", "{count} are resolved", done).format(count=done), look.warn))
        texts.append((_("Undo takes all of it back, within 10 seconds."), look.muted))
        return texts
