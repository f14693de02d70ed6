"""Automation files on disk: which there are, and which a word names."""

from __future__ import annotations

from pathlib import Path

from pytake_cli import settings
from pytake_cli.cli.flow_files import SUFFIXES, read, shown
from pytake_cli.errors import NotFound
from pytake_cli.flow.problems import near
from pytake_cli.services.automations import Draft

FOLDER = "automations"


def folder() -> Path:
    """Where the project's automations are: beside its flows."""
    return settings.flows_folder().parent / FOLDER


def files(place: Path) -> list[Path]:
    """The automation files of a folder."""
    return sorted(path for path in place.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def drafts(words: list[str]) -> list[Draft]:
    """What paths, folders and names stand for; all of the project's for none."""
    paths = [path for word in words for path in _named(word)] if words else files(folder())
    if not paths:
        raise NotFound(
            "PT-AUTO-NONE",
            "there is no automation in {folder}",
            fix="pytake help automations",
            folder=shown(folder()),
        )
    return [Draft(shown(path), read(path)) for path in dict.fromkeys(paths)]


def _named(word: str) -> list[Path]:
    path = Path(word)
    if path.is_dir():
        return files(path)
    if path.is_file():
        return [path]
    for suffix in SUFFIXES:
        if "/" not in word and (found := folder() / f"{word}{suffix}").is_file():
            return [found]
    meant = near(path.stem, [each.stem for each in files(folder())])
    raise NotFound(
        "PT-AUTO-NONE",
        "there is no automation file {word}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake automation check",
        word=word,
        meant=meant,
    )
