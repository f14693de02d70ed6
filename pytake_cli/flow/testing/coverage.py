"""What tests have walked of a flow: steps, ways out, choices, languages, error ways, and what starts or leads away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pytake_cli.flow import effects as fx
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.events import Started
from pytake_cli.flow.leaving import EXPIRE
from pytake_cli.flow.positions import Path
from pytake_cli.flow.speech import Gesture
from pytake_cli.flow.steps.ask import Ask
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.testing.player import Step as Happening
from pytake_cli.flow.triggers import says

Kind = Literal["step", "way", "choice", "error", "language", "trigger", "interrupt"]
KINDS: tuple[Kind, ...] = ("step", "way", "choice", "error", "language", "trigger", "interrupt")
HEADER = ""  # the step of what belongs to the whole flow
# who fails without an `on_error` of its own goes to the flow's; these fail without anybody's mistake
_FAIL_BY_THEMSELVES = ("http", "template", "ai", "lookup", "code", "form", "ask")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a test can walk."""

    kind: Kind
    step: str
    name: str  # of the way, the choice, the language
    target: str = ""
    path: Path = ()  # where it stands in the file


@dataclass(frozen=True, slots=True)
class Coverage:
    """A flow's points, and those of them that were walked."""

    flow: str
    points: tuple[Point, ...]
    walked: frozenset[Point]

    @property
    def missing(self) -> list[Point]:
        """What no test has walked, in the order of the file."""
        return [point for point in self.points if point not in self.walked]

    @property
    def told(self) -> list[Point]:
        """The same without what follows from it: of a step that nobody enters, only that."""
        never = {point.step for point in self.missing if point.kind == "step"}
        return [point for point in self.missing if point.kind == "step" or point.step not in never]

    @property
    def percent(self) -> float:
        return percent([self])

    def count(self, kind: Kind) -> tuple[int, int]:
        """(walked, all) of one kind."""
        of_kind = [point for point in self.points if point.kind == kind]
        return sum(point in self.walked for point in of_kind), len(of_kind)


def percent(found: Iterable[Coverage]) -> float:
    """How much of several flows was walked; rounded down, so that 100 means all."""
    walked = total = 0
    for each in found:
        walked += len(each.walked)
        total += len(each.points)
    return 100.0 if walked == total else int(1000 * walked / total) / 10


def points_of(flow: Flow) -> tuple[Point, ...]:
    """Everything that can be walked, in the order of the file."""
    return tuple(dict.fromkeys((*_of_header(flow), *(point for name in flow.steps for point in _of_step(flow, name)))))


def _of_header(flow: Flow) -> Iterator[Point]:
    for number, trigger in enumerate(flow.triggers):
        kind = next(iter(sorted(trigger.model_fields_set - {"mode"})), "keyword")
        label = trigger.keyword[0] if trigger.keyword else str(getattr(trigger, kind))
        yield Point("trigger", HEADER, f"{kind} {label}", path=("triggers", number))
    for number, interrupt in enumerate(flow.on):
        yield Point("interrupt", HEADER, interrupt.keyword[0], interrupt.goto, ("on", number))
    if flow.on_expire is not None:
        yield Point("way", HEADER, "on_expire", flow.on_expire, ("on_expire",))
    if flow.on_error is not None and any(_fails_to_flow(step) for step in flow.steps.values()):
        yield Point("error", HEADER, "on_error", flow.on_error, ("on_error",))


def _fails_to_flow(step: Step) -> bool:
    """True when a failure that is nobody's mistake goes to the flow's `on_error`."""
    ways = {way.kind for way in step.ways()}
    if step.verb not in _FAIL_BY_THEMSELVES or "error" in ways:
        return False
    return "invalid" not in ways if step.verb in ("ask", "form") else True


def _of_step(flow: Flow, name: str) -> Iterator[Point]:
    step, at = flow.steps[name], ("steps", name)
    yield Point("step", name, name, path=at)
    if isinstance(step, Ask):
        for choice in step.choices:
            yield Point("choice", name, choice, path=(*at, "choices", choice))
    for way in step.ways():
        if way.kind != "choice":
            kind: Kind = "error" if way.kind == "error" else "way"
            yield Point(kind, name, way.name, way.target or "end", (*at, *way.path))
    if step.if_ is not None:
        yield Point("way", name, "skip", step.next or "end", (*at, "if"))
    if flow.on_error is not None and _fails_to_flow(step):
        yield Point("error", name, "error", flow.on_error, at)
    for language in spoken_by(step, flow.language):
        yield Point("language", name, language, path=at)


def spoken_by(step: Step, own: str) -> list[str]:
    """The languages that the texts of a step are in."""
    found = {language or own: None for spoken in step.spoken() for language, _ in spoken.text.templates()}
    return list(found)


def measure(happened: Iterable[Happening], flows: Mapping[str, Flow]) -> dict[str, Coverage]:
    """The coverage of every flow, by name."""
    walker = _Walker(flows)
    for one in happened:
        walker.apply(one)
    found = {}
    for name, flow in flows.items():
        points = points_of(flow)
        found[name] = Coverage(name, points, frozenset(point for point in points if walker.has(name, point)))
    return found


class _Walker:
    """Follows records through the frames of sub-flows, since a record knows its step and not its flow."""

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self._flows = flows
        self._stack: list[list[str]] = []  # [flow, step]
        self._hits: set[tuple[str, str, str, str, str]] = set()
        self._expired = self._calling = False
        self._language = ""

    def has(self, flow: str, point: Point) -> bool:
        return (flow, point.kind, point.step, point.name, point.target) in self._hits

    def apply(self, happened: Happening) -> None:
        self._language, self._expired, self._calling = happened.language, False, False
        if isinstance(happened.event, Started):
            flow = self._flows.get(happened.flow)
            self._stack = [[happened.flow, flow.start if flow else ""]]
            self._started(happened.flow, happened.event)
        for effect in happened.effects:
            match effect:
                case fx.Record():
                    self._record(effect)
                case fx.Send(speech, step) if not isinstance(speech, Gesture):
                    self._spoke(step)
                case fx.SetContact(changes):
                    for kind, _name, value in changes:
                        self._language = str(value) if kind == "language" else self._language
        if happened.frames:
            self._stack = [list(frame) for frame in happened.frames]

    def _hit(self, flow: str, kind: Kind, step: str, name: str, target: str = "") -> None:
        self._hits.add((flow, kind, step, name, target))

    def _started(self, name: str, event: Started) -> None:
        flow = self._flows.get(name)
        points = [point for point in _of_header(flow) if point.kind == "trigger"] if flow is not None else []
        for point, trigger in zip(points, flow.triggers if flow is not None else (), strict=True):
            kind, _, word = event.trigger.partition(" ")
            if kind != point.name.partition(" ")[0]:
                continue
            if trigger.keyword and not any(says(word, each, "whole") for each in trigger.keyword):
                continue
            if not trigger.keyword and word and word != point.name.partition(" ")[2]:
                continue
            self._hit(name, "trigger", HEADER, point.name)

    def _spoke(self, name: str) -> None:
        flow = self._flow_of(name)
        step = flow.steps.get(name) if flow is not None else None
        if flow is None or step is None:
            return
        languages = spoken_by(step, flow.language)
        wanted = (self._language, flow.language)
        for each in wanted:
            root = each.split("-")[0].split("_")[0].lower()
            said = [one for one in languages if one.lower() == each.lower()] or [
                one for one in languages if one.split("-")[0].split("_")[0].lower() == root
            ]
            if said:
                self._hit(flow.name, "language", name, said[0])
                return

    def _flow_of(self, step: str) -> Flow | None:
        for name, _step in reversed(self._stack):
            flow = self._flows.get(name)
            if flow is not None and step in flow.steps:
                return flow
        return None

    def _record(self, record: fx.Record) -> None:
        match record.kind:
            case "entered":
                self._enter(record.step)
            case "left":
                self._left(record.step, record.way, str(record.value or "end"))
            case "choice":
                flow = self._flow_of(record.step)
                self._hit(flow.name if flow else "", "choice", record.step, record.way)
            case "interrupt":
                for name, _step in self._stack:
                    self._hit(name, "interrupt", HEADER, record.way, str(record.value))
            case "timeout" if record.way == EXPIRE:
                self._expired = True
            case "error":
                self._calling = False

    def _enter(self, name: str) -> None:
        top_flow, top_step = self._stack[-1]
        flow = self._flows.get(top_flow)
        if self._calling and flow is not None:
            called = str(getattr(flow.steps[top_step], "flow", ""))
            self._stack.append([called, name])
            flow = self._flows.get(called)
        self._stack[-1][1] = name
        step = flow.steps.get(name) if flow is not None else None
        self._calling = step is not None and step.verb == "call"
        self._hit(self._stack[-1][0], "step", name, name)

    def _left(self, name: str, way: str, target: str) -> None:
        self._calling = False
        while len(self._stack) > 1 and self._stack[-1][1] != name:
            self._stack.pop()
        at = self._stack[-1][0]
        flow = self._flows.get(at)
        step = flow.steps.get(name) if flow is not None else None
        if self._expired:
            self._expired = False
            self._hit(at, "way", HEADER, "on_expire", target)
        elif way == "error" and step is not None and flow is not None and step.on_error is None:
            self._hit(at, "error", name, "error", target)
            self._hit(at, "error", HEADER, "on_error", target)
        else:
            kind: Kind = "error" if way.partition(":")[0] == "error" else "way"
            self._hit(at, kind, name, "next" if way == "returned" else way, target)
