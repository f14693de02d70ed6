"""pytest's plugin: collects `flows/*.test.yaml` beside their flows; each test and language is an item of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytake_cli.flow.testing.runner import Result
    from pytake_cli.flow.testing.tests import TestReading

_SUFFIX = re.compile(r"\.test\.ya?ml$")
_OURS = re.compile(rb"(?m)^tests:")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A test file with the flow of its name beside it; other people's *.test.yaml are left alone."""
    if not _SUFFIX.search(file_path.name) or not _flow_beside(file_path) or not _OURS.search(file_path.read_bytes()):
        return None
    file: FlowFile = FlowFile.from_parent(parent, path=file_path)
    return file


def _flow_beside(path: Path) -> Path | None:
    stem = _SUFFIX.sub("", path.name)
    return next((each for end in (".yaml", ".yml") if (each := path.with_name(stem + end)).is_file()), None)


class FlowFile(pytest.File):
    """The tests of one file."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """A test in each of its languages; a file with mistakes is an error of collection."""
        from pytake_cli.flow.testing import runner

        reading, flows, problems = self._read()
        if reading.file is None or problems:
            raise self.CollectError("\n".join(str(problem) for problem in (*reading.problems, *problems)))
        for name, test in reading.file.tests.items():
            for language in test.languages or ("",):
                title = f"{name}[{language}]" if language else name
                item: FlowItem = FlowItem.from_parent(self, name=title)
                item.play = lambda name=name, language=language: runner.run_test(reading, name, flows, language)
                item.line = reading.positions.key(("tests", name))[0] - 1
                yield item

    def _read(self) -> tuple[TestReading, dict[str, Any], list[Any]]:
        from pytake_cli.flow.check import examine_all
        from pytake_cli.flow.testing import tests

        sources = {str(path): path.read_bytes() for path in _flows(self.path.parent)}
        examined = examine_all(sources)
        flows = {each.reading.flow.name: each.reading.flow for each in examined if each.reading.flow is not None}
        reading = tests.read(self.path.read_bytes(), str(self.path), flows)
        named = {_flow_beside(self.path)}
        mistakes = [
            problem
            for each in examined
            if Path(each.path) in named or (each.reading.flow is not None and each.reading.flow.name == reading.flow)
            for problem in each.errors
        ]
        return reading, flows, mistakes


def _flows(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yaml", ".yml") and not _SUFFIX.search(path.name) and path.is_file():
            yield path


class Failed(Exception):
    """A talk that goes another way; its text is the transcript."""


class FlowItem(pytest.Item):
    """One test in one language."""

    play: Any = None
    line = 0

    def runtest(self) -> None:
        """Plays the talk."""
        results: list[Result] = self.play()
        for result in results:
            if not result.played.passed:
                raise Failed(_told(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The talk, without a traceback of ours."""
        if isinstance(excinfo.value, Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, self.line, self.name


def _told(result: Result) -> str:
    lines = [f"{result.place}  {result.played.problem}"]
    for entry in result.played.transcript:
        options = "".join(f" [{option}]" for option in entry.options)
        lines.append(f"  {entry.sign or ' '} {entry.at:%H:%M} {entry.who:<9} {entry.text}{options}")
    return "\n".join(lines)
