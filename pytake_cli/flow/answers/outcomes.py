"""What a reader of answers is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from pytake_cli.flow.language.values import Value
from pytake_cli.flow.patterns import Pattern

# why an answer was refused -> what it means, in one English line
REASONS: dict[str, str] = {
    "ambiguous": "it fits more than one choice, or says two things at once",
    "check": "its check digits are wrong",
    "empty": "there is nothing in it",
    "format": "it is not written like what was asked for",
    "kind": "it is of another kind: a picture, a sticker, a voice message instead of what was asked for",
    "late": "it is after the latest that is allowed",
    "early": "it is before the earliest that is allowed",
    "long": "it has more characters than allowed",
    "many": "more were chosen than allowed",
    "few": "fewer were chosen than allowed",
    "old": "it is a button of another question",
    "short": "it has fewer characters than allowed",
    "small": "it is less than the least that is allowed",
    "big": "it is more than the most that is allowed",
    "unknown": "it is none of the choices",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: `Choice("odonto", "Odontologia", "Limpeza e canal")`."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a question says about its answer.

    `min` and `max` are a length for text and regex, a value for number, date, time and datetime, a count for multi and
    bytes for files. They may be text where a value is meant: `"2026-03-02"`, `"08:00"`.
    """

    choices: tuple[Choice, ...] = ()
    min: Value = None
    max: Value = None
    pattern: Pattern | None = None
    country: str | None = None  # ISO code for phone numbers without +; None: by the language


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer as flows keep it, and as it is shown back: `Accepted(Decimal("1234.5"), "1.234,5")`."""

    value: Value
    display: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why it is no answer: a slug of REASONS."""

    reason: str
