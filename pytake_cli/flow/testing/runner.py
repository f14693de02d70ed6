"""Runs test files against flows: no network, no store, a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.problems import Problem
from pytake_cli.flow.testing import tests
from pytake_cli.flow.testing.coverage import Coverage, measure
from pytake_cli.flow.testing.talk import Played, play
from pytake_cli.flow.testing.testfile import combined


class Shelf:
    """Flows by name, as `flow.context.Library` wants them."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self.flows = dict(flows)

    def published(self, name: str) -> Flow | None:
        """What `goto_flow` and `call` enter."""
        return self.flows.get(name)

    def version(self, ref: str) -> Flow:
        """What a session stands on."""
        return next(flow for flow in self.flows.values() if flow.pinned == ref)


@dataclass(slots=True)
class Result:
    """One test in one language."""

    path: str
    line: int
    column: int
    played: Played

    @property
    def name(self) -> str:
        return self.played.name

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def to_json(self) -> dict[str, Any]:
        """As `flow test --json` shows it."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "test": self.name,
            "language": self.played.language,
            "passed": self.played.passed,
            "problem": self.played.problem or None,
        }


@dataclass(slots=True)
class Ran:
    """A test file that was run, or what is wrong with it."""

    path: str
    flow: str
    problems: tuple[Problem, ...] = ()
    results: list[Result] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """Mistakes for which nothing was played."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if not result.played.passed]


def run(sources: Mapping[str, str | bytes], flows: Mapping[str, Flow], *, only: str = "") -> list[Ran]:
    """Runs every test of every file whose name holds `only`: {path: source} of test files, flows by name."""
    return [run_file(tests.read(source, path, flows), flows, only=only) for path, source in sources.items()]


def run_file(reading: tests.TestReading, flows: Mapping[str, Flow], *, only: str = "") -> Ran:
    """Runs the tests of one file."""
    ran = Ran(reading.path, reading.flow, reading.problems)
    if reading.file is None:
        return ran
    for name in reading.file.tests:
        if only.casefold() in name.casefold():
            ran.results += run_test(reading, name, flows)
    return ran


def run_test(reading: tests.TestReading, name: str, flows: Mapping[str, Flow], only: str | None = None) -> list[Result]:
    """Plays one test in each of its languages, or in one of them."""
    assert reading.file is not None
    test = reading.file.tests[name]
    given = combined(reading.file.given, test.given)
    results = []
    for language in (test.languages or ("",)) if only is None else (only,):
        played = play(name, test, given, flows[reading.flow], Shelf(flows), language)
        place = reading.place(name, played.line) if not played.passed else reading.positions.key(("tests", name))
        results.append(Result(reading.path, *place, played))
    return results


def coverage(ran: Iterable[Ran], flows: Mapping[str, Flow]) -> dict[str, Coverage]:
    """What the tests have walked of each flow, whichever file they stand in."""
    return measure((step for one in ran for result in one.results for step in result.played.steps), flows)
