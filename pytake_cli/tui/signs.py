"""The signs of the inbox, and what stands for them where there is only ASCII."""

from __future__ import annotations

from pytake_cli.locale import is_ascii
from pytake_cli.tui.safe import Safe

ASCII = {
    "✓": "v", "✓✓": "vv", "✔✔": "VV", "◷": "~", "⚙": "(bot)", "⊘": "x", "▌": "|", "●": "*", "▸": ">", "│": "|",
    "─": "-", "▐": "[", "✉": "@", "◌": "o", "▏": "|", "↩": "<", "✎": "#", "▣": "[img]", "♪": "[aud]", "▤": "[doc]",
    "◎": "[map]", "☺": "[contact]", "◇": "[sticker]", "▶": "[video]", "★": "*", "☆": "-", "…": "...", "↑": "^",
    "↓": "v", "▰": "#", "▱": "-", "·": "-", "⚠": "!", "«": '"', "»": '"', "×": "x", "⚑": "!", "☾": "z", "←": "<",
    "→": ">", "¶": "", "‹": "<", "›": ">", "⏎": "", "✱": "*", "█": "#", "░": ".", "▾": "v", "▢": "?",
    "▲": "+", "├": "+", "└": "+", "–": "-", "▼": "-", "‖": "=",
}  # fmt: skip

STATUS = {  # of a message
    "queued": "◷", "sending": "◷", "sent": "✓", "delivered": "✓✓", "read": "✔✔", "failed": "!", "unknown": "?",
    "held": "?",
}  # fmt: skip
MEDIA = {
    "image": "▣", "audio": "♪", "video": "▶", "document": "▤", "sticker": "◇", "location": "◎", "contacts": "☺",
    "template": "¶",
}  # fmt: skip


def sign(character: str) -> Safe:
    """The sign, or its plain form under --ascii."""
    return Safe(ASCII.get(character, character) if is_ascii() else character)
