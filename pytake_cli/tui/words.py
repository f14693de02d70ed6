"""Words of the API that the inbox shows in the person's language, and texts that live in tables."""

from __future__ import annotations

from pytake_cli.tui.cards import campaign, flow, template
from pytake_cli.tui.screens import SCREENS
from pytake_cli.tui.widgets.bubbles import CHANGES, STATUS_WORDS

KINDS = ("image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "button", "template")
STATES = ("open", "queued", "snoozed", "resolved", "available", "paused", "online", "offline")
LEVELS = ("low", "normal", "high", "urgent")
NUMBERS = (  # how Meta sees a number
    "connected", "disconnected", "pending", "flagged", "restricted", "rate_limited", "banned", "unverified", "green",
    "yellow", "red", "tier",
)  # fmt: skip
TROUBLES = ("ok", "daemon", "number", "queue")  # what of the whole needs somebody
VIEWS = ("Mine", "Unassigned", "All", "Mentions", "Window closing", "Snoozed", "Resolved today", "Waiting")
ORDERS = ("waiting", "activity", "window", "priority")

WORDS: tuple[str, ...] = (
    *KINDS,
    *STATES,
    *LEVELS,
    *VIEWS,
    *NUMBERS,
    *TROUBLES,
    *(text for text in flow.STARTS.values() if text),
    *ORDERS,
    *campaign.STATES.values(),
    *template.WORDS,
    *CHANGES.values(),
    *STATUS_WORDS.values(),
    *(text for entry in SCREENS for text in (entry.title, entry.short, entry.help)),
)
