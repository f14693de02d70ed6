"""What is wrong with a flow as a whole, and `examine`: everything that is wrong with a file, at once and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytake_cli.flow import loader
from pytake_cli.flow.checks import names, outside, paths, texts, triggers
from pytake_cli.flow.checks.inquiry import Inquiry, Surroundings
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.loader import Reading
from pytake_cli.flow.positions import Positions
from pytake_cli.flow.problems import FlowErrors, Problem, in_order

__all__ = ["Examined", "Surroundings", "check", "examine", "examine_all", "load_checked"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A file and what was found in it; `flow` is None when it cannot be used."""

    path: str
    flow: Flow | None
    problems: tuple[Problem, ...]
    reading: Reading

    @property
    def errors(self) -> list[Problem]:
        return [each for each in self.problems if each.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [each for each in self.problems if each.severity == "warning"]


def check(
    flow: Flow,
    positions: Positions | None = None,
    *,
    path: str = "<flow>",
    around: Surroundings | None = None,
    reading: Reading | None = None,
) -> tuple[Problem, ...]:
    """What is wrong with the steps together. Nothing is said again of what could not be read."""
    inquiry = Inquiry(
        flow,
        positions or Positions(""),
        path,
        around or Surroundings(),
        data=reading.data if reading is not None else None,
        broken=reading.broken if reading is not None else frozenset(),
    )
    for subject in (paths, names, texts, triggers, outside):
        subject.check(inquiry)
    return in_order(inquiry.problems)


def examine(source: str | bytes, path: str = "<flow>", around: Surroundings | None = None) -> Examined:
    """Reads and checks a file; raises nothing."""
    return _examined(loader.read(source, path), around)


def examine_all(sources: Mapping[str, str | bytes], around: Surroundings | None = None) -> list[Examined]:
    """Several files that know of each other: {path: source}."""
    readings = [loader.read(source, path) for path, source in sources.items()]
    given = around or Surroundings()
    known = dict(given.flows or {})
    known |= {reading.flow.name: reading.flow for reading in readings if reading.flow is not None}
    return [_examined(reading, replace(given, flows=known)) for reading in readings]


def load_checked(source: str | bytes, path: str = "<flow>", around: Surroundings | None = None) -> Flow:
    """The flow, fit to be published; FlowErrors with everything that is wrong. Warnings alone do not raise."""
    examined = examine(source, path, around)
    if examined.flow is None:
        raise FlowErrors(examined.problems)
    return examined.flow


def _examined(reading: Reading, around: Surroundings | None) -> Examined:
    problems = reading.problems
    if reading.flow is not None:
        found = check(reading.flow, reading.positions, path=reading.path, around=around, reading=reading)
        told = {(each.line, each.column) for each in problems}
        problems = [*problems, *(each for each in found if (each.line, each.column) not in told)]
    ordered = in_order(problems)
    usable = not any(each.severity == "error" for each in ordered)
    return Examined(reading.path, reading.flow if usable else None, ordered, reading)
