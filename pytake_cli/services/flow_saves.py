"""Flow files that were saved: those that differ from what is published are told of, or published if that is wanted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pytake_cli.flow.check import Examined
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.testing import runner, tests
from pytake_cli.services import flow_surroundings, flows
from pytake_cli.services.flows import Draft, Published
from pytake_cli.store import Store
from pytake_cli.store.events import Event

log = logging.getLogger(__name__)

DIFFERS = "it is not what is published"


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is not what is published, and why it was not published."""

    path: str
    flow: str  # "" when the file cannot be read
    why: str


@dataclass(slots=True)
class Desk:
    """Looks at the files of one organisation's project; says the same of the same file only once."""

    store: Store
    org_id: int
    publishes: bool = False
    _told: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def look(self, sources: Mapping[str, bytes], now: datetime) -> tuple[list[Published], list[Saved]]:
        """What was published, and what differs still, of all flow files and tests: {path: source}."""
        drafts = [Draft(path, source) for path, source in sources.items() if not tests.is_test(path)]
        with self.store.read(self.org_id) as db:
            found = flows.examined(db, self.org_id, drafts)
            around = flow_surroundings.of(db, self.org_id)
            changed = flows.differs(db, self.org_id, [each.flow for each in found if each.flow], around)
        left = [Saved(each.path, "", str(each.errors[0])) for each in found if each.flow is None]
        ready = [each for each in found if each.flow is not None and changed[each.flow.name]]
        if self.publishes:
            made, failed = self._publish(ready, found, sources, now)
            left += failed
        else:
            made = []
            left += [Saved(each.path, each.flow.name, DIFFERS) for each in ready if each.flow]
        self._tell(left, sources, now)
        return made, left

    def _publish(
        self, ready: list[Examined], all_: list[Examined], sources: Mapping[str, bytes], now: datetime
    ) -> tuple[list[Published], list[Saved]]:
        """Publishes those whose tests pass, together, since they may call one another."""
        known = {each.flow.name: each.flow for each in all_ if each.flow}
        failures = _failures(sources, known)
        left = [Saved(each.path, each.flow.name, failures[each.flow.name])
                for each in ready if each.flow and each.flow.name in failures]  # fmt: skip
        fit = [each for each in ready if each.flow and each.flow.name not in failures]
        if not fit:
            return [], left
        drafts = [Draft(each.path, sources[each.path]) for each in fit]
        try:
            with self.store.write(self.org_id) as db:
                made = flows.publish(db, self.org_id, drafts, message="saved", now=now)
        except FlowErrors as error:  # one of them calls another that is not fit
            why = str(error.problems[0])
            return [], [*left, *(Saved(each.path, each.flow.name, why) for each in fit if each.flow)]
        for each in made:
            log.info("published a flow", extra={"flow": each.flow.name, "version": each.version.number})
        return made, left

    def _tell(self, left: list[Saved], sources: Mapping[str, bytes], now: datetime) -> None:
        """An event and a line in the log for each file, unless that was said of the same text already."""
        said = {each.path: (sources[each.path], each.why) for each in left}
        new = [each for each in left if self._told.get(each.path) != said[each.path]]
        self._told = said
        if not new:
            return
        with self.store.write(self.org_id) as db:
            for each in new:
                payload = {"flow": each.flow or None, "path": each.path, "why": each.why[:500]}
                db.add(Event(org_id=self.org_id, kind="flow:changed", payload=payload, at=now))
        for each in new:
            log.warning("a flow file is not published", extra={"path": each.path, "why": each.why[:500]})


def _failures(sources: Mapping[str, bytes], known: Mapping[str, Definition]) -> dict[str, str]:
    """Flow -> the first test of its file that fails, or what is wrong with that file."""
    found: dict[str, str] = {}
    for ran in runner.run({path: source for path, source in sources.items() if tests.is_test(path)}, known):
        if ran.errors:
            found.setdefault(ran.flow, str(ran.errors[0]))
        elif ran.failed:
            failed = ran.failed[0]
            found.setdefault(ran.flow, f"{failed.place}  test {failed.name}: {failed.played.problem}")
    return found
