"""Filters over texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from pytake_cli.flow.language import arguments, operators
from pytake_cli.flow.language.operators import bounded_size
from pytake_cli.flow.language.values import MAX_ITEMS, MAX_STRING, EvaluationError, Scope, Value
from pytake_cli.flow.language.writing import json_of, text_of
from pytake_cli.flow.words import fold

_PARTICLES = frozenset(["da", "das", "de", "del", "di", "do", "dos", "e", "la", "y"])
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def default(_: Scope, value: Value, instead: Value = "") -> Value:
    """The value, or something else when there is none or it is an empty text."""
    return instead if value is None or value == "" else value


def title(scope: Scope, value: Value) -> Value:
    """Capitals at the start of words, as in names."""
    words = arguments.text(scope, value).split(" ")
    small = arguments.locale(scope).code.startswith(("pt", "es"))
    lowered = [word.lower() for word in words]
    return " ".join(
        word if small and place and word in _PARTICLES else word[:1].upper() + word[1:]
        for place, word in enumerate(lowered)
    )


def upper(scope: Scope, value: Value) -> Value:
    """All letters as capitals."""
    return arguments.text(scope, value).upper()


def lower(scope: Scope, value: Value) -> Value:
    """All letters small."""
    return arguments.text(scope, value).lower()


def capitalize(scope: Scope, value: Value) -> Value:
    """A capital first, the rest small."""
    return arguments.text(scope, value).capitalize()


def trim(scope: Scope, value: Value) -> Value:
    """Without spaces at both ends."""
    return arguments.text(scope, value).strip()


def split(scope: Scope, value: Value, separator: Value = None) -> Value:
    """The parts between separators, or the words."""
    text = arguments.text(scope, value)
    cut = None if separator is None else arguments.text(scope, separator)
    if cut == "":
        raise EvaluationError("the separator is empty")
    parts = text.split(cut, MAX_ITEMS)
    bounded_size(len(parts), MAX_ITEMS)
    return list(parts)


def replace(scope: Scope, value: Value, old: Value, new: Value) -> Value:
    """Every `old` replaced by `new`."""
    text, piece, other = (arguments.text(scope, part) for part in (value, old, new))
    if not piece:
        raise EvaluationError("what is replaced is empty")
    bounded_size(len(text) + text.count(piece) * (len(other) - len(piece)), MAX_STRING)
    return text.replace(piece, other)


def truncate(scope: Scope, value: Value, length: Value = 255, end: Value = "…") -> Value:
    """At most `length` characters with `end`, cut between words if there is a space near."""
    text, tail = arguments.text(scope, value), arguments.text(scope, end)
    limit = arguments.whole(length, "length", 1, MAX_STRING)
    if len(text) <= limit:
        return text
    kept = text[: max(limit - len(tail), 0)]
    space = kept.rfind(" ")
    if space > len(kept) * 2 // 3 and text[len(kept)] != " ":
        kept = kept[:space]
    return (kept.rstrip() + tail)[:limit]


def contains(scope: Scope, value: Value, piece: Value) -> Value:
    """True when a text has the piece, case and accents aside, or a list the item."""
    if isinstance(value, (list, Mapping)):
        return operators.contains(scope, value, piece)
    return _folded(scope, piece) in _folded(scope, value)


def startswith(scope: Scope, value: Value, piece: Value) -> Value:
    """True when the text starts so, case and accents aside."""
    return _folded(scope, value).startswith(_folded(scope, piece))


def endswith(scope: Scope, value: Value, piece: Value) -> Value:
    """True when the text ends so, case and accents aside."""
    return _folded(scope, value).endswith(_folded(scope, piece))


def slug(scope: Scope, value: Value) -> Value:
    """Small letters, digits and dashes."""
    return _NOT_SLUG.sub("-", _folded(scope, value)).strip("-")


def urlencode(scope: Scope, value: Value) -> Value:
    """Safe within an address; a map becomes a query."""
    if isinstance(value, Mapping):
        pairs = [(key, text_of(item, scope)) for key, item in value.items()]
        bounded_size(sum(len(key) + len(item) + 2 for key, item in pairs), MAX_STRING)
        return "&".join(f"{_quoted(key)}={_quoted(item)}" for key, item in pairs)
    return _quoted(arguments.text(scope, value))


def to_json(scope: Scope, value: Value) -> Value:
    """The value as JSON."""
    return json_of(value, scope)


def digits(scope: Scope, value: Value) -> Value:
    """Only the digits."""
    text = arguments.text(scope, value)
    return "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdecimal())


def mask(scope: Scope, value: Value, keep: Value = 4, sign: Value = "*") -> Value:
    """Letters and digits hidden but for the last ones."""
    text = arguments.text(scope, value)
    shown = arguments.whole(keep, "keep", 0, 100)
    cover = arguments.text(scope, sign)[:1] or "*"
    letters = sum(map(str.isalnum, text))
    # a short one is hidden all the more: half of it at most is shown
    hidden = letters - min(shown, letters // 2)
    covered = []
    for letter in text:
        if letter.isalnum() and hidden > 0:
            hidden -= 1
            letter = cover
        covered.append(letter)
    return "".join(covered)


def first_name(scope: Scope, value: Value) -> Value:
    """The first word of a name that has letters."""
    for word in arguments.text(scope, value)[:200].split():
        letters = word.strip("\"'.,;:!?()[]{}*_~-–—")
        if any(map(str.isalpha, letters)):
            kept = "".join(sign for sign in letters if sign.isalpha() or sign in "'’-" or unicodedata.combining(sign))
            return kept[:1].upper() + kept[1:].lower() if kept.isupper() or kept.islower() else kept
    return None


def _folded(scope: Scope, value: Value) -> str:
    text = arguments.text(scope, value)
    scope.spend(len(text))  # one letter may decompose into eighteen
    return fold(text, limit=MAX_STRING)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
