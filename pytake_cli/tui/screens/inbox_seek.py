"""Looking for words within the open conversation: `/` in the chat, then n and N from find to find."""

from __future__ import annotations

from textual.widgets import Input

from pytake_cli.locale import _
from pytake_cli.tui.actions import CHAINS
from pytake_cli.tui.rows import Row
from pytake_cli.tui.safe import own
from pytake_cli.tui.screens.inbox_ways import WaysPart
from pytake_cli.tui.widgets.find import FindLine


class SeekPart(WaysPart):
    """What was said long ago is fetched while nothing is found."""

    def __init__(self) -> None:
        super().__init__()
        self.seek_line = FindLine("seek")

    def chain(self) -> tuple[str, ...]:
        return CHAINS["seek"] if self.chat.sought and self.chat.has_focus else super().chain()

    def open_row(self, row: Row | None) -> None:
        if self.open is None or row is None or row.id != self.open.id:
            self.end_seek()
        super().open_row(row)

    def do_list_search(self) -> None:
        """In the chat through what was said, elsewhere through the list."""
        if not self.chat.has_focus:
            super().do_list_search()
            return
        self.seek_line.ask("seek", self.chat.sought, _("words of this conversation"))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is not self.seek_line:
            super().on_input_changed(event)
        elif self.seek_line.display:
            self.chat.seek(event.value)
            hits = self.chat.hits
            self.chat.pick(hits[0] if hits else None)
            self._tell_hits()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is not self.seek_line:
            super().on_input_submitted(event)
            return
        self.seek_line.display = False
        self.chat.focus()
        if not self.chat.sought:
            self.end_seek()
        elif not self.chat.hits:
            self.later(self._further())

    def on_find_line_left(self, message: FindLine.Left) -> None:
        if message.line is self.seek_line:
            self.do_seek_end()
        else:
            super().on_find_line_left(message)

    async def do_seek_next(self) -> None:
        await self._further()

    def do_seek_previous(self) -> None:
        hits = self.chat.hits
        at = hits.index(self.chat.picked) if self.chat.picked in hits else len(hits)
        if at > 0:
            self.chat.pick(hits[at - 1])
        self._tell_hits()

    def do_seek_end(self) -> None:
        self.end_seek()
        self.chat.focus()

    def end_seek(self) -> None:
        """Nothing is looked for any more."""
        self.seek_line.display = False
        if self.chat.sought:
            self.chat.seek("")
        self._tell_hits()

    async def _further(self) -> None:
        """The next find further back, fetched from before what is here if need be."""
        while self.chat.sought and self.open is not None:
            hits = self.chat.hits
            at = hits.index(self.chat.picked) if self.chat.picked in hits else -1
            if at + 1 < len(hits):
                self.chat.pick(hits[at + 1])
                break
            talk = self._kept.get(self.open.id)
            if talk is None or talk.before is None or self._older:
                self.inbox.tell(own(_("nothing more is found further back")))
                break
            self._older = True
            await self._read_older(self.open.id, talk)
        self._tell_hits()

    def _tell_hits(self) -> None:
        hits, picked = self.chat.hits, self.chat.picked
        at = hits.index(picked) + 1 if picked in hits else 0
        found = _("{at} of {count} finds").format(at=at, count=len(hits)) if hits else _("nothing is found")
        self.presence.found = found if self.chat.sought else ""
        self.presence.refresh()
        self.refresh_keys()
