"""The pane to the left, whose right border is dragged with the mouse to make it wider or narrower."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.containers import Vertical

if TYPE_CHECKING:
    from pytake_cli.tui.app import InboxApp

LEAST, BESIDE = 20, 40  # cells: of this pane, and of what has to stay for the others
SHARED_FROM = 60  # columns; below, only one pane shows


class Left(Vertical):
    """Remembers how wide it was made."""

    def __init__(self) -> None:
        super().__init__(id="left")
        self._dragged = False

    @property
    def inbox(self) -> InboxApp:
        return cast("InboxApp", self.app)

    def fit(self) -> None:
        """As wide as it was made, where there is room for that."""
        wanted, most = self.inbox.remembered.number("left"), self.app.size.width - BESIDE
        if wanted and self.app.size.width >= SHARED_FROM and LEAST <= wanted <= most:
            self.styles.width = wanted
        else:
            self.styles.clear_rule("width")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.x == self.outer_size.width - 1 and self.app.size.width >= SHARED_FROM:
            self._dragged = True
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged:
            wanted = event.screen_x - self.region.x + 1
            self.styles.width = max(LEAST, min(wanted, self.app.size.width - BESIDE))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged:
            self._dragged = False
            self.release_mouse()
            self.inbox.remembered.put(left=self.outer_size.width)
