"""Renders help from the description of the commands: plain text, 80 columns, examples first."""

from __future__ import annotations

from pytake_cli.cli.commands import COMMANDS, COMMONEST, GROUPS, singular
from pytake_cli.cli.flags import GLOBAL
from pytake_cli.locale import _, own

TYPE_CHECKING = False  # importing typing would double what help costs
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytake_cli.cli.entry import Entry, Option

WIDTH = 80
LEFT = 28  # columns for the name of a flag or a command
COMMON_FLAGS = ("--org", "--json", "--fields", "--dry-run", "--yes", "--quiet", "--lang", "--help")


def help_for(words: list[str], wanted: bool, surface: Mapping[str, Entry] | None = None) -> str | None:
    """The help for the words of a line; None if they name nothing, or a command and no help is wanted."""
    if surface is None:
        from pytake_cli.cli.surface_data import SURFACE

        surface = SURFACE
    text = _help_for(words, wanted, surface)
    return None if text is None else own(text)


def _help_for(words: list[str], wanted: bool, surface: Mapping[str, Entry]) -> str | None:
    if not words:
        return overview(surface)
    if words == ["help"]:
        return everything(surface)
    path = canonical(words, surface)
    if path is None or (not wanted and not surface[path]["verbs"]):
        return None
    if surface[path]["verbs"] and len(path.split()) < len(words):
        return None  # an unknown verb
    entry = surface[path]
    return noun(path, entry, surface) if entry["verbs"] else command(path, entry)


def canonical(words: Iterable[str], surface: Mapping[str, Entry]) -> str | None:
    """The longest path that the words begin with, plurals made singular."""
    path: list[str] = []
    for word in words:
        step = (singular(word) if not path else word) or word
        if " ".join([*path, step]) not in surface:
            break
        path.append(step)
    return " ".join(path) or None


def overview(surface: Mapping[str, Entry]) -> str:
    """`pytake --help`: the first steps and the commonest commands."""
    lines = [
        _("WhatsApp customer service from the terminal."),
        "",
        _("Usage: pytake NOUN VERB [ARG] [--flags]"),
        "",
    ]
    lines += _commands(_("Getting started"), GROUPS["Getting started"], surface)
    lines += _commands(_("Commonest commands"), COMMONEST, surface)
    lines += _flags(_("Flags"), COMMON_FLAGS)
    lines += [_("All commands: pytake help · about one: pytake NOUN VERB -h")]
    return "\n".join(lines) + "\n"


def everything(surface: Mapping[str, Entry]) -> str:
    """`pytake help`: every noun by group, and the topics."""
    from pytake_cli.cli.topics import TOPICS

    lines = [_("All commands. About one: pytake NOUN VERB -h"), ""]
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "More": tuple(name for name in COMMANDS if name not in grouped)}
    for heading, names in groups.items():
        lines += _commands(_(heading), names, surface)
    lines += _table(_("Topics (pytake help TOPIC)"), list(TOPICS.items()))
    lines += [_("Search all help: pytake help -k WORD")]
    return "\n".join(lines) + "\n"


def noun(path: str, entry: Entry, surface: Mapping[str, Entry]) -> str:
    """The help of a noun: its verbs."""
    lines = [*wrap(_(entry["help"])), "", f"{_('Usage:')} pytake {path} VERB [ARG] [--flags]", ""]
    lines += _commands(_("Commands"), [f"{path} {verb}" for verb in entry["verbs"]], surface, prefix=f"{path} ")
    lines += _examples(entry)
    lines += [_("About one: {command}").format(command=f"pytake {path} {entry['verbs'][0]} -h")]
    return "\n".join(lines) + "\n"


def command(path: str, entry: Entry) -> str:
    """The help of one command."""
    flags = f" [{_('flags')}]" if entry["options"] else ""
    lines = [*wrap(_(entry["help"])), "", f"{_('Usage:')} pytake {path}{_arguments(entry)}{flags}", ""]
    lines += _examples(entry)
    for paragraph in entry["more"]:
        lines += [*wrap(_(paragraph)), ""]
    lines += _table(
        _("Arguments"), [(name.strip("[]").removesuffix("…"), text) for name, text in entry["arguments"] if text]
    )
    lines += _table(_("Flags"), [(_name(option), _meaning(option)) for option in entry["options"]], translated=True)
    lines += [_("Also all global flags (pytake help flags), such as --json, --fields help and -n.")]
    return "\n".join(lines) + "\n"


def _arguments(entry: Entry) -> str:
    return "".join(f" {name}" for name, _text in entry["arguments"])


def _name(option: Option) -> str:
    short = [flag for flag in option["flags"] if not flag.startswith("--")]
    long = [flag for flag in option["flags"] if flag.startswith("--")]
    value = f" {option['value']}" if option["value"] else ""
    return ("    " if not short else "") + ", ".join([*short, *long]) + value


def _meaning(option: Option) -> str:
    parts = [_(option["help"])] if option["help"] else []
    if option["choices"]:
        parts.append(_("One of {choices}.").format(choices=", ".join(option["choices"])))
    if option["default"]:
        parts.append(_("Default: {value}.").format(value=option["default"]))
    return " ".join(parts)


def _examples(entry: Entry) -> list[str]:
    if not entry["examples"]:
        return []
    lines = [_("Examples:")]
    for line, comment in entry["examples"]:
        lines += [*_typed(line), *([f"      {_(comment)}"] if comment else [])]
    return [*lines, ""]


def _typed(line: str) -> list[str]:
    """An example that can be pasted into a shell: too long a line goes on behind a backslash."""
    if len(line) + 2 <= WIDTH:
        return [f"  {line}"]
    lines: list[str] = []
    row = " "
    for word in _shell_words(line):
        if word == "|" or len(row) + len(word) + 3 > WIDTH:
            lines.append(f"{row} \\")
            row = "     "
        row += f" {word}"
    return [*lines, row]


def _shell_words(line: str) -> list[str]:
    """The words of a command line; what is quoted stays together, quotes and all."""
    words: list[str] = []
    quote = ""
    for part in line.split(" "):
        if quote:
            words[-1] += f" {part}"
        else:
            words.append(part)
        for character in part:
            quote = ("" if character == quote else quote) if quote else character if character in "\"'" else ""
    return words


def _flags(heading: str, wanted: tuple[str, ...]) -> list[str]:
    rows = []
    for flags, value, text in GLOBAL:
        if not wanted or any(flag in wanted for flag in flags):
            rows.append((_name({"flags": list(flags), "value": value, "help": "", "choices": [], "default": ""}), text))
    return _table(heading, rows)


def global_flags() -> str:
    """`pytake help flags`: every global flag."""
    lines = _flags(_("Global flags, before or after the noun"), ())
    return "\n".join(lines)


def variables() -> str:
    """Every variable and its meaning, for `pytake help environment`."""
    from pytake_cli.settings import ALIASES, OTHER_VARIABLES, keys, variable

    rows = [(variable(key), field.description or "") for key, field in keys().items()]
    rows += [(name, _("Short for {key}.").format(key=key)) for name, key in ALIASES.items()]
    return "\n".join(_table(_("Variables"), [*rows, *OTHER_VARIABLES.items()])[1:-1]) + "\n"


def _commands(heading: str, paths: Iterable[str], surface: Mapping[str, Entry], prefix: str = "") -> list[str]:
    """One line a command: what stands behind `prefix`, and as much of its help as fits."""
    rows = []
    for path in paths:
        if path in surface:
            arguments = _arguments(surface[path]) if prefix else ""
            rows.append((path.removeprefix(prefix) + arguments, _(surface[path]["help"])))
    width = WIDTH - min(LEFT, max((len(name) for name, _text in rows), default=0) + 4)
    return _table(heading, [(name, _first_words(text, width)) for name, text in rows], translated=True)


def _table(heading: str, rows: list[tuple[str, str]], *, translated: bool = False) -> list[str]:
    if not rows:
        return []
    left = min(LEFT, max(len(name) for name, _text in rows) + 4)
    lines = [f"{heading}:"]
    for name, text in rows:
        wrapped = wrap(text if translated else _(text), WIDTH - left) or [""]
        if len(name) + 4 > left:
            lines.append(f"  {name}")
        else:
            lines.append(f"  {name}".ljust(left) + wrapped.pop(0))
        lines += [" " * left + line for line in wrapped]
    return [line.rstrip() for line in lines] + [""]


def _first_words(text: str, width: int) -> str:
    """The first sentence, or as much of it as makes sense on one line of a list."""
    for end in (". ", "; "):
        if len(text) > width:
            text = text.split(end)[0].rstrip(".") + "."
    while len(text) > width and ", " in text:
        text = text.rpartition(", ")[0] + "."
    return text if len(text) <= width else text.split(": ")[0].rstrip(".") + "."


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` characters; a longer word stays whole."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines
