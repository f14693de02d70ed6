"""Answers the shell's question what may come next, from generated data; never the network, never a customer's name."""

from __future__ import annotations

from pytake_cli.cli.commands import singular
from pytake_cli.cli.flags import GLOBAL, TAKES_VALUE
from pytake_cli.cli.surface_data import SETTINGS, SURFACE

TYPE_CHECKING = False  # importing typing would double what a Tab costs
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytake_cli.cli.entry import Entry, Option

    Words = Iterable[tuple[str, str]]


LANGUAGES = (("en", "English"), ("pt-BR", "Português"))
WHERE = ("-w", "--where")  # take a segment's text
NAMES = {
    "--segment": "segment",
    "--tag": "tag",
    "-t": "template",
    "--template": "template",
    "--stage": "stage",
    "--label": "label",
    "--view": "view",
}
WHEN = (("auto", ""), ("always", ""), ("never", ""))


def answer(words: list[str]) -> str:
    """`__complete WORD…`, the last one unfinished -> `value<TAB>description` lines."""
    *before, current = words or [""]
    if current[:1] in ("'", '"'):  # not closed yet
        current = current[1:]
    path, last = _place(before)
    found = _options_value(path, last, current)
    if found is None:
        found = _flags(path) if current.startswith("-") else _words(path, before)
    elif last in WHERE and path.startswith(("segment ", "contact ", "campaign ")):
        from pytake_cli.cli import complete_names

        found = complete_names.expression([*before, current])
    elif last in WHERE and path.startswith(("conversation ", "view ")):
        from pytake_cli.cli import complete_names

        found = complete_names.inbox_filter([*before, current])
    elif not found and last in NAMES:
        from pytake_cli.cli import complete_names

        found = complete_names.named(NAMES[last], before)
    lines = sorted({f"{value}\t{about}".rstrip("\t") for value, about in found if value.startswith(current)})
    return "".join(f"{line}\n" for line in lines)


def _place(before: list[str]) -> tuple[str, str]:
    """The command that the line names so far, and the flag that waits for its value."""
    path = ""
    rest = iter(before)
    for word in rest:
        if word.startswith("-"):
            if "=" not in word and _takes_value(path, word) and next(rest, None) is None:
                return path, word
            continue
        step = f"{path} {word}" if path else singular(word) or word
        if step in SURFACE:
            path = step
    return path, ""


def _takes_value(path: str, flag: str) -> bool:
    option = _option(path, flag)
    return bool(option["value"]) if option else TAKES_VALUE.get(flag, False)


def _option(path: str, flag: str) -> Option | None:
    entry = SURFACE.get(path)
    return next((option for option in entry["options"] if flag in option["flags"]), None) if entry else None


def _options_value(path: str, last: str, current: str) -> Words | None:
    flag = last or (current.partition("=")[0] if current.startswith("--") and "=" in current else "")
    if not flag:
        return None
    option = _option(path, flag)
    if option:
        found: Words = [(choice, "") for choice in option["choices"]]
    else:
        found = {"--lang": LANGUAGES, "--color": WHEN, "--fields": (("all", ""), ("help", ""))}.get(flag, ())
    return found if last else [(f"{flag}={value}", about) for value, about in found]


def _flags(path: str) -> Words:
    entry = SURFACE.get(path)
    for option in entry["options"] if entry else ():
        for flag in option["flags"]:
            yield flag, option["help"]
    for flags, _value, text in GLOBAL:
        for flag in flags:
            yield flag, text


def _words(path: str, before: list[str]) -> Words:
    entry = SURFACE.get(path)
    if entry is None:
        return [(name, _about(each)) for name, each in SURFACE.items() if " " not in name]
    if entry["verbs"]:
        return [(verb, _about(SURFACE[f"{path} {verb}"])) for verb in entry["verbs"]]
    if before and before[-1] != path.split()[-1]:
        return []  # at most one word after the command
    if path in ("config get", "config set", "config unset", "config explain"):
        return SETTINGS.items()
    return _other_words(path, before)


def _other_words(path: str, before: list[str]) -> Words:
    if path == "errors":
        from pytake_cli.errors import SLUGS

        return SLUGS.items()
    if path == "help":
        from pytake_cli.cli.topics import TOPICS

        return [*TOPICS.items(), *((name, _about(each)) for name, each in SURFACE.items() if " " not in name)]
    noun, _, verb = path.partition(" ")
    if noun in ("segment", "campaign", "schedule", "template") and verb not in ("list", "create", "new"):
        from pytake_cli.cli import complete_names

        return complete_names.named(noun, before)
    if path.startswith("secret "):
        return [(name, "") for name in ("access_token", "app_secret", "verify_token")]
    if path == "completion":
        return [(shell, "") for shell in ("bash", "zsh", "fish", "powershell")]
    return []


def _about(entry: Entry) -> str:
    return entry["help"]
