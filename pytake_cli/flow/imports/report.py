"""What became of each part of an export: kept, changed, lost or unused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytake_cli.flow.problems import Phrase, Problem
from pytake_cli.locale import _, told

Status = Literal["kept", "changed", "lost", "unused"]
MAX_SHOWN = 120  # characters of a text of the export that a report quotes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is to be said about a part; `template` stays English until shown."""

    status: Status
    template: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def why(self) -> str:
        """How it was changed or why it was lost, in the language of this process."""
        return _(self.template).format(**{name: told(value) for name, value in self.values.items()})


@dataclass(slots=True)
class Item:
    """One part of the export: its kind, id and title there, and the step that it became."""

    kind: str
    id: str = ""
    title: str = ""
    step: str = ""
    findings: list[Finding] = field(default_factory=list)

    def changed(self, why: Phrase, **values: Any) -> None:
        """It works otherwise than before."""
        self._note("changed", why, values)

    def lost(self, why: Phrase, **values: Any) -> None:
        """It could not be carried over."""
        self._note("lost", why, values)

    def unused(self, why: Phrase, **values: Any) -> None:
        """It is left out because it did nothing."""
        self._note("unused", why, values)

    def _note(self, status: Status, why: str, values: Mapping[str, Any]) -> None:
        short = {name: _shortened(value) for name, value in values.items()}
        finding = Finding(status, why, short)
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def status(self) -> Status:
        """The worst of its findings."""
        found = {finding.status for finding in self.findings}
        order: tuple[Status, ...] = ("lost", "changed", "unused")
        return next((status for status in order if status in found), "kept")

    @property
    def place(self) -> str:
        """Where it is in the export: `"Welcome" (cl1sep…)`."""
        return f'"{self.title}" ({self.id})' if self.title and self.id else self.title or self.id


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_SHOWN and not isinstance(value, Phrase):
        return value[: MAX_SHOWN - 1] + "…"
    return value


@dataclass(frozen=True, slots=True)
class Imported:
    """One flow of an export as a flow file, with its report. `problems` is what `flow check` says of the file."""

    name: str
    source: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]

    @property
    def lost(self) -> list[Item]:
        return [item for item in self.items if item.status == "lost"]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each finding, one for each part that was kept."""
        rows: list[dict[str, Any]] = []
        for item in self.items:
            of = {"flow": self.name, "kind": item.kind, "title": item.title, "id": item.id, "step": item.step or None}
            for finding in item.findings:
                rows.append({"status": finding.status, **of, "why": finding.why})
            if not item.findings:
                rows.append({"status": "kept", **of, "why": None})
        return rows
