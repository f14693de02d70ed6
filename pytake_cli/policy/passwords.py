"""Passwords: which ones are refused, and how long a door stays shut after wrong ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files

SHORTEST = 12
LONGEST = 128
FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)
_FEWEST_SIGNS = 5  # different characters
_OWN_LETTERS = 6  # a password that holds a name of the person or the company has so many others
_MOST_COMMON_WORDS = 3
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
)


def flaw(password: str, names: Iterable[str] = ()) -> str:
    """Why it is refused, as an English template; empty for a good one. `names` are the person's and the company's."""
    if len(password) < SHORTEST:
        return "it has {length} characters, and {shortest} are the fewest"
    if len(password) > LONGEST:
        return "it has {length} characters, and {longest} are the most"
    plain = _plain(password)
    if len(set(plain)) < _FEWEST_SIGNS or _repeats(plain):
        return "it repeats a few characters"
    if any(_is_mostly(plain, _plain(name)) for name in names):
        return "it is made of a name that others know"
    if any(_is_common(each) for each in (plain, plain.translate(_LEET), _undressed(plain).translate(_LEET))):
        return "it is made of words and runs of keys that are tried first"
    return ""


def wait_after(failed: int) -> timedelta:
    """How long nothing is tried after so many wrong passwords in a row: 1 s, 2 s, 4 s … 15 min."""
    if failed < FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failed - FREE_TRIES, 20)), LONGEST_WAIT)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _undressed(plain: str) -> str:
    """Without what stands around it: `2026-senha!!` -> `senha`."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)


def _repeats(plain: str) -> bool:
    """`abcabcabcabc`: a piece, again and again."""
    return plain in (plain + plain)[1:-1]


def _is_mostly(plain: str, name: str) -> bool:
    return len(name) >= 4 and name in plain and sum(map(str.isalpha, plain.replace(name, ""))) < _OWN_LETTERS


def _is_common(plain: str) -> bool:
    """True if it can be cut into at most three common words or runs of keys, digits and signs between them aside."""
    letters = re.sub(r"[\W_]+", "", plain)
    fewest: list[float] = [0.0]  # words needed for the first n characters
    for end in range(1, len(letters) + 1):
        free = fewest[end - 1] if letters[end - 1].isdigit() else _MOST_COMMON_WORDS + 1.0
        ways = (fewest[start] + 1 for start in range(max(0, end - 32), end) if _is_known(letters[start:end]))
        fewest.append(min(free, *ways, _MOST_COMMON_WORDS + 1.0))
    return fewest[-1] <= _MOST_COMMON_WORDS


def _is_known(piece: str) -> bool:
    if piece in _words():
        return True
    return len(piece) >= 4 and any(piece in walk or piece in walk[::-1] for walk in _WALKS)


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    return frozenset(files("pytake_cli.policy").joinpath("common_passwords.txt").read_text("ascii").split())
