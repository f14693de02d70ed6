"""The fast front: --version, help and completion from generated data, without importing the commands."""

from __future__ import annotations

import os
import sys

from pytake_cli.cli.flags import TAKES_VALUE

COMPLETE = "__complete"
NO = ("0", "false", "f", "no", "n", "off")  # as the settings read it


def answer(arguments: list[str]) -> int | None:
    """The exit code if the line was answered here, None if the command has to run."""
    if arguments == ["--version"]:
        from pytake_cli import __version__

        return _print(f"pytake {__version__}\n")
    if arguments[:1] == [COMPLETE]:
        from pytake_cli.cli import complete

        return _print(complete.answer(arguments[1:]))
    wants_help = not arguments or "-h" in arguments or "--help" in arguments
    words = _words(arguments)
    if words is None and wants_help:
        words = _words_before_flags(arguments)
    if words is None:
        return None
    chosen = language(arguments)
    if chosen is None:
        return None
    from pytake_cli import locale
    from pytake_cli.cli import surface_text

    locale.use(chosen)
    locale.only_ascii(only_ascii(arguments))
    text = surface_text.help_for(words, wants_help)
    return None if text is None else _print(text)


def _words(arguments: list[str]) -> list[str] | None:
    """The words of the line; None if it has flags that are not global or lack their value."""
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        flag, _, value = argument.partition("=")
        if flag in TAKES_VALUE:
            if TAKES_VALUE[flag] and not value and next(rest, None) is None:
                return None
        elif argument.startswith("-"):
            return None
        else:
            words.append(argument)
    return words


def _words_before_flags(arguments: list[str]) -> list[str]:
    """For `-h` at the end of a long line: what stands before the first flag of the command."""
    for count, argument in enumerate(arguments):
        if argument.startswith("-") and argument.partition("=")[0] not in TAKES_VALUE:
            return _words(arguments[:count]) or []
    return []


def language(arguments: list[str]) -> str | None:
    """The language by flag, variable, settings or system; None if the place of the settings is not known here."""
    from pytake_cli import locale

    named = value_of("--lang", arguments) or os.environ.get("PYTAKE_LANG")
    if named:
        return locale.choose(named) if named in locale.LANGUAGES else None
    files = settings_files(value_of("-C", arguments) or os.getcwd())
    if files is None:
        return None
    return locale.choose(
        _text(setting("lang", files, value_of("--profile", arguments))) if any(map(os.path.exists, files)) else None
    )


def only_ascii(arguments: list[str]) -> bool:
    """True if our words keep to ASCII: by flag, variable, settings, terminal or locale."""
    from pytake_cli import locale

    if "--ascii" in arguments or locale.speaks_ascii():
        return True
    if named := os.environ.get("PYTAKE_ASCII"):
        return named.lower() not in NO
    files = settings_files(value_of("-C", arguments) or os.getcwd())
    if files is None or not any(map(os.path.exists, files)):
        return False
    return setting("ascii", files, value_of("--profile", arguments)) is True


def value_of(flag: str, arguments: list[str]) -> str:
    for index, argument in enumerate(arguments):
        if argument == flag and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{flag}="):
            return argument[len(flag) + 1 :]
    return ""


def settings_files(directory: str) -> tuple[str, str, str] | None:
    """The project's, the user's and the system's settings file, as places.py has them."""
    if home := os.environ.get("PYTAKE_HOME"):
        user = os.path.join(os.path.expanduser(home), "config", "config.toml")
    elif sys.platform == "linux":
        config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        user = os.path.join(config, "pytake", "config.toml")
    else:
        return None
    project = os.path.join(directory, ".pytake.toml")
    while not os.path.exists(project) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
        project = os.path.join(directory, ".pytake.toml")
    return project, user, "/etc/pytake/config.toml"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def setting(name: str, files: tuple[str, str, str], profile: str) -> object:
    """The setting of the strongest file that has it; a broken file is for the command to complain about."""
    import tomllib

    read: list[dict[str, object]] = []
    for path in files:
        try:
            with open(path, "rb") as file:
                read.append(tomllib.load(file))
        except (OSError, ValueError):
            read.append({})
    project, user, system = read
    profiles = user.get("profiles")
    named = profile or os.environ.get("PYTAKE_PROFILE") or project.get("profile") or user.get("profile")
    chosen = profiles.get(named, {}) if isinstance(profiles, dict) else {}
    found = (layer.get(name) for layer in (project, chosen, user, system) if isinstance(layer, dict))
    return next((value for value in found if value is not None), None)


def _print(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        reader_left()
    return 0


def reader_left() -> None:
    """Whoever read us has had enough: what is still buffered goes nowhere, without an error at exit."""
    if sys.stdout is sys.__stdout__:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
