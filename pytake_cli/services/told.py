"""What is kept to be told later: a sentence and its values, so that every face says it in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pytake_cli.errors import PytakeError
from pytake_cli.locale import _


@dataclass(frozen=True, slots=True)
class Why:
    """An English sentence with braces, and what fills them; a Why among the values is a part of the sentence.

    As JSON: {"text": "{number} may not send: {why}", "values": {"number": "+55 11 …", "why": {"text": …}}}
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_error(cls, error: PytakeError) -> Self:
        return cls(error.message, {name: str(value) for name, value in error.values.items()})

    def __str__(self) -> str:
        """In English, for logs and programs."""
        return self.text.format(**self.values) if self.values else self.text

    @property
    def said(self) -> str:
        """In the language of this process or request."""
        told = {name: value.said if isinstance(value, Why) else value for name, value in self.values.items()}
        return _(self.text).format(**told) if told else _(self.text)

    def to_json(self) -> dict[str, Any]:
        told = {name: value.to_json() if isinstance(value, Why) else value for name, value in self.values.items()}
        return {"text": self.text, "values": told}


def of_json(found: Mapping[str, Any]) -> Why:
    values = {name: of_json(value) if isinstance(value, dict) else value for name, value in found["values"].items()}
    return Why(found["text"], values)
