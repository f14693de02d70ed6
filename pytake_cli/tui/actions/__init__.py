"""The one table of actions: keys, footer, help, palette and the keymap file are all made from it."""

from __future__ import annotations

from pytake_cli.tui.actions.everywhere import EVERYWHERE, LISTS
from pytake_cli.tui.actions.inbox import CHAT, COMPOSER, INBOX, SEEK
from pytake_cli.tui.actions.kind import Action as Action
from pytake_cli.tui.actions.kind import Here as Here
from pytake_cli.tui.actions.screens import CHAINS_OF_SCREENS, SCREENS_ACTIONS

ACTIONS: tuple[Action, ...] = (*EVERYWHERE, *LISTS, *INBOX, *CHAT, *SEEK, *COMPOSER, *SCREENS_ACTIONS)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

# What has the focus -> scopes whose keys work there, the nearest first. A field for text lets no plain letter through.
CHAINS: dict[str, tuple[str, ...]] = {
    "list": ("lists", "inbox", "all", "always"),
    "chat": ("chat", "inbox", "all", "always"),
    "seek": ("seek", "chat", "inbox", "all", "always"),
    "sidebar": ("sidebar", "inbox", "all", "always"),
    "composer": ("composer", "always"),
    "field": ("always",),
    **CHAINS_OF_SCREENS,
}
# Scopes that take keys from others: n and N go through what a search found, E is about the contact beside.
TAKES_KEYS = ("seek", "sidebar")

# Never used: tmux and screen own them, terminals do not send them, or they mean another key.
FORBIDDEN = (
    "alt+",
    "ctrl+enter",
    "shift+enter",
    "ctrl+b",
    "ctrl+a",
    "ctrl+z",
    "ctrl+i",
    "ctrl+m",
    "ctrl+h",
    "f10",
    "f11",
)
