"""Which choice an answer means: tapped, numbered, written as its title or nearly so; and yes or no."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from pytake_cli.flow.answers.outcomes import Choice, Refused
from pytake_cli.flow.answers.vocabulary import ALL, ENGLISH_ORDINALS, NO, ORDINALS, POLITE, YES, YES_PHRASES
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.words import bare, closest, fold

_NUMBERED = re.compile(
    r"(?:op|opc|opcao|opcion|option|numero|number|n|no|#|a|o|la|el|the)?\.?\s*#?([0-9]{1,2})\s*[).:º°oa-]?"
)
_SEPARATORS = re.compile(r"[,;/\n+&|]+")
_AND = re.compile(r"\s+(?:e|and|y)\s+")
_EMOJI = re.compile("[\ufe0f\u200d\U0001f3fb-\U0001f3ff]")


def choose(reply: Reply, choices: Sequence[Choice]) -> Choice | Refused:
    """The only choice that the reply means."""
    if reply.choice is not None:
        return _tapped(reply, choices)
    return named(reply.text, choices)


def choose_many(reply: Reply, choices: Sequence[Choice]) -> list[Choice] | Refused:
    """The choices that the reply means, each once, in the order of the question."""
    one = choose(reply, choices)
    if isinstance(one, Choice):
        return [one]
    if reply.choice is not None:
        return one
    if bare(reply.text) in ALL:
        return list(choices)
    pieces = [piece for piece in _SEPARATORS.split(reply.text) if piece.strip()]
    if len(pieces) == 1 and re.fullmatch(r"[0-9]{1,2}(?: [0-9]{1,2})+", fold(reply.text)):
        pieces = reply.text.split()
    found: set[str] = set()
    for piece in dict.fromkeys(pieces):
        for part in [piece] if isinstance(named(piece, choices), Choice) else _AND.split(_without_and(piece)):
            chosen = named(part, choices)
            if isinstance(chosen, Refused):
                return chosen
            found.add(chosen.id)
    return [choice for choice in choices if choice.id in found]


def named(text: str, choices: Sequence[Choice]) -> Choice | Refused:
    """By title, by id, by number, then by a spelling that is close to one title only."""
    wanted = bare(text)
    if not wanted:
        return Refused("empty")
    for names in _names(tuple(choices)):
        same = [choice for choice, name in zip(choices, names, strict=True) if name == wanted]
        if same:
            return same[0] if len(same) == 1 else Refused("ambiguous")
    number = _number(fold(text))
    if number is not None:
        return _numbered(number, choices)
    near = closest(wanted, [choice.title for choice in choices])
    return next((choice for choice in choices if choice.title == near), Refused("unknown"))


def yes_or_no(reply: Reply) -> bool | Refused:
    """What a reply says, in Portuguese, English or Spanish, in words or emoji."""
    if reply.choice is not None:
        tapped = _yes_or_no(reply.choice)
        if not isinstance(tapped, Refused):
            return tapped
        return _yes_or_no(reply.title or reply.text)
    return _yes_or_no(reply.text)


def _yes_or_no(text: str) -> bool | Refused:
    folded = _EMOJI.sub("", fold(text))
    if not folded:
        return Refused("empty")
    for phrase in YES_PHRASES:
        folded = re.sub(rf"\b{phrase}\b", "sim", folded)
    signs = [sign for sign in folded if unicodedata.category(sign) == "So"]
    words = re.findall(r"[\w']+", folded)
    # beside words only the signs that mean something count: "sim ❤" is yes
    words += [sign for sign in signs if not words or sign in YES or sign in NO]
    says_yes, says_no = any(word in YES for word in words), any(word in NO for word in words)
    if any(word not in YES and word not in NO and word not in POLITE for word in words):
        return Refused("unknown")
    if says_yes and says_no:
        # "não quero", "não, tudo certo": what is denied is no yes; "sim ou não" has a word that is neither
        return False if words[0] in NO and words[-1] not in ("sim", "yes", "si") else Refused("ambiguous")
    return says_yes if says_yes or says_no else Refused("unknown")


def _tapped(reply: Reply, choices: Sequence[Choice]) -> Choice | Refused:
    for choice in choices:
        if choice.id == reply.choice:
            return choice
    # a button of an earlier question may say the same as one of this
    title = bare(reply.title or "")
    same = [choice for choice in choices if title and bare(choice.title) == title]
    return same[0] if len(same) == 1 else Refused("old")


@lru_cache(maxsize=1024)
def _names(choices: tuple[Choice, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The titles and the ids as they compare; a question's choices are folded once."""
    return tuple(bare(choice.title) for choice in choices), tuple(fold(choice.id) for choice in choices)


def _number(folded: str) -> int | None:
    found = _NUMBERED.fullmatch(folded)
    if found:
        return int(found[1])
    word = re.sub(r"^(?:a|o|la|el|the) ", "", folded).strip(" .!)")
    for place, (stem, english) in enumerate(zip(ORDINALS, ENGLISH_ORDINALS, strict=True), 1):
        if word in (stem + "o", stem + "a", english):
            return place
    return None


def _numbered(number: int, choices: Sequence[Choice]) -> Choice | Refused:
    """The choice at that place; titles such as `2 pessoas` may mean another, and then nobody knows."""
    by_place = choices[number - 1] if 1 <= number <= len(choices) else None
    by_title = [choice for choice in choices if re.match(rf"0*{number}(?![0-9])", fold(choice.title))]
    found = {choice.id: choice for choice in (by_place, *by_title) if choice is not None}
    if not found:
        return Refused("unknown")
    return next(iter(found.values())) if len(found) == 1 else Refused("ambiguous")


def _without_and(piece: str) -> str:
    return re.sub(r"^\s*(?:e|and|y)\s+", "", piece)
