"""Where the steps lead: targets that are none, steps that nothing reaches, circles, closed windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pytake_cli.flow.checks.inquiry import OUTWARD, Inquiry
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import near
from pytake_cli.flow.routes import FREE_SPEECH, RESTS, idle_next, lacks_way, may_fail, spans
from pytake_cli.flow.steps.step import Step, Way
from pytake_cli.flow.ways import Edge, circles, edges, entrances, longest, reachable

WINDOW = timedelta(hours=24)


def check(inquiry: Inquiry) -> None:
    """Everything about ways."""
    graph = _Graph(inquiry)
    _targets(inquiry, graph)
    _way_out(inquiry)
    _errors(inquiry)
    if not graph.lost:
        _unreachable(inquiry, graph)
    _circles(inquiry, graph)
    _window(inquiry, graph)
    _resume(inquiry, graph)
    _person(inquiry, graph)


class _Graph:
    """The ways with misspelt targets put right, so that one mistake is told once."""

    def __init__(self, inquiry: Inquiry) -> None:
        self.known = inquiry.names
        self.lost = False  # a target that could be any step
        self.edges = [self._meant(edge) for edge in edges(inquiry.flow)]
        self.edges += [edge for name in inquiry.broken_steps() for edge in self._guessed(inquiry, name)]
        self.starts = [self.meant(target) for path, target in entrances(inquiry.flow) if inquiry.read(str(path[0]))]
        if not inquiry.read("start") or not inquiry.read("on"):
            self.lost = True
        self.out: dict[str, list[Edge]] = {}
        for edge in self.edges:
            if edge.target not in OUTWARD:
                self.out.setdefault(edge.source, []).append(edge)
        self.leads = {name: [edge.target for edge in found] for name, found in self.out.items()}

    def meant(self, target: str) -> str:
        if target in self.known or target in OUTWARD:
            return target
        found = near(target, self.known)
        self.lost = self.lost or not found
        return found or "end"

    def _meant(self, edge: Edge) -> Edge:
        target = self.meant(edge.target)
        if target == edge.target:
            return edge
        way = type(edge.way)(edge.way.kind, target, edge.way.label, edge.way.path)
        return Edge(edge.source, way, edge.implied)

    def _guessed(self, inquiry: Inquiry, name: str) -> Iterator[Edge]:
        """A step that could not be read leads to every step that it names."""
        written = inquiry.data.get("steps", {}).get(name) if isinstance(inquiry.data, dict) else None
        for word in _words(written):
            if word in self.known:
                yield Edge(name, Way("next", word))
        if inquiry.flow.on_error:
            yield Edge(name, Way("error", self.meant(inquiry.flow.on_error)), implied=True)


def _words(written: Any) -> Iterator[str]:
    if isinstance(written, dict):
        for value in written.values():
            yield from _words(value)
    elif isinstance(written, list):
        for value in written:
            yield from _words(value)
    elif isinstance(written, str):
        yield written


def _targets(inquiry: Inquiry, graph: _Graph) -> None:
    for path, target in entrances(inquiry.flow):
        if inquiry.read(str(path[0])) and (target not in OUTWARD or path == ("start",)):
            _target(inquiry, graph, path, target, label="")
    for edge in edges(inquiry.flow):
        if not edge.implied and edge.target not in OUTWARD:
            _target(inquiry, graph, ("steps", edge.source, *edge.way.path), edge.target, label=edge.way.label)


def _target(inquiry: Inquiry, graph: _Graph, path: Path, target: str, *, label: str) -> None:
    if target in graph.known:
        return
    meant = near(target, graph.known)
    inquiry.say(
        "PT-FLOW-TARGET",
        "`{label}` leads to `{target}`, which is no step" if label else "`{key}` leads to `{target}`, which is no step",
        path,
        fix="did you mean `{meant}`?" if meant else "the steps are {known}" if len(graph.known) <= 8 else "",
        key=path[-1],
        label=label,
        target=target,
        meant=meant,
        known=", ".join(graph.known),
    )


def _way_out(inquiry: Inquiry) -> None:
    for name, step in inquiry.steps.items():
        lacking = lacks_way(step)
        if lacking:
            inquiry.say(
                "PT-FLOW-WAY",
                "the step `{name}` does not say where it goes next",
                ("steps", name),
                at_key=True,
                fix="add `{lacking}: <step>`, or `{lacking}: end`",
                name=name,
                lacking=lacking,
            )
        elif idle_next(step):
            inquiry.say(
                "PT-FLOW-NEXT",
                "`{verb}` never goes to its `next`",
                ("steps", name, "next"),
                at_key=True,
                fix="take it out",
                verb=step.verb,
            )


def _errors(inquiry: Inquiry) -> None:
    """A step that may fail needs a way for it: its own or the flow's."""
    if inquiry.flow.on_error or not inquiry.read("on_error"):
        return
    failing = [
        name
        for name, step in inquiry.steps.items()
        if may_fail(step) and not any(way.kind == "error" for way in step.ways())
    ]
    if failing:
        inquiry.say(
            "PT-FLOW-ON-ERROR",
            "the step `{name}` can fail, and nothing says where it goes then",
            ("steps", failing[0]),
            at_key=True,
            fix="add `on_error: <step>` to it, or to the flow for all of its steps",
            name=failing[0],
        )


def _unreachable(inquiry: Inquiry, graph: _Graph) -> None:
    """Of steps that only lead to each other the first is told: the others are not its cause."""
    reached = reachable(graph.starts, graph.leads)
    left = [name for name in graph.known if name not in reached]
    while left:
        sources = [
            name for name in left if not any(name in graph.leads.get(other, ()) for other in left if other != name)
        ]
        name = sources[0] if sources else left[0]
        inquiry.say(
            "PT-FLOW-UNREACHABLE",
            "no way leads to the step `{name}`",
            ("steps", name),
            at_key=True,
            fix="lead to it from another step, or take it out",
            name=name,
        )
        reached |= reachable([name], graph.leads)
        left = [name for name in left if name not in reached]


def _rests(step: Step | None, edge: Edge) -> bool:
    """True when the customer, time or the outside comes in between; skipped by `if`, a step does not rest."""
    if step is None or edge.way.kind == "skip":
        return step is None
    return step.verb in RESTS or (step.verb == "template" and edge.way.kind == "reply")


def _circles(inquiry: Inquiry, graph: _Graph) -> None:
    restless: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.target not in OUTWARD and not _rests(inquiry.steps.get(edge.source), edge):
            restless.setdefault(edge.source, []).append(edge.target)
    for circle in circles(graph.known, restless):
        chain = " → ".join([*circle, circle[0]])
        if any(step is not None and step.verb == "handoff" for step in map(inquiry.steps.get, circle)):
            inquiry.say(
                "PT-FLOW-HANDBACK",
                "handed back, the conversation goes to people again without a word from the customer: {chain}",
                ("steps", circle[0]),
                at_key=True,
                fix="ask the customer in between",
                chain=chain,
            )
            continue
        inquiry.say(
            "PT-FLOW-CIRCLE",
            "these steps go round without ever waiting: {chain}",
            ("steps", circle[0]),
            at_key=True,
            fix="put an `ask` or a `wait` in between",
            chain=chain,
        )


def _window(inquiry: Inquiry, graph: _Graph) -> None:
    """Free words more than 24 hours after the customer's last are refused by Meta."""
    limit = WINDOW.total_seconds()

    def takes(edge: Edge, so_far: float) -> float:
        step = inquiry.steps.get(edge.source)
        return so_far if step is None else _elapsed(step, edge, so_far)

    starts = list(graph.starts)
    expires = inquiry.flow.expires
    reached = longest(starts, graph.out, takes, limit)
    if inquiry.flow.on_expire and (expires is None or expires > WINDOW):
        late = longest_from(graph, inquiry.flow.on_expire, takes, limit)
        reached = {name: max(late.get(name, -1.0), reached.get(name, -1.0)) for name in {*late, *reached}}
    for name, step in inquiry.steps.items():
        if step.verb not in FREE_SPEECH or reached.get(name, 0.0) <= limit:
            continue
        if getattr(step, "on_window_closed", None) is None and "on_window_closed" in type(step).model_fields:
            inquiry.say(
                "PT-FLOW-WINDOW",
                "the step `{name}` can come more than 24 hours after the customer's last message, when Meta takes "
                "templates only",
                ("steps", name),
                at_key=True,
                fix="add `on_window_closed: <step>`, and send a template there",
                name=name,
            )


def longest_from(graph: _Graph, start: str, takes: Any, limit: float) -> dict[str, float]:
    """As `longest`, entered once the window is closed."""
    first = Edge("", Way("timeout", graph.meant(start)))
    out = {**graph.out, "": [first]}
    return longest([""], out, lambda edge, so_far: limit + 1 if edge is first else takes(edge, so_far), limit)


def _elapsed(step: Step, edge: Edge, so_far: float) -> float:
    """Seconds since the customer's last message once this way was taken."""
    kind = edge.way.kind
    known = spans(step)
    if kind in known:
        span = known[kind]
        return WINDOW.total_seconds() + 1 if span is None else so_far + span.total_seconds()
    answered = step.verb in ("ask", "form") and kind in ("next", "choice", "invalid")
    called_off = kind == "cancel" and "reply" in getattr(step, "cancel_on", ())
    return 0.0 if answered or called_off or kind == "reply" else so_far


def _resume(inquiry: Inquiry, graph: _Graph) -> None:
    """`resume` leads back to the question that an interrupt left, so it needs such an interrupt."""
    resumed = [interrupt for interrupt in inquiry.flow.on if interrupt.resume]
    leads_back = {edge.source for edge in graph.edges if edge.target == "resume"}
    for edge in graph.edges:
        if edge.target == "resume" and not resumed and inquiry.read("on") and not edge.implied:
            inquiry.say(
                "PT-FLOW-RESUME",
                "`resume` goes back to the question that an interrupt left, and none of `on` has `resume: true`",
                ("steps", edge.source, *edge.way.path),
            )
            return
    for index, interrupt in enumerate(inquiry.flow.on):
        comes_back = leads_back & reachable([graph.meant(interrupt.goto)], graph.leads)
        if interrupt.resume and not comes_back and not any(inquiry.broken_steps()):
            inquiry.say(
                "PT-FLOW-RESUME",
                "no step from `{goto}` on leads back with `next: resume`",
                ("on", index, "resume"),
                goto=interrupt.goto,
            )


def _person(inquiry: Inquiry, graph: _Graph) -> None:
    """A machine that talks must let a person be reached."""
    talking = [name for name, step in inquiry.steps.items() if step.verb == "ai"]
    if not talking or any(inquiry.broken_steps()):
        return
    if not any(step.verb in ("handoff", "goto_flow", "call") for step in inquiry.steps.values()):
        inquiry.say(
            "PT-FLOW-PERSON",
            "the flow has an `ai` step and no way to a person",
            ("steps", talking[0]),
            at_key=True,
            fix="add a `handoff` step, and a word of `on` that leads to it",
        )
