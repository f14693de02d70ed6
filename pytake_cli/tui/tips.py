"""Tips of the first week, one each time the inbox is opened, made of the table of actions."""

from __future__ import annotations

from datetime import date, timedelta

from pytake_cli.locale import _
from pytake_cli.tui.actions import BY_ID, CHAINS
from pytake_cli.tui.keymap import Keymap
from pytake_cli.tui.remembered import Remembered
from pytake_cli.tui.signs import sign

SHOWN_FOR = timedelta(days=7)
OFF = "app.tips"
ABOUT = (
    "conversation.next", "app.palette", "app.undo", "app.repeat", "list.mark", "conversation.macro", "list.filter",
    "conversation.back", "view.next", "list.search", "app.command", "app.activity", "conversation.sidebar", "app.pause",
)  # fmt: skip


def next_tip(remembered: Remembered, keymap: Keymap, today: date) -> str:
    """The tip for this time, or nothing once the week is over or they were put away."""
    begun = remembered.words("begun")
    if not remembered.lasts:
        return ""
    if not begun:
        begun = today.isoformat()
        remembered.put(begun=begun)
    try:
        over = today - date.fromisoformat(begun) >= SHOWN_FOR
    except ValueError:
        over = True
    if over or remembered.number("tips") == 0:
        return ""
    at = remembered.number("tip") or 0
    remembered.put(tip=at + 1)
    action = BY_ID[ABOUT[at % len(ABOUT)]]
    key, off = (keymap.shown(each, CHAINS["list"]) for each in (action, BY_ID[OFF]))
    told = _("tip: {key} {title}").format(key=key, title=_(action.title))
    away = f"({off} " + _("no more tips") + ")"
    return f"{told} {away} {sign('·')} {_(action.help)}"
