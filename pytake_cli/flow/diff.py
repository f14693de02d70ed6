"""What differs between two definitions of a flow, by meaning; and whether a waiting session may move to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytake_cli.flow.definition import Flow
from pytake_cli.flow.positions import Path
from pytake_cli.flow.problems import Phrase
from pytake_cli.flow.steps.step import Step
from pytake_cli.flow.written import plain
from pytake_cli.locale import _

Kind = Literal["added", "removed", "renamed", "verb", "text", "way", "expectation", "field", "header"]

# what of a step an answer that is under way was asked for with, by verb
_EXPECTS: Mapping[str, tuple[str, ...]] = {
    "ask": ("expect", "choices", "save", "min", "max", "pattern", "case"),
    "form": ("flow_id", "screen", "save"),
    "signal": ("name", "signal", "save"),
    "template": ("name", "template", "buttons"),
    "http": ("save",),
    "ai": ("task", "labels", "schema", "save"),
    "lookup": ("source", "lookup", "save"),
    "code": ("function", "code", "save"),
    "call": ("call", "flow", "returns"),
    "handoff": ("resume",),
}


ALIKE = 0.5  # share of a step's content that is the same after a change of its name


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` and `after` are as the files say them, `""` where there is nothing."""

    kind: Kind
    step: str = ""  # as the new definition calls it; "" for the header
    where: str = ""  # the place in the step: `choices.humano.goto`, or the key of the header
    language: str = ""  # of a text
    before: str = ""
    after: str = ""

    @property
    def sentence(self) -> str:
        """The change for a person, in the language of this process."""
        return _(_SENTENCES[self.kind]).format(
            step=self.step,
            where=f"{self.where} ({self.language})" if self.language else self.where,
            before=self.before or _("nothing"),
            after=self.after or _("nothing"),
        )

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("kind", "step", "where", "language", "before", "after")}


_SENTENCES: dict[Kind, Phrase] = {
    "added": Phrase("step {step} added: {after}"),
    "removed": Phrase("step {step} removed: {before}"),
    "renamed": Phrase("step {before} is now called {after}"),
    "verb": Phrase("step {step}: {before} became {after}"),
    "text": Phrase("step {step}: text of {where}: {before} → {after}"),
    "way": Phrase("step {step}: {where} leads to {after}, not to {before}"),
    "expectation": Phrase("step {step}: expects otherwise, {where}: {before} → {after}"),
    "field": Phrase("step {step}: {where}: {before} → {after}"),
    "header": Phrase("{where}: {before} → {after}"),
}


def diff(old: Flow, new: Flow) -> list[Change]:
    """Every difference, the header's first, then by the new definition's order of steps."""
    renamed = _renamed(old, new)
    back = {after: before for before, after in renamed.items()}
    found = list(_header(old, new, renamed))
    for name, step in new.steps.items():
        before = back.get(name, name)
        if name in back:
            found.append(Change("renamed", name, before=before, after=name))
        if before in old.steps and (before == name or name in back):
            found += _step(name, old.steps[before], step, renamed)
        else:
            found.append(Change("added", name, after=_head(step)))
    for name, step in old.steps.items():
        if name not in new.steps and name not in renamed:
            found.append(Change("removed", name, before=_head(step)))
    return found


def movable(old: Flow, new: Flow, step: str) -> Phrase | None:
    """Why a session that waits at `step` cannot go on in the new definition; None when it can."""
    if step not in new.steps:
        return Phrase("the step is gone")
    before, after = old.steps.get(step), new.steps[step]
    if before is None:
        return Phrase("the old version has no such step")
    if before.verb != after.verb:
        return Phrase("the step does something else now")
    if _expectation(before) != _expectation(after):
        return Phrase("the step expects something else now")
    for name, var in old.vars.items():
        if name not in new.vars:
            return Phrase("a variable of the session is gone")
        if new.vars[name].type != var.type:
            return Phrase("a variable of the session has another type now")
    return None


def _expectation(step: Step) -> dict[str, Any]:
    """What an answer must be to fit; titles may change, their ids may not."""
    written = plain(step)
    found = {key: written.get(key) for key in _EXPECTS.get(step.verb, ())}
    if isinstance(found.get("choices"), dict):
        found["choices"] = sorted(found["choices"])
    return found


def _renamed(old: Flow, new: Flow) -> dict[str, str]:
    """Steps that have another name and mostly the same content; targets, which may be renamed as well, do not count."""
    gone = {name: _content(step) for name, step in old.steps.items() if name not in new.steps}
    come = {name: _content(step) for name, step in new.steps.items() if name not in old.steps}
    pairs = sorted(
        ((_likeness(one, other), before, after) for before, one in gone.items() for after, other in come.items()),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    found: dict[str, str] = {}
    for likeness, before, after in pairs:
        if likeness >= ALIKE and before not in found and after not in found.values():
            found[before] = after
    return found


def _likeness(one: Mapping[Path, Any], other: Mapping[Path, Any]) -> float:
    same = sum(1 for path, value in one.items() if path in other and other[path] == value)
    return same / max(len(one), len(other), 1)


def _content(step: Step) -> dict[Path, Any]:
    """What the step says, by place, without its targets."""
    targets = {way.path for way in step.ways()}
    return {path: value for path, value in _leaves(_full(step)) if path not in targets}


def _head(step: Step) -> str:
    return f"{step.verb} {_shown(plain(step).get(step.verb))}".rstrip()


def _header(old: Flow, new: Flow, renamed: Mapping[str, str]) -> Iterator[Change]:
    before = {key: value for key, value in plain(old).items() if key != "steps"}
    after = {key: value for key, value in plain(new).items() if key != "steps"}
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if isinstance(one, str):
            one = renamed.get(one, one) if key in ("start", "on_error", "on_expire") else one
        if one != other:
            yield Change("header", "", key, before=_shown(before.get(key)), after=_shown(other))


def _step(name: str, old: Step, new: Step, renamed: Mapping[str, str]) -> Iterator[Change]:
    if old.verb != new.verb:
        yield Change("verb", name, before=_head(old), after=_head(new))
        return
    ways = {way.path for step in (old, new) for way in step.ways()}
    texts = {_place(new, spoken.path) for step in (old, new) for spoken in step.spoken()}
    before, after = dict(_leaves(_full(old))), dict(_leaves(_full(new)))
    for path in dict.fromkeys((*before, *after)):
        one, other = before.get(path), after.get(path)
        if path in ways and isinstance(one, str):
            one = renamed.get(one, one)
        if one == other:
            continue
        where, language = _where(path, texts)
        kind: Kind = "field"
        if path in ways:
            kind = "way"
        elif path in texts or path[:-1] in texts:
            kind = "text"
        elif path[0] in _EXPECTS.get(new.verb, ()):
            kind = "expectation"
        yield Change(kind, name, where, language, _shown(before.get(path)), _shown(other))


def _full(step: Step) -> dict[str, Any]:
    """The step as written, but for choices that are nothing but a title."""
    written: dict[str, Any] = plain(step)
    choices = written.get("choices")
    if isinstance(choices, dict):
        whole = {
            key: each if isinstance(each, dict) and "title" in each else {"title": each}
            for key, each in choices.items()
        }
        return {**written, "choices": whole}
    return written


def _place(step: Step, path: Path) -> Path:
    """Where canonical YAML has a text: the main one stands behind the verb."""
    if path[:1] == (step.main,):
        return (step.verb, *path[1:])
    return path


def _where(path: Path, texts: set[Path]) -> tuple[str, str]:
    language = ""
    if path not in texts and path[:-1] in texts:
        path, language = path[:-1], str(path[-1])
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path), language


def _leaves(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _leaves(each, (*at, key))
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _leaves(each, (*at, index))
    else:
        yield at, value


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if " " in value or "\n" in value else value
        case dict():
            return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)
