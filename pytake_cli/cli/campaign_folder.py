"""Campaign files on disk: the folder `campaigns` of the project, and what a word names in it."""

from __future__ import annotations

from pathlib import Path

from pytake_cli.errors import NotFound
from pytake_cli.flow.problems import near
from pytake_cli.flow.reader import MAX_BYTES
from pytake_cli.places import find_project_file

SUFFIXES = (".yaml", ".yml")


def folder() -> Path:
    """Where the project's campaigns are: beside its settings, else here."""
    project_file = find_project_file(Path.cwd())
    return (project_file.parent if project_file else Path.cwd()) / "campaigns"


def files() -> list[Path]:
    """The campaign files of the project."""
    place = folder()
    return sorted(path for path in place.glob("*") if path.suffix in SUFFIXES and path.is_file())


def find(word: str) -> Path | None:
    """The file that a path or a name stands for, if there is one."""
    path = Path(word)
    if path.is_file():
        return path
    if "/" in word:
        return None
    return next((file for suffix in SUFFIXES if (file := folder() / f"{word}{suffix}").is_file()), None)


def named(word: str) -> Path:
    """The same; raises NotFound."""
    found = find(word)
    if found is not None:
        return found
    meant = near(Path(word).stem, [path.stem for path in files()])
    raise NotFound(
        "PT-CAMP-NO-FILE",
        "there is no campaign file {word}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake campaign new {name}",
        word=word,
        meant=meant,
        name=meant or "black-friday",
    )


def shown(path: Path) -> str:
    """The path as short as it can be from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def read(path: Path) -> bytes:
    """What a file holds, no more than it may."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
