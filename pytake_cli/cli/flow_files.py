"""Flow files on disk: which there are, which a word names, and what is in them."""

from __future__ import annotations

from pathlib import Path

from pytake_cli import settings
from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.flow.check import Examined, examine_all
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.problems import FlowErrors, near
from pytake_cli.flow.reader import MAX_BYTES
from pytake_cli.services import flow_settings

SUFFIXES = (".yaml", ".yml")
TESTS = (".test.yaml", ".test.yml")


def folder() -> Path:
    """Where the project's flows are."""
    return settings.flows_folder()


def files(place: Path) -> list[Path]:
    """The flow files of a folder and those below it, without their tests."""
    found = [path for path in place.rglob("*") if path.suffix in SUFFIXES and not path.name.endswith(TESTS)]
    return sorted(path for path in found if path.is_file() and path.parent.name != "tests")


def named(words: list[str]) -> list[Path]:
    """The files that names, files and folders stand for; all of the project's for none."""
    if not words:
        found = files(folder()) if folder().is_dir() else []
        if not found:
            where = shown(folder())
            raise NotFound("PT-FLOW-NONE", "there is no flow in {folder}", fix="pytake flow new", folder=where)
        return found
    return list(dict.fromkeys(path for word in words for path in _named(word)))


def one(word: str) -> Path:
    """The file that a name or a path stands for."""
    found = _named(word)
    if len(found) != 1:
        raise InvalidData("PT-FLOW-CHOICE", "{word} holds {count} flows", fix="name one", word=word, count=len(found))
    return found[0]


def _named(word: str) -> list[Path]:
    path = Path(word)
    if path.is_dir():
        return files(path)
    if path.is_file():
        return [path]
    for suffix in SUFFIXES:
        if "/" not in word and (found := folder() / f"{word}{suffix}").is_file():
            return [found]
    known = [each.stem for each in files(folder())] if folder().is_dir() else []
    meant = near(path.stem, known)
    raise NotFound(
        "PT-FLOW-FILE",
        "there is no flow {word}",
        why="did you mean {meant}?" if meant else "",
        fix="pytake flow list",
        word=word,
        meant=meant,
    )


def tests_named(words: list[str]) -> tuple[list[Path], list[Path]]:
    """(test files, flow files) that names, files and folders stand for: the tests of a flow are beside it."""
    tests: list[Path] = []
    flows: list[Path] = []
    for word in words or [str(folder())]:
        path = Path(word)
        if path.is_dir():
            tests += sorted(each for each in path.rglob("*") if each.name.endswith(TESTS) and each.is_file())
            flows += files(path)
        elif word.endswith(TESTS) and path.is_file():
            tests.append(path)
        else:
            flow = one(word)
            flows.append(flow)
            tests += [beside for suffix in TESTS if (beside := flow.with_name(flow.stem + suffix)).is_file()]
    return list(dict.fromkeys(tests)), list(dict.fromkeys(flows))


def shown(path: Path) -> str:
    """The path as short as it can be from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def examined(paths: list[Path]) -> list[Examined]:
    """Reads and checks files; those beside them are known to them."""
    beside = {path for each in paths for path in files(each.parent)}
    sources = {shown(path): read(path) for path in dict.fromkeys([*paths, *sorted(beside)])}
    wanted = {shown(path) for path in paths}
    return [each for each in examine_all(sources, flow_settings.around()) if each.path in wanted]


def usable(path: Path) -> Flow:
    """The flow of a file as far as it can be read; FlowErrors when that is not at all."""
    reading = examined([path])[0].reading
    if reading.flow is None:
        raise FlowErrors(reading.problems)
    return reading.flow


def sound(path: Path) -> Flow:
    """The flow of a file without errors; FlowErrors else."""
    found = examined([path])[0]
    if found.flow is None:
        raise FlowErrors(found.problems)
    return found.flow


def read(path: Path) -> bytes:
    """What a file holds, no more than a flow may."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
