"""The ways of a flow as a graph: which step leads where, who may arrive, and where steps go round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.routes import may_fail
from pytake_cli.flow.steps.step import Way

OUTWARD = ("end", "resume", "")  # targets that are no steps


@dataclass(frozen=True, slots=True)
class Edge:
    """One way of one step; `implied` when the flow's header says it, not the step."""

    source: str
    way: Way
    implied: bool = False

    @property
    def target(self) -> str:
        return self.way.target


def edges(flow: Flow) -> list[Edge]:
    """Every way of every step; implied: past a step that `if` skips, and to the flow's `on_error`."""
    found: list[Edge] = []
    for name, step in flow.steps.items():
        ways = list(step.ways())
        found += [Edge(name, way) for way in ways]
        if step.if_ is not None and step.next is not None:
            found.append(Edge(name, Way("skip", step.next), implied=True))
        if flow.on_error and may_fail(step) and not any(way.kind == "error" for way in ways):
            found.append(Edge(name, Way("error", flow.on_error), implied=True))
    return found


def entrances(flow: Flow) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where the flow is entered: (path in the file, step)."""
    yield ("start",), flow.start
    for index, interrupt in enumerate(flow.on):
        yield ("on", index, "goto"), interrupt.goto
    if flow.on_expire:
        yield ("on_expire",), flow.on_expire
    if flow.on_error:
        yield ("on_error",), flow.on_error


def reachable(starts: Iterable[str], leads: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that can be walked to."""
    found: set[str] = set()
    open_ends = list(starts)
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends += leads.get(name, ())
    return found


def circles(names: Iterable[str], leads: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups of steps that go round, each as one circle in walking order, from its first step in the file."""
    order = list(names)
    found: list[list[str]] = []
    seen: set[str] = set()
    for name in order:
        if name in seen:
            continue
        group = reachable(leads.get(name, ()), leads)
        if name in group:
            circle = _shortest(name, leads)
            found.append(circle)
            seen |= {each for each in group if name in reachable([each], leads)}
    return found


def _shortest(name: str, leads: Mapping[str, Iterable[str]]) -> list[str]:
    """The shortest way from a step back to itself."""
    before: dict[str, str] = {}
    line = [name]
    while line:
        at = line.pop(0)
        for target in leads.get(at, ()):
            if target == name:
                circle = [at]
                while circle[-1] != name:
                    circle.append(before[circle[-1]])
                return circle[::-1]
            if target not in before:
                before[target] = at
                line.append(target)
    return [name]


def longest(
    starts: Iterable[str], out: Mapping[str, list[Edge]], takes: Callable[[Edge, float], float], limit: float
) -> dict[str, float]:
    """The greatest sum of `takes` (edge, sum so far) with which each step can be reached; circles are walked once."""
    found: dict[str, float] = {}
    forward = _forward(starts, out)
    line = [(name, 0.0) for name in starts]
    while line:
        name, so_far = line.pop()
        if found.get(name, -1.0) >= so_far:
            continue
        found[name] = so_far
        line += [(edge.target, min(takes(edge, so_far), limit + 1)) for edge in forward.get(name, ())]
    return found


def _forward(starts: Iterable[str], out: Mapping[str, list[Edge]]) -> dict[str, list[Edge]]:
    """The ways without those that lead back to a step on the way to them."""
    kept: dict[str, list[Edge]] = {}
    state: dict[str, int] = {}
    for root in starts:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(out.get(root, ())))]
        while stack:
            name, rest = stack[-1]
            for edge in rest:
                if state.get(edge.target) == 1:
                    continue
                kept.setdefault(name, []).append(edge)
                if edge.target not in state:
                    state[edge.target] = 1
                    stack.append((edge.target, iter(out.get(edge.target, ()))))
                    break
            else:
                state[name] = 2
                stack.pop()
    return kept
