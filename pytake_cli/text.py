"""The one door for text from outside that goes to a screen: clean(); and mask() for logs."""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"
TAB = "    "
JOINER = "\u200d"  # makes one emoji of several; kept between two characters, never in rows
MAX_MARKS = 4  # combining marks in a row; more are a prank ("zalgo"), no writing system needs them

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Whole sequences, 7-bit and C1 forms, finished or not: CSI; OSC, DCS, SOS, PM and APC with their payload; the rest.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_NON_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_BAD = f"\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NON_CHARACTERS}"
_DROPPED = (
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction controls, deprecated format controls
    "\u180e\u200b\u200c\u2060-\u2065\ufeff\ufff9-\ufffb"  # zero width, interlinear
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # soft hyphen, grapheme joiner, fillers
    "\U000e0000-\U000e007f"  # tags: invisible copies of ASCII
)
_SUSPECT = re.compile(f"[\t{_BAD}]|[{_DROPPED}]")
_STRAY_JOINER = re.compile("(?<![^\\s\u200d])\u200d+|\u200d+(?![^\\s\u200d])|\u200d{2,}")
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]"
)  # the dropped ones that isprintable() passes
# Where marks can be: above Latin, not in the blocks of arrows, symbols and emoji, which only cost time.
_MARK_RUN = re.compile(rf"[^\x00-\u02ff\u2190-\u2bff\U0001f000-\U0001faff\w\s]{{{MAX_MARKS + 1},}}")


def clean(value: str, *, limit: int | None = None, newlines: bool = True) -> str:
    """Makes text from outside safe to show: no escape codes, controls, direction tricks or piles of marks; idempotent.

    What was hidden is dropped, what was dangerous becomes U+FFFD, what is longer than `limit` ends in `…`.
    """
    value = _cut(value, limit)
    if value.isascii() and value.isprintable():
        return value
    if not value.replace("\n", "").replace(JOINER, "").isprintable() or _FILLERS.search(value):
        value = _NEWLINES.sub("\n", value)
        value = _ESCAPES.sub(REPLACEMENT, value)
        value = _SUSPECT.sub(_safe, value)
    if not newlines:
        value = value.replace("\n", " ")
    value = _MARK_RUN.sub(_few_marks, value)
    if JOINER in value:
        value = _STRAY_JOINER.sub("", value)
    return _cut(value, limit)


def _cut(value: str, limit: int | None) -> str:
    if limit is None or len(value) <= limit:
        return value
    return value[: max(limit - 1, 0)] + "…"[:limit]


def _safe(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\t":
        return TAB
    return "" if _is_dropped(character) else REPLACEMENT


_is_dropped = re.compile(f"[{_DROPPED}]").match


def _few_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in match.group():
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks > MAX_MARKS:
                continue
        elif character != JOINER:
            marks = 0
        kept.append(character)
    return "".join(kept)


def mask(phone_or_token: str) -> str:
    """Enough of a phone number or a token to tell two apart, not enough to use: `+55…4101`, `EAAG…9f`."""
    value = clean(phone_or_token, newlines=False)
    digits = value.lstrip("+").replace(" ", "").replace("-", "")
    if digits.isdigit() and len(digits) >= 8:
        return f"{'+' if value.startswith('+') else ''}{digits[:2]}…{digits[-4:]}"
    return f"{value[:4]}…{value[-2:]}" if len(value) >= 16 else "…"
