"""Says what this terminal sends for a key, and what the inbox does with it: `pytake inbox --keys`."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import RichLog, Static

from pytake_cli.locale import _
from pytake_cli.tui import keymap as keymaps
from pytake_cli.tui.actions import CHAINS, FORBIDDEN
from pytake_cli.tui.safe import one_line


class KeyTester(App[None], inherit_bindings=False):
    """Every key is a line; Esc twice leaves."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, preset: str, path: Path | None) -> None:
        super().__init__()
        self.keys_known, self._troubles = keymaps.load(preset, path)
        self._last = ""

    def compose(self) -> ComposeResult:
        yield Static(Content(_("Press keys to see what arrives here. Esc twice leaves.")), markup=False)
        yield RichLog(markup=False, highlight=False, wrap=True)

    def on_mount(self) -> None:
        log = self.query_one(RichLog)
        for trouble in self._troubles:
            log.write(f"keymap.toml:{trouble.line}: {trouble.says}")
        for id_, says in keymaps.clashes(self.keys_known):
            log.write(f"{id_}: {says}")

    def told(self, key: str, character: str | None) -> str:
        """The line of a key."""
        shown = one_line(character) if character and character.isprintable() else ""
        line = [f"{key:<18}", f"{shown:<4}"]
        meanings = [
            f"{name}: {_(action.title)}"
            for name, chain in CHAINS.items()
            if (action := self.keys_known.find(chain, key)) is not None
        ]
        if key.startswith(FORBIDDEN):
            line.append(_("does not reach programs in every terminal; no action can have it"))
        else:
            line.append(" · ".join(meanings) or _("does nothing in the inbox"))
        return " ".join(line)

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape" and self._last == "escape":
            self.exit()
        self._last = event.key
        self.query_one(RichLog).write(self.told(event.key, event.character))
