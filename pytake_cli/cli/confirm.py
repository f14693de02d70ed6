"""Questions before changes: ordinary, weighty and severe; both languages' yes and no are understood."""

from __future__ import annotations

import sys

from pytake_cli.cli.context import context
from pytake_cli.errors import InputNeeded, UsageError
from pytake_cli.locale import _
from pytake_cli.text import clean

YES = {"s", "sim", "y", "yes"}
NO = {"n", "não", "nao", "no"}


def ordinary(question: str) -> bool:
    """Asks; --yes answers. False: the person said no. Nobody there: InputNeeded."""
    if context().yes:
        return True
    if context().no_input:
        raise InputNeeded(
            "PT-INPUT-YES", "this asks first, and nobody is here to answer: {question}", fix="--yes", question=question
        )
    while True:
        answer = ask(f"{question} {_('[y/N]')}", default="n").lower()
        if answer in YES:
            return True
        if answer in NO:
            return False


def weighty(question: str, count: int, expected: str | None) -> bool:
    """For many people: type the number; without a terminal, --yes and --expect N."""
    if expected is not None and expected not in ("any", str(count)):
        raise UsageError(
            "PT-INPUT-EXPECT",
            "there are {count}, you expected {expected}",
            fix="--expect {count}",
            count=count,
            expected=expected,
        )
    if context().no_input or (context().yes and expected is not None):
        if context().yes and expected is not None:
            return True
        raise InputNeeded(
            "PT-INPUT-YES",
            "this asks first, and nobody is here to answer: {question}",
            fix="--yes --expect {count}",
            question=question,
            count=count,
        )
    return ask(
        _("{question} Type the number ({count}) to go on:").format(question=question, count=count), default=""
    ) == str(count)


def severe(question: str, name: str, confirmed: str | None) -> bool:
    """For what cannot be undone: type the name, or --confirm NAME; --yes is not enough."""
    if confirmed is not None:
        if confirmed != name:
            raise UsageError(
                "PT-INPUT-CONFIRM",
                "--confirm says {given}, but this is {name}",
                fix="--confirm {name}",
                given=confirmed,
                name=name,
            )
        return True
    if context().no_input:
        raise InputNeeded(
            "PT-INPUT-CONFIRM",
            "this cannot be undone and needs its name: {question}",
            fix="--confirm {name}",
            question=question,
            name=name,
        )
    return ask(_("{question} Type {name} to go on:").format(question=question, name=name), default="") == name


def ask(question: str, *, default: str | None = None, flag: str = "") -> str:
    """One line from the person; Enter takes the default. `flag` says how to give it without being asked."""
    if context().no_input:
        raise InputNeeded(
            "PT-INPUT",
            "an answer is needed, and nobody is here to give it: {question}",
            fix=flag or "--help",
            question=question,
        )
    sys.stderr.write(clean(question) + " ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise InputNeeded(
            "PT-INPUT",
            "an answer is needed, and nobody is here to give it: {question}",
            fix=flag or "--help",
            question=question,
        )
    return line.strip() or (default or "")
