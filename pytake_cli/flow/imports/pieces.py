"""Builds expressions and texts of flow files out of parts, with brackets where they are needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Type = Literal["number", "text", "boolean", "list", "any"]
MARK = "not_carried_over"  # there is no such name: `flow check` fails where it is read
ATOM, FILTER, UNARY = 9, 8, 7
_OPENING = re.compile(r"\{[{%#]")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_POWERS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4}
_ARITHMETIC = {"+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6}


@dataclass(frozen=True, slots=True)
class Piece:
    """An expression as written, how tightly it holds together, and what it gives."""

    text: str
    power: int = ATOM
    type: Type = "any"

    def __str__(self) -> str:
        return self.text


class NotCarried(Exception):
    """A part of an expression that ours cannot say; `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def marked(what: str) -> Piece:
    """What stands for a lost expression, and says which: `not_carried_over.javascript`."""
    found = re.sub(r"[^a-z0-9]+", "_", what.lower()).strip("_")[:40]
    return Piece(f"{MARK}.{found}" if found and not found[0].isdigit() else MARK)


def quoted(text: str) -> Piece:
    """A text as a literal."""
    return Piece("'" + "".join(_ESCAPES.get(char, char) for char in text) + "'", ATOM, "text")


def literal(value: float) -> Piece:
    """A number as a literal."""
    return Piece(repr(value), ATOM if value >= 0 else UNARY, "number")


def held(piece: Piece, power: int) -> str:
    """The piece, in brackets if it is looser than that."""
    return piece.text if piece.power >= power else f"({piece.text})"


def filtered(piece: Piece, name: str, *arguments: Piece, gives: Type = "text") -> Piece:
    """`piece | name(arguments)`."""
    behind = f"({', '.join(each.text for each in arguments)})" if arguments else ""
    return Piece(f"{held(piece, FILTER)} | {name}{behind}", FILTER, gives)


def numeric(piece: Piece) -> Piece:
    """The piece as a number; a text that is none gives nothing, and no comparison with nothing is true."""
    return piece if piece.type == "number" else filtered(piece, "float", Piece("none"), gives="number")


def summed(piece: Piece) -> Piece:
    """The piece as a number to reckon with; what is none counts as 0."""
    return piece if piece.type == "number" else filtered(piece, "float", gives="number")


def binary(sign: str, left: Piece, right: Piece) -> Piece:
    """`left sign right`."""
    if sign in _ARITHMETIC:
        power = _ARITHMETIC[sign]
        return Piece(f"{held(left, power)} {sign} {held(right, power + 1)}", power, "number")
    if sign == "**":
        return Piece(f"{held(left, ATOM)} ** {held(right, ATOM)}", 6, "number")
    if sign == "~":
        return Piece(f"{held(left, FILTER)} ~ {held(right, FILTER)}", 4, "text")
    power = _POWERS[sign]
    return Piece(f"{held(left, power + 1)} {sign} {held(right, power + 1)}", power, "boolean")


def negated(piece: Piece) -> Piece:
    """`not piece`."""
    return Piece(f"not {held(piece, 4)}", 3, "boolean")


def asked(piece: Piece, question: str) -> Piece:
    """`piece is question`, such as `not empty`."""
    return Piece(f"{held(piece, FILTER)} is {question}", FILTER, "boolean")


def chosen(condition: Piece, then: Piece, otherwise: Piece) -> Piece:
    """`then if condition else otherwise`."""
    gives: Type = then.type if then.type == otherwise.type else "any"
    return Piece(f"{held(then, 1)} if {held(condition, 1)} else {held(otherwise, 1)}", 0, gives)


def joined(word: str, pieces: list[Piece]) -> Piece:
    """All of them with `and` or `or` between."""
    if len(pieces) == 1:
        return pieces[0]
    power = _POWERS[word]
    return Piece(f" {word} ".join(held(each, power + 1) for each in pieces), power, "boolean")


def folded(piece: Piece) -> Piece:
    """As texts are compared: small letters, no spaces around them."""
    return filtered(filtered(piece, "lower"), "trim")


def written(parts: list[str | Piece]) -> str:
    """A text of words and expressions; braces that are words stay words."""
    out: list[str] = []
    for number, part in enumerate(parts):
        if isinstance(part, Piece):
            out.append(f"{{{{ {part.text} }}}}")
            continue
        text = _OPENING.sub(lambda found: f"{{{{ '{found.group()}' }}}}", part)
        if text.endswith("{") and number + 1 < len(parts):
            text = text[:-1] + "{{ '{' }}"
        out.append(text)
    return "".join(out)


def plainly(text: str) -> str:
    """Words of the export as a text that has no expressions."""
    return written([text])
