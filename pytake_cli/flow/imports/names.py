"""Names in our files for those of an export: flows, steps, variables, choices."""

from __future__ import annotations

import re
from collections.abc import Collection

from pytake_cli.flow.words import fold

MAX_NAME = 40
MAX_CHOICE = 40
_RESERVED = ("end", "resume")


def word(text: str, instead: str, joined: str = "_") -> str:
    """Small letters, digits and what joins them, at most 40: `"Lead Score"` is `lead_score`."""
    found = re.sub(r"[^a-z0-9]+", joined, fold(text)[:200]).strip(joined)[:MAX_NAME].strip(joined)
    return found or instead


def unique(wanted: str, taken: Collection[str], joined: str = "_") -> str:
    """The name, with a number behind it if it is taken."""
    number, name = 1, wanted
    while name in taken or name in _RESERVED:
        number += 1
        ending = f"{joined}{number}"
        name = wanted[: MAX_NAME - len(ending)].rstrip(joined) + ending
    return name


def variable(text: str, taken: Collection[str]) -> str:
    """A variable's name: as `word`, never beginning with a digit."""
    found = word(text, "value")
    return unique(f"v_{found}"[:MAX_NAME] if found[0].isdigit() else found, taken)


def choice(text: str, taken: Collection[str]) -> str:
    """A choice's id: its own words where they can be one, so that what is saved is what was saved before."""
    found = text.replace(":", " ").lstrip("+ ").strip()
    return unique(found[:MAX_CHOICE].strip() or "choice", taken, " ")
