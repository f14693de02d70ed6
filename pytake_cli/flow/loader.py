"""Reads a flow file into its models: every step on its own, so that all of its mistakes are found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from pytake_cli.flow import misfits, reader
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import FlowErrors, Phrase, Problem, in_order, near, problem
from pytake_cli.flow.reader import Document
from pytake_cli.flow.steps import VERBS
from pytake_cli.flow.steps.step import Step, is_value
from pytake_cli.flow.values import STEP_ID

_OPEN = Step.model_construct()
COMMON = frozenset(info.alias or name for name, info in Step.model_fields.items())


@dataclass(slots=True)
class Reading:
    """What could be read. `broken` are the paths that could not: steps, and keys of the header."""

    path: str
    source: str
    positions: Positions
    flow: Flow | None  # without what is broken
    data: Any = None  # as written
    broken: frozenset[Path] = frozenset()
    problems: list[Problem] = field(default_factory=list)


def load(source: str | bytes, path: str = "<flow>") -> Flow:
    """The flow of a file; FlowErrors with all that is wrong in it. What its steps are together is `check`'s."""
    reading = read(source, path)
    if reading.flow is None or reading.problems:
        raise FlowErrors(reading.problems)
    return reading.flow


def read(source: str | bytes, path: str = "<flow>") -> Reading:
    """As much of the flow as there is, and what is wrong with the rest. Raises nothing."""
    try:
        text = reader.decode(source, path) if isinstance(source, bytes) else source
        found = reader.read(text, path)
    except FlowErrors as error:
        return Reading(path, str(source), Positions(""), None, problems=list(error.problems))
    if not isinstance(found.data, dict):
        template = "a flow file is a map with `start` and `steps`, not {given}"
        found.problems.append(
            problem("PT-FLOW-KIND", template, found.positions.value(()), path=path, given=misfits.given(found.data))
        )
        return Reading(path, text, found.positions, None, problems=found.problems)
    return _Loader(found, text).read()


class _Loader:
    def __init__(self, found: Document, source: str) -> None:
        self.path = found.path
        self.source = source
        self.data: dict[str, Any] = found.data
        self.positions = found.positions
        self.problems = found.problems
        self.broken: set[Path] = set()
        self._spoilt = {(each.line, each.column) for each in found.problems}

    def read(self) -> Reading:
        steps = self._steps()
        flow = self._header(steps)
        problems = list(in_order(self.problems))
        return Reading(self.path, self.source, self.positions, flow, self.data, frozenset(self.broken), problems)

    def _steps(self) -> dict[str, Step]:
        given = self.data.get("steps")
        if "steps" not in self.data:
            self._say("PT-FLOW-MISSING", "the flow needs `{key}`", (), key="steps")
            return {}
        if given is None and (outside := self._outside()):
            if self.positions.key((outside,)) not in self._spoilt:
                self._say(
                    "PT-FLOW-INDENT",
                    "this step does not stand in `steps`",
                    (outside,),
                    at_key=True,
                    fix="begin its lines two spaces further in",
                )
            return {}
        if not isinstance(given, dict):
            self._say(
                "PT-FLOW-KIND",
                "`{key}` takes {expected}, not {given}",
                ("steps",),
                key="steps",
                expected=Phrase("a map from names to steps"),
                given=misfits.given(given),
            )
            return {}
        if not given:
            self._say("PT-FLOW-BLANK", "`{key}` is empty", ("steps",), key="steps")
        found: dict[str, Step] = {}
        for name, fields in given.items():
            if self._is_name(name):
                step = self._step(name, fields)
                found[name] = step if step is not None else _OPEN
        return found

    def _outside(self) -> str:
        """The first of the steps that stand beside `steps`; they are taken for no keys of the header."""
        keys = {info.alias or name for name, info in Flow.model_fields.items()}
        found = [name for name, value in self.data.items() if name not in keys and isinstance(value, dict)]
        self.data = {name: value for name, value in self.data.items() if name not in found}
        return found[0] if found else ""

    def _is_name(self, name: str) -> bool:
        at = ("steps", name)
        if name in ("end", "resume"):
            self.broken.add(at)
            template = "`{name}` leads out of the flow and cannot be a step's name"
            self._say("PT-FLOW-NAME", template, at, at_key=True, name=name)
            return False
        if not re.fullmatch(STEP_ID, name):
            self.broken.add(at)
            template = "{given} is not {expected}"
            self._say("PT-FLOW-NAME", template, at, at_key=True, given=misfits.given(name), expected=misfits.STEP_NAME)
            return False
        return True

    def _step(self, name: str, fields: Any) -> Step | None:
        """The step, or None with its problems told."""
        at: Path = ("steps", name)
        if not isinstance(fields, dict):
            self.broken.add(at)
            self._say(
                "PT-FLOW-KIND",
                "the step `{name}` is a map that begins with its verb, not {given}",
                at,
                name=name,
                given=misfits.given(fields),
            )
            return None
        verb = self._verb(name, fields)
        if verb is None:
            self.broken.add(at)
            return None
        model = VERBS[verb]
        if not model.main and not isinstance(fields[verb], dict) and fields[verb] not in (None, True):
            self.broken.add(at)
            template = "`{key}` takes a map of fields, not {given}"
            self._say("PT-FLOW-KIND", template, (*at, verb), key=verb, given=misfits.given(fields[verb]))
            return None
        fields = self._spread(at, model, fields)
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            self.broken.add(at)
            errors = error.errors(include_url=False)
            told = misfits.told(errors, fields, self.positions, self.path, at=at, model=model)
            self.problems += [each for each in told if (each.line, each.column) not in self._spoilt]
            return None

    def _spread(self, at: Path, model: type[Step], fields: dict[str, Any]) -> dict[str, Any]:
        """The fields side by side, as the model takes them, with a note of where those inside the verb's map stand."""
        verb, value = model.verb, fields[model.verb]
        if model.main == verb:
            return fields
        moved = self.positions.moved
        if isinstance(value, dict) and not (model.main and is_value(value, model.written())):
            rest = {key: each for key, each in fields.items() if key != verb}
            for key in value:
                if key in rest:
                    template = "`{key}` is given twice, in the map of `{verb}` and beside it"
                    self._say("PT-FLOW-TWICE", template, (*at, key), at_key=True, key=key, verb=verb)
                moved[(*at, key)] = (*at, verb, key)
            return {**value, **rest}
        if value is None or not model.main:
            return fields
        if model.main in fields:
            template = "`{key}` is given twice: it is what stands behind `{verb}`"
            self._say("PT-FLOW-TWICE", template, (*at, model.main), at_key=True, key=model.main, verb=verb)
            return {key: each for key, each in fields.items() if key != verb}
        moved[(*at, model.main)] = (*at, verb)
        return {model.main if key == verb else key: each for key, each in fields.items()}

    def _verb(self, name: str, fields: Mapping[str, Any]) -> str | None:
        at: Path = ("steps", name)
        verbs = [key for key in fields if key in VERBS]
        # `form` is a verb, and what `http` sends: a verb that another's fields have is that field
        chosen = [key for key in verbs if not any(key in _keys(other) for other in verbs if other != key)] or verbs[:1]
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            self._say(
                "PT-FLOW-VERBS",
                "a step has one verb, and `{name}` has {count}: {verbs}",
                (*at, chosen[1]),
                at_key=True,
                fix="make a step of each",
                name=name,
                count=len(chosen),
                verbs=", ".join(chosen),
            )
            return None
        self._no_verb(name, fields)
        return None

    def _no_verb(self, name: str, fields: Mapping[str, Any]) -> None:
        at: Path = ("steps", name)
        for key in fields:
            meant = near(key, VERBS) if key not in COMMON else ""
            if meant:
                template = "`{key}` is no verb"
                self._say(
                    "PT-FLOW-VERB",
                    template,
                    (*at, key),
                    at_key=True,
                    fix="did you mean `{meant}`?",
                    key=key,
                    meant=meant,
                )
                return
        odd = next((key for key in fields if key not in COMMON), "")
        template = "`{odd}` is no verb" if odd else "the step `{name}` has no verb"
        where = (*at, odd) if odd else at
        self._say(
            "PT-FLOW-VERB",
            template,
            where,
            at_key=True,
            fix="there are {verbs}",
            odd=odd,
            name=name,
            verbs=", ".join(VERBS),
        )

    def _header(self, steps: dict[str, Step]) -> Flow | None:
        """The flow with the steps that could be read; keys of the header that do not fit are left out."""
        header = {key: value for key, value in self.data.items() if key != "steps"}
        header.setdefault("name", _stem(self.path))
        for _attempt in range(2):
            try:
                flow = Flow.model_validate({**header, "steps": steps})
            except ValidationError as error:
                errors = [each for each in error.errors(include_url=False) if each["loc"][:1] != ("steps",)]
                told = misfits.told(errors, header, self.positions, self.path, at=(), model=Flow)
                self.problems += [each for each in told if (each.line, each.column) not in self._spoilt]
                for each in errors:
                    self._drop(header, each["loc"], steps)
            else:
                intact = {name: step for name, step in steps.items() if step is not _OPEN}
                return flow.model_copy(update={"steps": intact})
        return None

    def _drop(self, header: dict[str, Any], location: tuple[int | str, ...], steps: Mapping[str, Step]) -> None:
        """Takes a broken key out of the header, so that the rest can be looked at."""
        key = str(location[0]) if location else ""
        self.broken.add((key,))
        header.pop(key, None)
        if key == "start":
            header["start"] = next(iter(steps), "start")
        elif key == "name":
            header["name"] = "flow"

    def _say(self, slug: str, message: str, at: Path, *, fix: str = "", at_key: bool = False, **values: Any) -> None:
        place = self.positions.key(at) if at_key else self.positions.value(at)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, **values))


def _keys(verb: str) -> frozenset[str]:
    return frozenset(info.alias or name for name, info in VERBS[verb].model_fields.items())


def _stem(path: str) -> str:
    """A flow's name, unless it says another: its file's."""
    stem = PurePath(path).name.removesuffix(".yaml").removesuffix(".yml")
    return re.sub(r"[^a-z0-9-]+", "-", stem.lower()).strip("-")[:40] or "flow"
