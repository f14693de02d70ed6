"""Words of the API that the inbox shows in the person's language, and texts that live in tables."""

from __future__ import annotations

from pytake_cli.tui.cards import campaign, template
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.widgets.bubbles import CHANGES, STATUS_WORDS

KINDS = ("image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "button", "template")
STATES = ("open", "queued", "snoozed", "resolved", "available", "paused", "online", "offline")
LEVELS = ("low", "normal", "high", "urgent")
NUMBERS = ("connected", "green", "yellow", "red", "tier")  # how Meta sees a number
VIEWS = ("Mine", "Unassigned", "All", "Mentions", "Window closing", "Snoozed", "Resolved today", "Waiting")
ORDERS = ("waiting", "activity", "window", "priority")

WORDS: tuple[str, ...] = (
    *KINDS,
    *STATES,
    *LEVELS,
    *VIEWS,
    *NUMBERS,
    *ORDERS,
    *campaign.STATES.values(),
    *template.WORDS,
    *CHANGES.values(),
    *STATUS_WORDS.values(),
    *(text for entry in SCREENS for text in (entry.title, entry.short, entry.help)),
)
