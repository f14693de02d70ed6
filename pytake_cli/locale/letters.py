"""Our own words without accents and signs, for terminals that have only ASCII."""

from __future__ import annotations

import unicodedata

SIGNS = str.maketrans(
    {
        "…": "...",
        "—": "-",
        "–": "-",
        "─": "-",
        "·": "-",
        "•": "*",
        "×": "x",
        "›": ">",
        "◷": "~",
        "→": "->",
        "←": "<-",
        "«": '"',
        "»": '"',
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "│": "|",
        "✓": "ok",
        "✗": "x",
        "⚠": "!",
        "≤": "<=",
        "≥": ">=",
        "\u00a0": " ",
        **dict.fromkeys("╭╮╰╯", "+"),
    }
)


def plain(text: str) -> str:
    """`não há «oi» …` -> `nao ha "oi" ...`; what has no likeness is `?`."""
    apart = unicodedata.normalize("NFKD", text.translate(SIGNS))
    kept = "".join(each for each in apart if not unicodedata.combining(each))
    return kept.encode("ascii", "replace").decode("ascii")
