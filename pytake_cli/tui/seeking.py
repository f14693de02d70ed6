"""Words that are looked for in a text: capitals and accents make no difference, places stay where they are."""

from __future__ import annotations

import itertools
import unicodedata
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


def folded(text: str) -> str:
    """The text without capitals and accents, every character still at its place: `Você` is `voce`."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


def spans(text: str, sought: str) -> list[tuple[int, int]]:
    """Where what is sought stands in the text, as places of characters."""
    words, wanted = folded(text), folded(sought)
    found: list[tuple[int, int]] = []
    at = words.find(wanted) if wanted else -1
    while at >= 0:
        found.append((at, at + len(wanted)))
        at = words.find(wanted, at + len(wanted))
    return found


def lit(strip: Strip, sought: str, style: Style) -> Strip:
    """The strip with what is sought in another style."""
    found = spans(strip.text, sought)
    if not found:
        return strip
    segments, at = [], 0
    for text, own, _control in strip:
        cuts = sorted({0, len(text), *(place - at for span in found for place in span if 0 < place - at < len(text))})
        for start, end in itertools.pairwise(cuts):
            is_hit = any(first <= at + start < last for first, last in found)
            segments.append(Segment(text[start:end], (own or Style()) + style if is_hit else own))
        at += len(text)
    return Strip(segments, strip.cell_length)


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    return unicodedata.normalize("NFD", character)[0].lower()[0]
