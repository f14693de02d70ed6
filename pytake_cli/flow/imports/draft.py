"""A flow while it is being converted: its steps and variables by our names, and the report of what they were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.pieces import plainly
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.problems import Phrase
from pytake_cli.locale import _

Fields = dict[str, Any]
PEOPLE = "people"  # the step that takes what fails
ALIAS = "goto"  # a step that only leads on; it is taken out at the end
SUFFIX = "_more"  # words below a question whose own words come from the step before


@dataclass(slots=True)
class Draft:
    """One flow. Steps are maps as files have them; ids are unique as soon as they are taken."""

    name: str
    title: str
    language: str
    start: str = "end"
    header: Fields = field(default_factory=dict)
    vars: dict[str, str] = field(default_factory=dict)  # name -> type
    steps: dict[str, Fields] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    _taken: set[str] = field(default_factory=lambda: {PEOPLE})

    def take(self, wanted: str, instead: str = "step") -> str:
        """An id for a step that is still to come."""
        name = names.unique(names.word(wanted, instead), self._taken)
        self._taken.add(name)
        return name

    def item(self, kind: str, id: str = "", title: str = "", step: str = "") -> Item:  # noqa: A002 - the export's word
        """Begins the report of one part of the export."""
        found = Item(kind, id, title, step)
        self.items.append(found)
        return found

    def declare(self, name: str, kind: str) -> str:
        """Declares a variable if it is not; two types make a text of it."""
        known = self.vars.setdefault(name, kind)
        if known != kind and "list" not in (known, kind) and "object" not in (known, kind):
            self.vars[name] = "text"
        return name

    def by_hand(self, item: Item, step: str, then: str, what: str = "") -> None:
        """What people have to do instead; the flow goes on when they are done."""
        told = _("not carried over: {kind} {place}").format(kind=item.kind, place=item.place).strip()
        fields: Fields = {"handoff": None, "note": plainly(f"{told}: {what}" if what else told)}
        self.steps[step] = fields | ({} if then == "end" else {"resume": "on_close", "resume_at": then})

    def unfit(self, item: Item, step: str, then: str, mark: str) -> None:
        """A step that `flow check` stops at, where something was done that the customer did not see."""
        told = _("not carried over: {kind} {place}").format(kind=item.kind, place=item.place).strip()
        self.steps[step] = {"event": "not_carried_over", "value": mark, "next": then, "note": told}

    def before_start(self, item: Item, mark: str) -> None:
        """The same for what has no place among the steps: it comes first."""
        step = self.take(f"lost_{item.kind}")
        item.step = item.step or step
        self.unfit(item, step, self.start, mark)
        self.start = step

    def settle(self) -> None:
        """Takes out steps that only lead on, and those that nothing leads to."""
        for fields in self.steps.values():
            _lead(fields, self._end_of)
        self.start = self._end_of(self.start)
        for key in ("on_error", "on_expire"):
            if key in self.header:
                self.header[key] = self._end_of(self.header[key])
        for interrupt in self.header.get("on", ()):
            interrupt["goto"] = self._end_of(interrupt["goto"])
        self.steps = {name: fields for name, fields in self.steps.items() if ALIAS not in fields}
        if self.start == "end" or self.start not in self.steps:
            self.start = self.take("nothing")
            self.steps[self.start] = {"end": None}

    def prune(self) -> None:
        """Leaves out steps that nothing leads to, and says so of the parts that they were."""
        starts = [self.start, *(each["goto"] for each in self.header.get("on", ()))]
        starts += [self.header[key] for key in ("on_error", "on_expire") if key in self.header]
        reached: dict[str, None] = {}  # in the order of a walk, which is how a file reads well
        line = starts[::-1]
        while line:
            name = line.pop()
            if name in self.steps and name not in reached:
                reached[name] = None
                line += targets(self.steps[name])[::-1]
        for item in self.items:
            if item.step in self.steps and item.step not in reached:
                item.findings.clear()
                item.unused(Phrase("nothing leads to it"))
                item.step = ""
            elif item.step and item.step not in self.steps:
                item.step = ""
        self.steps = {name: self.steps[name] for name in reached}

    def _end_of(self, target: str) -> str:
        seen: set[str] = set()
        while target in self.steps and ALIAS in self.steps[target]:
            if target in seen:
                return "end"  # steps that only lead to each other
            seen.add(target)
            target = self.steps[target][ALIAS]
        return target if target in self.steps or target == PEOPLE else "end"


_WAYS = (
    "next", "on_error", "on_invalid", "on_timeout", "on_http_error", "on_window_closed", "on_low", "else",
    "resume_at", ALIAS,
)  # fmt: skip


def _lead(fields: Fields, to: Any) -> None:
    """Sets every target of a step to what `to` makes of it."""
    for key in _WAYS:
        if isinstance(fields.get(key), str):
            fields[key] = to(fields[key])
    for case in (*fields.get("switch", ()), *fields.get("split", ())):
        case["goto"] = to(case["goto"])
    for choice in (fields.get("choices") or {}).values():
        if isinstance(choice, dict) and "goto" in choice:
            choice["goto"] = to(choice["goto"])


def targets(fields: Fields) -> list[str]:
    """Every step that a step leads to."""
    found: list[str] = []

    def note(target: str) -> str:
        found.append(target)
        return target

    _lead(fields, note)
    return found


def retarget(fields: Fields, old: str, new: str) -> None:
    """Leads elsewhere what has led to a step."""
    _lead(fields, lambda target: new if target == old else target)
