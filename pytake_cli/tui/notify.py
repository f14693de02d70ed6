"""What rings: the bell, the title of the terminal, a desktop notification; written with escape codes of our own."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytake_cli.locale import _
from pytake_cli.tui.live import Event
from pytake_cli.tui.rows import AT_WORK
from pytake_cli.tui.safe import Safe, one_line, own

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

AT_MOST_EVERY_SECONDS = 10.0
KEEP_TITLE, OLD_TITLE = "\x1b[22;2t", "\x1b[23;2t"


class Notifier:
    """Rings for what is mine and for mentions, at most every ten seconds, never on pause."""

    def __init__(self, app: InboxApp) -> None:
        self._app = app
        self._rang_at = -AT_MOST_EVERY_SECONDS
        self._title = ""
        self._child: subprocess.Popen[bytes] | None = None  # the one that rang last

    def heard(self, events: list[Event]) -> None:
        """Rings if one of these is for the person."""
        mine = [event for event in events if event.kind == "notification"]
        if mine:
            what = sentence(mine[-1].payload)
            self._app.tell(what)
            self.ring(what)

    def ring(self, what: Safe) -> None:
        me = self._app.me
        quiet = not self._app.options.bell or (me is not None and me.availability not in AT_WORK)
        if quiet or time.monotonic() - self._rang_at < AT_MOST_EVERY_SECONDS:
            return
        self._rang_at = time.monotonic()
        self._write("\x07")
        self._run(what)
        if not self._app.app_focus:
            line = what.replace(";", ",").replace("\n", " ")[:120]
            self._write(f"\x1b]9;{line}\x07")

    def _run(self, what: Safe) -> None:
        """The person's own command, with the words as its last argument; no shell reads them."""
        if not self._app.options.ring_command:
            return
        try:
            self._child = subprocess.Popen(  # noqa: S603 - what the person set
                [*shlex.split(self._app.options.ring_command), f"PyTake: {what}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            self._app.tell(one_line(_("the command that rings cannot be run: {why}").format(why=error)), "warning")

    def title(self, unread: int) -> None:
        """`(3) PyTake` in the terminal's title."""
        title = f"({unread}) PyTake" if unread else "PyTake"
        if title != self._title:
            if not self._title:
                self._write(KEEP_TITLE)
            self._title = title
            self._write(f"\x1b]2;{title}\x07")

    @property
    def farewell(self) -> str:
        """What gives the terminal its own title back, once the inbox is over."""
        return OLD_TITLE if self._title and not self._app.is_web else ""

    def _write(self, codes: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(codes)


def sentence(payload: Mapping[str, Any]) -> Safe:
    """What a notification says, in the language of whoever reads it."""
    parts = payload.get("parts") or {}
    by, text = one_line(str(parts.get("by") or ""), limit=40), one_line(str(parts.get("text") or ""), limit=120)
    match str(payload.get("kind")):
        case "mention":
            words = _("{by} mentions you in #{id}: {text}")
        case "assigned":
            words = _("{by} gave you #{id}") if by else _("#{id} is yours now")
        case "sla" if parts.get("state") == "breached":
            words = _("#{id}: the promised time is over")
        case "sla":
            words = _("#{id}: the promised time is nearly over")
        case "snooze_woken":
            words = _("#{id} is back: its snooze is over")
        case _:
            words = "{text}" if text else _("something needs you")
    return own(words.format(by=by, text=text, id=payload.get("conversation") or ""))
