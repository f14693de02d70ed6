"""Help on topics, and a search through all help."""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import surface_text
from pytake_cli.cli.entry import Entry
from pytake_cli.cli.output import page
from pytake_cli.cli.surface_data import SURFACE
from pytake_cli.cli.topics import TOPICS, text_of
from pytake_cli.errors import NotFound
from pytake_cli.locale import _, own


def help_(
    topic: Annotated[list[str] | None, typer.Argument(metavar="TOPIC", help="A topic, or a command.")] = None,
    word: Annotated[
        str | None, typer.Option("-k", "--search", metavar="WORD", help="Searches all help for a word.")
    ] = None,
) -> None:
    """Lists all commands and topics, or shows one.

    $ pytake help windows
    $ pytake help -k token
    """
    surface = SURFACE
    if word is not None:
        page(own(_search(word, surface)))
        return
    if not topic:
        page(own(surface_text.everything(surface)))
        return
    name = "-".join(topic)
    if name == "flags":
        page(own(surface_text.global_flags()))
    elif name in TOPICS:
        page(own(text_of(name)))
    else:
        page(own(_command(topic, surface)))


def _command(words: list[str], surface: dict[str, Entry]) -> str:
    text = surface_text.help_for(words, True, surface)
    if text is not None:
        return text
    import difflib

    name = " ".join(words)
    near = difflib.get_close_matches(name, [*TOPICS, *surface], 1, 0.5)
    raise NotFound(
        "PT-HELP",
        "there is no help on {name}",
        why="did you mean {near}?" if near else "",
        fix="pytake help -k {name}",
        name=name,
        near=near[0] if near else "",
    )


def _search(word: str, surface: dict[str, Entry]) -> str:
    wanted = word.lower()
    found: list[tuple[str, str]] = []
    for name, about in TOPICS.items():
        if wanted in f"{name} {about} {_(about)} {text_of(name)}".lower():
            found.append((f"pytake help {name}", _(about)))
    for path, entry in surface.items():
        flags = [f"{' '.join(option['flags'])} {option['help']} {_(option['help'])}" for option in entry["options"]]
        text = " ".join([path, entry["help"], _(entry["help"]), *entry["more"], *flags])
        if wanted in text.lower():
            found.append((f"pytake {path} -h", _(entry["help"])))
    if not found:
        raise NotFound("PT-HELP", "no help mentions {word}", fix="pytake help", word=word)
    return "".join(f"{name.ljust(40)} {about}\n" for name, about in found)
