"""Whether the terminal draws emoji as wide as we think: asked of it (DSR) before the inbox opens."""

from __future__ import annotations

import re

from pytake_cli.tui import ground
from pytake_cli.tui.measure import width

# One of each kind that terminals disagree about: presentation selectors, keycap, skin tones, what is joined, a flag.
SAMPLES = ("❤️", "⚠️", "1️⃣", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "👩🏽‍💻", "🇧🇷")
# On the other screen, so that nothing is left behind; behind each sample the terminal says where its cursor stands.
ASK = b"\x1b[?1049h" + b"".join(b"\x1b[1;1H\x1b[K%s\x1b[6n" % each.encode() for each in SAMPLES) + b"\x1b[?1049l\x1b[c"
_PLACE = re.compile(rb"\x1b\[\d+;(\d+)R")


def agree() -> bool:
    """True if every sample takes the cells that we count for it; False also where nothing is said in time."""
    return told(ground.asked(ASK))


def told(said: bytes) -> bool:
    """The same, of what the terminal answered."""
    return [int(column) - 1 for column in _PLACE.findall(said)] == [width(each) for each in SAMPLES]
