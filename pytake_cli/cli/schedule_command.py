"""What a schedule may run: the words of `--do`, checked when the schedule is made and not in the night."""

from __future__ import annotations

import shlex

import typer

from pytake_cli.cli import problems
from pytake_cli.cli.line import Line, take_apart
from pytake_cli.errors import InvalidData

# Commands that never end, ask, or need a terminal or a person; and schedules do not make schedules.
NOT_BY_THEMSELVES = (
    "serve", "demo", "init", "inbox", "listen", "completion", "schedule", "secret", "emulator", "flow watch",
    "flow simulate", "campaign watch", "logs tail", "db restore", "db shell", "top",
)  # fmt: skip
UNFIT = {
    "quotes": "the quotes do not match: {detail}",
    "pinned": "{detail} is not for a schedule: it runs in its own organisation and folder",
    "nothing": "it names no command",
    "endless": "{detail} does not end by itself, or needs a person",
    "stdin": "- reads stdin, and there is none",
}
PINNED = {"org": "-o", "directory": "-C", "profile": "--profile", "help": "-h"}  # flags that the schedule decides


def words_of(text: str) -> list[str]:
    """`campaign launch x --yes` -> its words, if there is such a command and its flags fit."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _unfit(text, "quotes", str(error)) from None
    if words[:1] == ["pytake"]:
        del words[0]
    line = Line()
    try:
        take_apart(words, line)
        _refuse(text, line)
        with line.command.make_context(f"pytake {' '.join(line.path)}", list(line.rest)):
            return words
    except typer.TyperException as error:
        raise problems.from_typer(error, line, words) from None


def _refuse(text: str, line: Line) -> None:
    path = " ".join(line.path)
    for name, flag in PINNED.items():
        if getattr(line.flags, name):
            raise _unfit(text, "pinned", flag)
    if line.command is None or hasattr(line.command, "commands"):
        raise _unfit(text, "nothing")
    if any(path == each or path.startswith(f"{each} ") for each in NOT_BY_THEMSELVES):
        raise _unfit(text, "endless", path)
    if "-" in line.rest:
        raise _unfit(text, "stdin")


def _unfit(text: str, why: str, detail: str = "") -> InvalidData:
    return InvalidData(
        "PT-SCHEDULE-COMMAND",
        "a schedule cannot run {command}",
        why=UNFIT[why],
        fix="pytake schedule create -h",
        command=text,
        detail=detail,
    )
