"""Reads a test file, and checks it against its flow: every mistake has its place, as those of flow files have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from pytake_cli.flow import misfits, reader
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import FlowErrors, Problem, in_order, near, problem
from pytake_cli.flow.steps.ask import Ask
from pytake_cli.flow.steps.template import TemplateStep
from pytake_cli.flow.testing.talk import schedule_of
from pytake_cli.flow.testing.testfile import Test, TestFile

SUFFIXES = (".test.yaml", ".test.yml")
_CONTACT = frozenset(
    {"id", "name", "first_name", "display_name", "phone", "username", "language", "email", "tags", "stage", "score"}
) | {"fields"}


@dataclass(slots=True)
class TestReading:
    """What a test file holds; `file` is None when it cannot be used."""

    __test__ = False  # pytest: no class of tests

    path: str
    flow: str  # the name of the flow that it tests
    file: TestFile | None
    positions: Positions
    problems: tuple[Problem, ...] = ()

    def place(self, test: str, line: int | None) -> tuple[int, int]:
        """Where a line of a talk stands; of the end, what is expected then."""
        at: Path = ("tests", test, "talk", line) if line is not None else ("tests", test, "expect")
        if not self.positions.has(at):
            return self.positions.key(("tests", test))
        return self.positions.value(at) if line is not None else self.positions.key(at)


def is_test(path: str) -> bool:
    """True for `flows/appointment.test.yaml`."""
    return path.endswith(SUFFIXES)


def stem(path: str) -> str:
    """The name of the flow beside a test file."""
    name = PurePath(path).name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def read(source: str | bytes, path: str, flows: Mapping[str, Flow]) -> TestReading:
    """The tests of a file and what is wrong with them; raises nothing."""
    try:
        text = reader.decode(source, path) if isinstance(source, bytes) else source
        found = reader.read(text, path)
    except FlowErrors as error:
        return TestReading(path, stem(path), None, Positions(""), error.problems)
    teller = _Teller(path, found.positions, list(found.problems))
    file = _file(found.data, teller)
    name = _flow_of(found.data, file, path)
    if file is not None:
        flow = flows.get(name)
        if flow is None:
            at: Path = ("flow",) if file.flow is not None else ()
            meant = near(name, flows)
            fix = "did you mean `{meant}`?" if meant else "name it: flow: <name>"
            teller.say("PT-FLOW-TEST", "there is no flow `{name}` to test", at, fix=fix, name=name, meant=meant)
        else:
            _check(file, flow, teller)
    problems = in_order(teller.problems)
    sound = not any(each.severity == "error" for each in problems)
    return TestReading(path, name, file if sound else None, found.positions, problems)


def _file(data: Any, teller: _Teller) -> TestFile | None:
    if not isinstance(data, dict):
        teller.say(
            "PT-FLOW-TEST", "a test file is a map with `flow` and `tests`, not {given}", (), given=misfits.given(data)
        )
        return None
    if "tests" not in data:
        meant = next((key for key in data if near(key, ["tests"])), "")
        fix = "`{meant}` is `tests`" if meant else ""
        teller.say(
            "PT-FLOW-TEST", "the file needs `tests`", (meant,) if meant else (), fix=fix, at_key=True, meant=meant
        )
        return None
    try:
        return TestFile.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        teller.problems += misfits.told(errors, data, teller.positions, teller.path, at=(), model=TestFile)
        return None


def _flow_of(data: Any, file: TestFile | None, path: str) -> str:
    if file is not None and file.flow is not None:
        return file.flow
    given = data.get("flow") if isinstance(data, dict) else None
    return given if isinstance(given, str) else stem(path)


@dataclass(slots=True)
class _Teller:
    path: str
    positions: Positions
    problems: list[Problem] = field(default_factory=list)

    def say(self, slug: str, message: str, at: Path, *, fix: str = "", at_key: bool = False, **values: Any) -> None:
        place = self.positions.key(at) if at_key else self.positions.value(at)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, **values))

    def unknown(self, slug: str, what: str, word: str, known: Iterable[str], at: Path, *, at_key: bool = False) -> None:
        """Says that a word is none of those that there are."""
        known = list(known)
        meant = near(word, known)
        fix = "did you mean `{meant}`?" if meant else "there are {known}" if 0 < len(known) <= 12 else ""
        self.say(slug, what, at, fix=fix, at_key=at_key, word=word, meant=meant, known=", ".join(known))


def _check(file: TestFile, flow: Flow, teller: _Teller) -> None:
    """Names that the flow does not have, before a test fails by them."""
    _check_given(file.given.contact, file.given.hours, file.given.tz, ("given",), teller)
    for name, test in file.tests.items():
        at: Path = ("tests", name)
        _check_given(test.given.contact, test.given.hours, test.given.tz, (*at, "given"), teller)
        _check_expected(test, flow, at, teller)
        _check_choices(test, flow, at, teller)


def _check_given(contact: Mapping[str, Any], hours: Mapping[str, Any], tz: str, at: Path, teller: _Teller) -> None:
    for key in contact:
        if key not in _CONTACT:
            teller.unknown(
                "PT-FLOW-TEST",
                "a contact has no `{word}`; fields of your own stand in `fields`",
                key,
                sorted(_CONTACT),
                (*at, "contact", key),
                at_key=True,
            )
    for key, spans in hours.items():
        try:
            schedule_of(spans, tz)
        except (ValueError, TypeError) as error:
            teller.say("PT-FLOW-TEST", "`{key}`: {detail}", (*at, "hours", key), key=key, detail=str(error))


def _check_expected(test: Test, flow: Flow, at: Path, teller: _Teller) -> None:
    reaches_others = any(step.verb in ("call", "goto_flow") for step in flow.steps.values())
    for key in () if reaches_others else test.expect.vars:
        if key not in flow.vars:
            teller.unknown(
                "PT-FLOW-TEST",
                "the flow has no variable `{word}`",
                key,
                flow.vars,
                (*at, "expect", "vars", key),
                at_key=True,
            )
    step = test.expect.step
    if step is not None and step not in flow.steps and not reaches_others:
        teller.unknown("PT-FLOW-TEST", "the flow has no step `{word}`", step, flow.steps, (*at, "expect", "step"))


def _check_choices(test: Test, flow: Flow, at: Path, teller: _Teller) -> None:
    """Ids of options that no step of the flow offers; nothing is said where options come from outside."""
    known: dict[str, None] = {"+more": None}
    for step in flow.steps.values():
        if step.verb in ("call", "goto_flow") or (isinstance(step, Ask) and step.choices_from is not None):
            return
        if isinstance(step, Ask):
            known |= dict.fromkeys(step.choices)
        if isinstance(step, TemplateStep):
            known |= dict.fromkeys(word.source for word in step.buttons)
    for index, line in enumerate(test.talk):
        for number, choice in enumerate((line.bot.choices or ()) if line.bot is not None else ()):
            if choice not in known:
                place = (*at, "talk", index, "bot", "choices", number)
                offered = [one for one in known if one != "+more"]
                teller.unknown("PT-FLOW-TEST", "no step offers the choice `{word}`", choice, offered, place)
