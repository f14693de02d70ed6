"""What an expression may hold, how large it may be, and what is raised when it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import TypeAlias

from pytake_cli.locale import Phrase

# true and false, numbers, text, dates and times (a datetime is a date), lists and maps of these, None; nothing else
Value: TypeAlias = bool | int | float | Decimal | str | date | time | list["Value"] | dict[str, "Value"] | None

MAX_SOURCE = 8 * 1024  # characters of one expression or text with expressions
MAX_TOKENS = 1_000  # words, literals and signs in it
MAX_DEPTH = 50  # brackets, calls and conditions inside one another
MAX_HEIGHT = 100  # of the tree: 1 + 1 + 1 … nests as deep as ((1))
MAX_STRING = 64 * 1024  # characters; also of a rendered text
MAX_ITEMS = 10_000  # of a list or a map
MAX_BITS = 128  # of a whole number
MAX_EXPONENT = 40  # of a decimal number, either way
MAX_STEPS = 10_000  # of one evaluation: one a node, more for long texts and lists
# A call is slow, 4 µs, where it crosses the end of a piece of CPython's stack, which is taken and given back each time
# (measured with 3.11): what needs several calls for an item therefore costs several steps.
SLOW_STEPS = 4
STEP_CHARACTERS = 64  # characters that cost one step
STEP_ITEMS = 4  # items that cost one step


class ExpressionError(Exception):
    """The text is no expression, found before anything runs; `offset` counts characters from its start."""

    def __init__(self, message: Phrase, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class EvaluationError(Exception):
    """The values do not fit the expression, or it would grow beyond its bounds."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that an expression reads: `contact.first_name` is `("contact", "first_name")`."""

    path: tuple[str, ...]
    offset: int

    def __str__(self) -> str:
        return ".".join(self.path)


class Missing:
    """Collects the dotted paths that were read, had no value and no default; each once, in the order of reading."""

    __slots__ = ("_paths",)

    def __init__(self) -> None:
        self._paths: dict[str, None] = {}

    def add(self, path: str) -> None:
        """Records one path."""
        self._paths[path] = None

    @property
    def paths(self) -> tuple[str, ...]:
        """`("contact.first_name", "vars.date")`."""
        return tuple(self._paths)


@dataclass(slots=True, eq=False)
class Scope:
    """One evaluation under way: what it may read, what it has missed, and the steps it has left."""

    context: Mapping[str, object]
    trace: Missing | None = None
    steps: int = MAX_STEPS
    _language: str | None = field(default=None)

    @property
    def language(self) -> str:
        """The language texts are written in: `language` of the context, the contact's, the flow's, else English."""
        if self._language is None:
            self._language = self._find_language()
        return self._language

    def _find_language(self) -> str:
        candidates = [self.context.get("language")]
        for name in ("contact", "flow", "org"):
            holder = self.context.get(name)
            candidates.append(holder.get("language") if isinstance(holder, Mapping) else None)
        return next((found for found in candidates if isinstance(found, str) and found), "en")

    def setting(self, holder: str, name: str) -> object:
        """`org.currency` and such, None when the context has no such thing."""
        found = self.context.get(holder)
        return found.get(name) if isinstance(found, Mapping) else None

    def spend(self, steps: int) -> None:
        """Takes steps from what is left; raises EvaluationError when there are no more."""
        self.steps -= steps
        if self.steps < 0:
            raise EvaluationError(f"it takes more than {MAX_STEPS} steps")

    def spend_on(self, value: object, times: int = 1) -> None:
        """Takes the steps that going through a text, a list or a map costs."""
        if isinstance(value, str):
            self.spend(times * len(value) // STEP_CHARACTERS)
        elif isinstance(value, (list, Mapping)):
            self.spend(times * len(value) // STEP_ITEMS)
