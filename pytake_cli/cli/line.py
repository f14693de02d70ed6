"""Takes a command line apart: the command it names, the global flags wherever they stand, the rest."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from pytake_cli.cli.commands import COMMANDS, singular
from pytake_cli.cli.flags import TAKES_VALUE, name_of
from pytake_cli.errors import UsageError

KEY = "--idempotency-key"  # empty out of a script's unset variable, it would let everything happen once more


@dataclass(slots=True)
class Flags:
    """The global flags of one line, as given."""

    org: str | None = None
    profile: str | None = None
    json: bool = False
    jsonl: bool = False
    fields: str | None = None
    jq: str | None = None
    format: str | None = None
    plain: bool = False
    tsv: bool = False
    csv: bool = False
    header: bool | None = None
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False
    quiet: bool = False
    verbose: int = 0
    color: str | None = None
    ascii: bool = False
    no_pager: bool = False
    lang: str | None = None
    tz: str | None = None
    timeout: str | None = None
    directory: str | None = None
    help: bool = False

    def put(self, flag: str, value: str | None) -> None:
        """Notes one flag."""
        match name_of(flag):
            case "verbose":
                self.verbose += 1
            case "no_header":
                self.header = False
            case "no_color":
                self.color = "never"
            case name:
                setattr(self, name, True if value is None else value)


@dataclass(slots=True)
class Line:
    """`pytake -o acme contact list --json -l 5` -> flags, path ["contact", "list"], the command, rest ["-l", "5"]."""

    flags: Flags = field(default_factory=Flags)
    path: list[str] = field(default_factory=list)
    command: Any = None  # a Typer command or, for a bare noun, group
    rest: list[str] = field(default_factory=list)


def take_apart(arguments: list[str], line: Line) -> None:
    """Fills `line` as far as it gets, so that an error half way is still told in the right language and form."""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "--":
            line.rest += [word, *words]
            break
        if word.startswith("-") and word != "-":
            _take_flag(word, words, line)
        elif line.command is None or hasattr(line.command, "commands"):
            _take_word(word, line)
        else:
            line.rest.append(word)


def _take_flag(word: str, words: list[str], line: Line) -> None:
    name, equals, value = word.partition("=")
    own = _own_options(line.command)
    if name in own:
        if name == KEY and (equals or words) and not (value if equals else words[0]).strip():
            raise UsageError("PT-USAGE-VALUE", "{flag} needs a value", fix=help_line(line), flag=name)
        line.rest.append(word)
        if own[name] and not equals and words:
            line.rest.append(words.pop(0))
    elif name in TAKES_VALUE:
        if not TAKES_VALUE[name]:
            line.flags.put(name, None)
        elif equals or words:
            line.flags.put(name, value if equals else words.pop(0))
        else:
            raise UsageError("PT-USAGE-VALUE", "{flag} needs a value", fix=help_line(line), flag=name)
    elif not word.startswith("--") and len(word) > 2:
        _take_cluster(word, words, line, own)
    elif line.command is None or hasattr(line.command, "commands"):
        raise unknown_flag(name, [*TAKES_VALUE, *own], line)
    else:
        line.rest.append(word)  # the command itself will say what it thinks of it


def _take_cluster(word: str, words: list[str], line: Line, own: dict[str, bool]) -> None:
    """`-vv`, `-ny`, `-l5`: letters of one dash."""
    letters = word[1:]
    if all(TAKES_VALUE.get(f"-{letter}") is False and f"-{letter}" not in own for letter in letters):
        for letter in letters:
            line.flags.put(f"-{letter}", None)
    elif TAKES_VALUE.get(word[:2]) and word[:2] not in own:
        line.flags.put(word[:2], word[2:])
    else:
        line.rest.append(word)
        if own.get(f"-{letters[-1]}") and words and all(own.get(f"-{letter}") is False for letter in letters[:-1]):
            line.rest.append(words.pop(0))


def _own_options(command: Any) -> dict[str, bool]:
    """The command's own flags, and whether they take a value."""
    found: dict[str, bool] = {}
    for param in getattr(command, "params", ()):
        takes_value = not (getattr(param, "is_flag", False) or getattr(param, "count", False))
        for flag in (*param.opts, *param.secondary_opts):
            if flag.startswith("-"):
                found[flag] = takes_value
    return found


def _take_word(word: str, line: Line) -> None:
    if line.command is None:
        noun = singular(word)
        if noun is None:
            raise unknown_command(word, list(COMMANDS), line)
        from pytake_cli.cli import surface

        line.path.append(noun)
        line.command = surface.load(noun)
        return
    verbs = line.command.commands
    if word not in verbs:
        raise unknown_command(word, list(verbs), line)
    line.path.append(word)
    line.command = verbs[word]


def unknown_command(word: str, known: list[str], line: Line) -> UsageError:
    """Names the nearest command."""
    near = difflib.get_close_matches(word, known, 1, 0.5)
    return UsageError(
        "PT-USAGE-COMMAND",
        "unknown command: {word}",
        why="did you mean {near}?" if near else "",
        fix=help_line(line) if line.path else "pytake help",
        word=" ".join([*line.path, word]),
        near=" ".join([*line.path, *near]),
    )


def unknown_flag(flag: str, known: list[str], line: Line) -> UsageError:
    """Names the nearest flag."""
    near = difflib.get_close_matches(flag, [name for name in known if name.startswith("--")], 1, 0.6)
    return UsageError(
        "PT-USAGE-FLAG",
        "unknown option: {flag}",
        why="did you mean {near}?" if near else "",
        fix=help_line(line),
        flag=flag,
        near=near[0] if near else "",
    )


def help_line(line: Line) -> str:
    """The command that explains the command."""
    return " ".join(["pytake", *line.path, "-h"])
