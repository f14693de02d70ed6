"""The shape of a described command; imported for types only, so that help stays fast."""

from __future__ import annotations

from typing import TypedDict


class Option(TypedDict):
    """One flag: `{"flags": ["-l", "--limit"], "value": "N", "help": "…", "choices": [], "default": "50"}`."""

    flags: list[str]
    value: str
    help: str
    choices: list[str]
    default: str


class Entry(TypedDict):
    """One noun or command; a noun has `verbs`, a command the rest."""

    help: str
    more: list[str]
    examples: list[tuple[str, str]]
    verbs: list[str]
    arguments: list[tuple[str, str]]
    options: list[Option]
