"""What is wrong with a flow file: one sentence each, with its place, its slug and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytake_cli.errors import InvalidData
from pytake_cli.locale import Phrase, _, told

__all__ = ["FlowErrors", "Phrase", "Problem", "Severity", "in_order", "near", "problem"]

Severity = Literal["error", "warning"]
SEVERAL = 4  # mistakes that an error tells in full


@dataclass(frozen=True, slots=True)
class Problem:
    """`template` and `remedy` stay English until shown, as PytakeError's do; line and column count from 1.

    flows/a.yaml:41:9  the button "Remarcar" leads to "remarca", which is no step; did you mean "remarcar"?
    """

    slug: str
    path: str
    line: int
    column: int
    template: str
    remedy: str = ""
    severity: Severity = "error"
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        """What is wrong, in the language of this process."""
        return self._filled(self.template)

    @property
    def fix(self) -> str:
        """What would be right; empty when the message says it."""
        return self._filled(self.remedy)

    @property
    def sentence(self) -> str:
        """Both in one."""
        return f"{self.message}; {self.fix}" if self.remedy else self.message

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}  {self.sentence}"

    def to_json(self) -> dict[str, Any]:
        """As `flow check --json` shows it."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "severity": self.severity,
            "slug": self.slug,
            "message": self.message,
            "fix": self.fix,
        }

    def _filled(self, template: str) -> str:
        return _(template).format(**{name: told(value) for name, value in self.values.items()}) if template else ""


def problem(
    slug: str,
    message: str,
    place: tuple[int, int] = (1, 1),
    /,
    *,
    path: str = "",
    fix: str = "",
    severity: Severity = "error",
    **values: Any,
) -> Problem:
    """A problem at (line, column); `message` and `fix` are templates for the keywords that remain."""
    return Problem(slug, path, place[0], place[1], message, fix, severity, values)


class FlowErrors(InvalidData):
    """A flow file that cannot be used; `problems` are all of its errors and warnings, by position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        errors = [each for each in self.problems if each.severity == "error"] or list(self.problems)
        first = errors[0] if errors else None
        super().__init__(
            "PT-FLOW-INVALID",
            "{first}" if len(errors) == 1 else "{first} (and {more} more)",
            why="\n".join(str(each) for each in errors[1:SEVERAL]).replace("{", "{{").replace("}", "}}"),
            fix="pytake flow check",
            first=str(first),
            more=len(errors) - 1,
            problem=first.slug if first else "",
        )

    @property
    def text(self) -> str:
        """All of them, a line each."""
        return "\n".join(str(each) for each in self.problems)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By position; the same thing at the same place is said once."""
    found: dict[tuple[Any, ...], Problem] = {}
    for each in problems:
        found.setdefault((each.path, each.line, each.column, each.slug, each.template, repr(each.values)), each)
    return tuple(sorted(found.values(), key=lambda each: (each.path, each.line, each.column, each.slug)))


def near(word: str, known: Iterable[str]) -> str:
    """The known word that was most likely meant, or ""."""
    words = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(word.casefold(), list(words), 1, 0.6)
    return words[found[0]] if found else ""
