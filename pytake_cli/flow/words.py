"""Comparing what people type: folded for case and accents, and the one candidate that is spelt nearly so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SPACES = re.compile(r"\s+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
# what NFKD leaves of letters that are no base with an accent, and of keycap emoji
_LEFTOVERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"})
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe00-\ufe0f\u200b-\u200f\u2060]+")
MAX_FOLDED = 4096  # characters unless more are asked for; a WhatsApp text has no more


def fold(text: str, *, limit: int = MAX_FOLDED) -> str:
    """As people compare words: no case, no accents, single spaces. `"  OLÁ,  Você "` is `"ola, voce"`."""
    text = text[:limit]
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold().translate(_LEFTOVERS)
    return _SPACES.sub(" ", text.strip()).casefold()


def bare(text: str) -> str:
    """Folded, without punctuation around it: `"Menu!!"` is `"menu"`; what is all punctuation or emoji stays."""
    folded = fold(text)
    return _EDGES.sub("", folded) or folded


def closest(text: str, candidates: Iterable[str]) -> str | None:
    """The only candidate that is nearly spelt like `text`, None when there is none or more than one.

    One slip (a letter wrong, missing, too many, or two swapped) up to five letters, two in longer words;
    words of one or two letters are never corrected.
    """
    wanted = bare(text)
    if len(wanted) < 3:
        return None
    near: dict[str, str] = {}
    for candidate in candidates:
        folded = bare(candidate)
        if len(folded) >= 3 and distance(wanted, folded, _slips(wanted, folded)) is not None:
            near.setdefault(folded, candidate)
    exact = near.get(wanted)
    if exact is not None:
        return exact
    return next(iter(near.values())) if len(near) == 1 else None


def distance(one: str, other: str, limit: int) -> int | None:
    """How many slips make one word of the other (Damerau-Levenshtein, adjacent swaps), None above `limit`."""
    if abs(len(one) - len(other)) > limit:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        this = [row, *([limit + 1] * len(other))]
        for column in range(max(1, row - limit), min(len(other), row + limit) + 1):
            cost = letter != other[column - 1]
            best = min(last[column] + 1, this[column - 1] + 1, last[column - 1] + cost)
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == other[column - 1]:
                best = min(best, before[column - 2] + 1)
            this[column] = best
        if min(this) > limit:
            return None
        before, last = last, this
    return last[-1] if last[-1] <= limit else None


def _slips(one: str, other: str) -> int:
    return 1 if min(len(one), len(other)) <= 5 else 2
