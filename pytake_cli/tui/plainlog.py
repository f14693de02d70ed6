"""What happens, as lines of text in a file or on a second terminal: for screen readers beside the inbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui.client import Refused, Unreachable
from pytake_cli.tui.live import Event, Link
from pytake_cli.tui.rows import Row
from pytake_cli.tui.safe import Safe, own
from pytake_cli.tui.times import clock_time

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp


class PlainLog:
    """`22:41 #5008 Karina Silva: Consegue parcelar?`; without a path nothing is written."""

    def __init__(self, app: InboxApp, path: Path | None) -> None:
        self._app = app
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY
        self._file = None if path is None else os.open(path, how, 0o600)
        self._new: dict[int, None] = {}  # conversations in which somebody wrote, the oldest first
        self._reading = False
        self._was_on = False

    def say(self, what: Safe) -> None:
        """One line, with the time before it."""
        if self._file is not None:
            line = f"{clock_time(clock.now(), self._app.zone)} {what.replace(chr(10), ' ')}\n"
            os.write(self._file, line.encode("utf-8", "replace"))

    def heard(self, events: list[Event]) -> None:
        """Who wrote and what; each conversation is asked for once, however much came in."""
        if self._file is None:
            return
        for event in events:
            if event.kind == "message:new" and event.conversation is not None:
                self._new[event.conversation] = None
        if self._new and not self._reading:
            self._reading = True
            self._app.run_worker(self._read(), group="plain", exit_on_error=True)

    async def _read(self) -> None:
        try:
            while self._new:
                id_ = next(iter(self._new))
                del self._new[id_]
                self.say(told(await self._app.client.conversation(id_)))
        except (Unreachable, Refused):
            self._new.clear()  # the list says it once the wire is back
        finally:
            self._reading = False

    def linked(self, link: Link) -> None:
        """That the connection went or came."""
        if link.is_on != self._was_on:
            self._was_on = link.is_on
            self.say(own(_("connected") if link.is_on else _("no connection")))


def told(row: Row) -> Safe:
    """Whose conversation it is, and what was said last."""
    name = _("to {name}").format(name=row.contact.name) if row.preview_direction == "out" else row.contact.name
    return Safe(f"#{row.id} {name}: {row.preview or _(row.preview_kind)}")
