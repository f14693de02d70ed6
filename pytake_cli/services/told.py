"""What is kept to be told later: a phrase as JSON, so that every face says it in its own language.

{"text": "{number} may not send: {why}", "values": {"number": "+55 11 …", "why": {"text": …, "values": …}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytake_cli.errors import PytakeError
from pytake_cli.locale import Phrase


def of_error(error: PytakeError) -> Phrase:
    return Phrase(error.message, **{name: str(value) for name, value in error.values.items()})


def to_json(phrase: Phrase) -> dict[str, Any]:
    values = {name: to_json(value) if isinstance(value, Phrase) else value for name, value in phrase.values.items()}
    return {"text": phrase.template, "values": values}


def of_json(found: Mapping[str, Any]) -> Phrase:
    values = {name: of_json(value) if isinstance(value, dict) else value for name, value in found["values"].items()}
    return Phrase(found["text"], **values)
