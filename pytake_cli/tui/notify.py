"""What rings: the bell, the title of the terminal, a desktop notification; written with escape codes of our own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytake_cli.locale import _
from pytake_cli.tui.live import Event
from pytake_cli.tui.rows import AT_WORK
from pytake_cli.tui.safe import Safe

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

AT_MOST_EVERY_SECONDS = 10.0


class Notifier:
    """Rings for what is mine and for mentions, at most every ten seconds, never on pause."""

    def __init__(self, app: InboxApp) -> None:
        self._app = app
        self._rang_at = -AT_MOST_EVERY_SECONDS
        self._title = ""

    def heard(self, events: list[Event]) -> None:
        """Rings if one of these is for the person."""
        mine = [event for event in events if event.kind == "notification"]
        if mine:
            self.ring(Safe(str(mine[-1].payload.get("text") or _("something needs you"))))

    def ring(self, what: Safe) -> None:
        me = self._app.me
        quiet = not self._app.options.bell or (me is not None and me.availability not in AT_WORK)
        if quiet or time.monotonic() - self._rang_at < AT_MOST_EVERY_SECONDS:
            return
        self._rang_at = time.monotonic()
        self._write("\x07")
        if not self._app.app_focus:
            line = what.replace(";", ",").replace("\n", " ")[:120]
            self._write(f"\x1b]9;{line}\x07")

    def title(self, unread: int) -> None:
        """`(3) PyTake` in the terminal's title."""
        title = f"({unread}) PyTake" if unread else "PyTake"
        if title != self._title:
            self._title = title
            self._write(f"\x1b]2;{title}\x07")

    def _write(self, codes: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(codes)
