"""`pytake flow test`: plays the talks of test files, shows where one goes another way, and what none has walked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli.cli import flow_files, flow_report
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, say
from pytake_cli.errors import LimitReached, NotFound, PartialFailure
from pytake_cli.flow.check import Examined
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.testing import coverage, runner, tests
from pytake_cli.flow.testing.coverage import Coverage
from pytake_cli.flow.testing.runner import Ran

FIELDS = {
    "path": "The test file.",
    "line": "The line of the test, or of what it expects and did not get.",
    "column": "The column, from 1.",
    "test": "The test's name.",
    "language": "The language that it was played in.",
    "passed": "Whether all went as the test has it.",
    "problem": "Where it went another way.",
}
COVERAGE_FIELDS = {
    "flow": "The flow's name.",
    "path": "Its file.",
    "line": "Where it stands.",
    "column": "The column, from 1.",
    "kind": "step, way, choice, error, language, trigger or interrupt.",
    "step": "The step, or nothing for what belongs to the whole flow.",
    "name": "The way out, the choice, the language.",
    "target": "Where the way leads.",
    "walked": "Whether a test has walked it.",
}


def play(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|FOLDER|NAME]...", help="Tests, or flows with tests; by default all."),
    ] = None,
    cov: Annotated[bool, typer.Option("--cov", help="Also what no test has walked.")] = False,
    fail_under: Annotated[
        float | None,
        typer.Option("--fail-under", metavar="PERCENT", min=0, max=100, help="9 when less than this was walked."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="PATH", help="Also writes JUnit's XML.")] = None,
    only: Annotated[str, typer.Option("--only", metavar="TEXT", help="Only tests whose name has this.")] = "",
) -> None:
    """Plays the tests of flows on the engine itself, without a network, a store or a clock.

    $ pytake flow test
    $ pytake flow test appointment --cov
    $ pytake flow test --cov --fail-under 90 --junit report.xml
    $ pytake flow test --json --only dentist

    7 when a test fails, 65 when a file cannot be read, 9 when less was walked than --fail-under wants.
    """
    suite = Suite(paths or [])
    ran = suite.run(only)
    if junit is not None:
        from pytake_cli.flow.testing.junit import report

        junit.write_text(report(ran), encoding="utf-8")
    covered = suite.coverage(ran) if cov or fail_under is not None else []
    _write(suite, ran, covered, cov)
    _leave(ran, covered, fail_under)


class Suite:
    """The test files that words stand for, and the flows that they need."""

    def __init__(self, words: list[str]) -> None:
        self.tests, self.named = flow_files.tests_named(words)
        beside = {path for each in (*self.tests, *self.named) for path in flow_files.files(each.parent)}
        self.examined: dict[str, Examined] = {}
        self.flows: dict[str, Flow] = {}
        named = {flow_files.shown(path) for path in self.named}
        for each in flow_files.examined(sorted(beside)):
            if each.reading.flow is not None:
                self.examined[each.reading.flow.name] = each
                self.flows[each.reading.flow.name] = each.reading.flow
            elif each.path in named:
                raise FlowErrors(each.problems)

    def run(self, only: str = "") -> list[Ran]:
        """Runs all of them; mistakes of a flow are mistakes of its tests."""
        sources = {flow_files.shown(path): flow_files.read(path) for path in self.tests}
        found = []
        for path, source in sources.items():
            reading = tests.read(source, path, self.flows)
            examined = self.examined.get(reading.flow)
            if examined is not None and examined.errors:
                found.append(Ran(path, reading.flow, (*reading.problems, *examined.problems)))
            else:
                found.append(runner.run_file(reading, self.flows, only=only))
        return found

    def coverage(self, ran: list[Ran]) -> list[Coverage]:
        """Of the flows that were named, or whose tests were."""
        names = {one.flow for one in ran}
        names |= {name for name, each in self.examined.items() if any(_is(path, each) for path in self.named)}
        measured = runner.coverage(ran, self.flows)
        return [measured[name] for name in sorted(names) if name in measured]


def _is(path: Path, examined: Examined) -> bool:
    return flow_files.shown(path) == examined.path


def _write(suite: Suite, ran: list[Ran], covered: list[Coverage], cov: bool) -> None:
    """The results as a person reads them, or as data: tests, or with --cov every point."""
    output = context().output
    if output.form in ("table", "plain"):
        width = min(output.width, 100)
        data(flow_report.results(ran, width=width, color=output.color_out))
        if cov:
            positions = {name: each.reading.positions for name, each in suite.examined.items()}
            paths = {name: each.path for name, each in suite.examined.items()}
            data(flow_report.coverage(covered, paths, positions, width=width, color=output.color_out))
    elif cov:
        emit([row for each in covered for row in _points(suite, each)], COVERAGE_FIELDS)
    else:
        emit([result.to_json() for one in ran for result in one.results], FIELDS)
    say(flow_report.summary(ran, covered))


def _points(suite: Suite, covered: Coverage) -> list[dict[str, Any]]:
    examined = suite.examined[covered.flow]
    rows = []
    for point in covered.points:
        line, column = examined.reading.positions.key(point.path)
        rows.append(
            {
                "flow": covered.flow,
                "path": examined.path,
                "line": line,
                "column": column,
                "kind": point.kind,
                "step": point.step or None,
                "name": point.name,
                "target": point.target or None,
                "walked": point in covered.walked,
            }
        )
    return rows


def _leave(ran: list[Ran], covered: list[Coverage], fail_under: float | None) -> None:
    """The exit code."""
    if any(one.errors for one in ran):
        raise typer.Exit(FlowErrors.exit_code)
    if any(one.failed for one in ran):
        raise typer.Exit(PartialFailure.exit_code)
    if not any(one.results for one in ran) and fail_under is None:
        raise NotFound("PT-FLOW-UNTESTED", "there are no tests to play", fix="pytake flow new")
    reached = coverage.percent(covered)
    if fail_under is not None and reached < fail_under:
        raise LimitReached(
            "PT-FLOW-COVERAGE",
            "{reached} % was walked, and --fail-under is {wanted} %",
            fix="pytake flow test --cov",
            reached=flow_report.percent(reached),
            wanted=flow_report.percent(fail_under),
        )
