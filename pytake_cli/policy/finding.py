"""How well a few typed letters find something among many: by key, then by title, then anywhere in its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def grade(wanted: str, key: str, title: str, text: str) -> int | None:
    """The lower the better, None when it is not meant; all four are folded already. `""` finds everything."""
    if not wanted:
        return 0
    words = title.split()
    for found, how_well in (
        (key == wanted, 0),
        (key.startswith(wanted), 1),
        (any(word.startswith(wanted) for word in words), 2),
        (wanted in key or wanted in title, 3),
        (all(part in f"{key} {title} {text}" for part in wanted.split()), 4),
        (_in_order(wanted, key), 5),
    ):
        if found:
            return how_well
    return None


def found(
    wanted: str, things: Iterable[T], words: Callable[[T], tuple[str, str, str]], uses: Callable[[T], int]
) -> list[T]:
    """Those that are meant: the best first, among equals those that are used most."""
    graded = [(grade(wanted, *words(one)), -uses(one), words(one)[0], one) for one in things]
    return [one[3] for one in sorted((each for each in graded if each[0] is not None), key=lambda each: each[:3])]


def _in_order(letters: str, word: str) -> bool:
    """Whether the letters stand in the word one after the other: `bd` in `bom-dia`."""
    rest = iter(word)
    return all(letter in rest for letter in letters)
