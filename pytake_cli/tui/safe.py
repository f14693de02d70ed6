"""Text from the API as every terminal draws it the same: safe_text(), and the type that says it went through."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, NewType

from pytake_cli import text

Safe = NewType("Safe", str)  # may go to the screen
Raw = NewType("Raw", str)  # as it was written: for the clipboard and for editing, never for the screen

UNKNOWN = "▢"
BARE_MARK = "◌"  # carries a combining mark that has no letter of its own, or it would sit on the border
_EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2900-\u2bff\U0001f000-\U0001faff"
# Terminals disagree about the width of these: presentation selectors, the keycap mark, skin tones, what is joined.
_DROPPED = re.compile(
    f"\u200d[{_EMOJI}][\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*|[\u200d\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
)
# The same where they belong, behind an emoji: kept if the terminal has shown that it draws them as we count them.
_ADDED = "[\ufe0f\U0001f3fb-\U0001f3ff]?"
_WHOLE = re.compile(f"([0-9#*]\ufe0f\u20e3|[{_EMOJI}]{_ADDED}(?:\u200d[{_EMOJI}]{_ADDED})*)|{_DROPPED.pattern}")
_keeps_all = False
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def safe_text(value: str, *, newlines: bool = True, limit: int | None = None) -> Safe:
    """Text from outside in the form whose width tmux, xterm, screen and kitty agree on with ours; idempotent."""
    value = text.clean(value, newlines=newlines, limit=limit)
    if value.isascii():
        return Safe(value)
    value = unicodedata.normalize("NFC", value)
    value = _WHOLE.sub(r"\1", value) if _keeps_all else _DROPPED.sub("", value)
    value = "".join(map(_known, value))
    if any(unicodedata.combining(line[0]) for line in value.split("\n") if line):
        value = "\n".join(
            BARE_MARK + line if line and unicodedata.combining(line[0]) else line for line in value.split("\n")
        )
    return Safe(value)


def keep_all(terminal_agrees: bool) -> None:
    """Emoji as they were written, if the terminal has shown that it draws them as wide as we think."""
    global _keeps_all
    _keeps_all = terminal_agrees


def one_line(value: str, limit: int | None = None) -> Safe:
    """safe_text() for names and previews."""
    return safe_text(value, newlines=False, limit=limit)


def own(value: str) -> Safe:
    """A text of ours, translated by _(): what it was filled with has to be Safe already."""
    return Safe(value)


def safe_json(value: Any) -> Any:
    """An answer of the API with every text in it made safe, keys included."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, list):
        return [safe_json(each) for each in value]
    if isinstance(value, dict):
        return {safe_text(str(key)): safe_json(each) for key, each in value.items()}
    return value


def has_rtl(value: str) -> bool:
    """True if a terminal might turn the line around."""
    return not value.isascii() and _RTL.search(value) is not None


@lru_cache(maxsize=4096)
def _known(character: str) -> str:
    category = unicodedata.category(character)
    return UNKNOWN if category in ("Cn", "Co") and character != text.REPLACEMENT else character
