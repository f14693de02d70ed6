"""Makes a file of a draft: joins questions, adds the way for what fails, writes YAML and checks it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from pytake_cli.flow import written
from pytake_cli.flow.check import Examined, examine_all
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.imports import questions
from pytake_cli.flow.imports.draft import PEOPLE, Draft
from pytake_cli.flow.imports.report import Imported
from pytake_cli.flow.problems import Phrase

_TYPES = ("text", "number", "boolean", "date", "time", "datetime", "list", "object", "media")
_MAY_FAIL = ("ask", "http", "ai", "call", "goto_flow", "template", "form", "lookup", "code")


def finished(drafts: Sequence[Draft]) -> list[Imported]:
    """The files of an export, in its order. What `flow check` finds in them is listed as lost, place by place."""
    for draft in drafts:
        draft.settle()
        draft.prune()
        questions.join(draft)
        draft.prune()
        _catch(draft)
    sources = {f"{draft.name}.yaml": _source(document(draft)) for draft in drafts}
    examined = {each.path: each for each in examine_all(sources)}
    return [_imported(draft, examined[f"{draft.name}.yaml"], sources[f"{draft.name}.yaml"]) for draft in drafts]


def document(draft: Draft) -> dict[str, Any]:
    """The flow as a map, in the order in which files have it."""
    used = {name: {"type": kind if kind in _TYPES else "text"} for name, kind in draft.vars.items()}
    first = {"name": draft.name, **({"title": draft.title} if draft.title else {}), "language": draft.language}
    late: dict[str, Any] = {key: draft.header[key] for key in ("on", "on_error", "on_expire") if key in draft.header}
    early = {key: value for key, value in draft.header.items() if key not in late}
    steps = {draft.start: draft.steps[draft.start], **draft.steps}
    return {**first, **early, **({"vars": used} if used else {}), "start": draft.start, **late, "steps": steps}


def _catch(draft: Draft) -> None:
    """What fails goes to people; other makers ask for ever, or end without a word."""
    if not any(verb in fields for fields in draft.steps.values() for verb in _MAY_FAIL):
        return
    draft.header["on_error"] = PEOPLE
    draft.steps[PEOPLE] = {"handoff": None}
    item = draft.item("on_error", step=PEOPLE)
    item.changed(Phrase("what fails, and who gives too many wrong answers, goes to people"))


def _source(flow: dict[str, Any]) -> str:
    try:
        return written.yaml_text(Flow.model_validate(flow))
    except ValidationError:
        return _as_it_is(flow)  # the check tells what is wrong with it


def _as_it_is(flow: dict[str, Any]) -> str:
    out = YAML(typ="safe", pure=True)
    out.default_flow_style = False
    out.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out.allow_unicode = True
    stream = io.StringIO()
    out.dump(flow, stream)
    return stream.getvalue()


def _imported(draft: Draft, examined: Examined, source: str) -> Imported:
    told = any(item.status == "lost" for item in draft.items)
    for problem in examined.errors:
        step = _step_at(examined, problem.line)
        if told and problem.slug == "PT-FLOW-NOT-CARRIED":
            continue  # what it is was listed where it was met
        item = next((each for each in draft.items if step and each.step == step), None)
        item = item or draft.item("flow check", title=draft.title, step=step)
        item.lost(Phrase("{place}: {sentence}"), place=problem.place, sentence=problem.sentence)
    return Imported(draft.name, source, tuple(draft.items), examined.problems)


def _step_at(examined: Examined, line: int) -> str:
    """The step that a line of the file belongs to."""
    positions, found = examined.reading.positions, ""
    data = examined.reading.data
    for name in data.get("steps", {}) if isinstance(data, dict) else ():
        if positions.key(("steps", name))[0] <= line:
            found = str(name)
    return found if positions.has(("steps",)) and line >= positions.key(("steps",))[0] else ""
