"""Reads the store's events, in order and each once, and turns them into runs of automations: set, put off, called off.

It plans and does nothing else, so that whatever happens to the process, a run is planned once and carried out once.
What it takes to decide is read beforehand: the transaction that writes is short, for others answer people meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli import faults
from pytake_cli.locale import Phrase
from pytake_cli.policy import automations as rules
from pytake_cli.policy.automations import TIMED, Cancel, Happening, Start, Waiting, decide
from pytake_cli.services import automation_conditions, automations
from pytake_cli.services.automation_conditions import Situations
from pytake_cli.services.automation_happenings import KINDS, Reader
from pytake_cli.services.automation_plans import Plan, Planned
from pytake_cli.store import Store
from pytake_cli.store import automations as rows
from pytake_cli.store.ahead import Ahead, Reach
from pytake_cli.store.automations import PENDING, Automation
from pytake_cli.store.events import Event

AT_ONCE = 50  # events in a transaction


def is_due(db: Session, now: datetime) -> bool:
    """Whether there is something to read or to carry out, where somebody has an automation."""
    return rows.last_event(db) > rows.read_up_to(db) or bool(rows.due(db, now, 1))


def read(store: Store, now: datetime, ahead: Ahead) -> Reach | None:
    """Reads the next events of all organisations, and says how far; None: nobody has an automation, or another daemon
    reads. `ahead` is the same each time, for what is committed late is waited for."""
    with store.read() as db:
        active = rows.enabled(db)
        if not active:
            return None
        before = rows.read_up_to(db)
        first = max(before, min(row.since_event for row in active))
        reach = ahead.look(db, first)
        found = rows.unread(db, first, reach.through, KINDS, AT_ONCE)
        if len(found) == AT_ONCE:
            reach = replace(reach, through=found[-1].id or 0, more=True, in_doubt=False)
        if reach.through == before:
            return reach
        plans = [_plan(db, theirs, found, now) for theirs in _by_org(active)]
    with store.write() as db:
        if not rows.move_cursor(db, before, reach.through):
            return None
        for plan in plans:
            plan.write(db, now)
        faults.point("automation.before_plan")
    return reach


def _by_org(active: Sequence[Automation]) -> list[list[Automation]]:
    found: dict[int, list[Automation]] = defaultdict(list)
    for row in active:
        found[row.org_id].append(row)
    return list(found.values())


def _plan(db: Session, active: Sequence[Automation], found: Sequence[Event], now: datetime) -> Plan:
    org_id = active[0].org_id
    mine = [event for event in found if event.org_id == org_id]
    planner = _Planner(db, active, mine, now)
    for event in mine:
        planner.hear(event)
    planner.plan.seen = planner.reader.dirty()
    return planner.plan


class _Planner:
    """The automations of one organisation, hearing what happened."""

    def __init__(self, db: Session, active: Sequence[Automation], found: Sequence[Event], now: datetime) -> None:
        self._db, self._now = db, now
        self.reader = Reader(db, found)
        self.plan = Plan.of(db, active[0].org_id, self.reader.conversations)
        self._situations = Situations(db, active[0].org_id, now)
        self._active = [(row, automations.parsed(row.source)) for row in active]

    def hear(self, event: Event) -> None:
        for what in self.reader.happenings(event):
            what = self._traced(what)
            for row, definition in self._active:
                if what.event <= row.since_event or row.id in what.by:
                    continue  # it was not on then, or it has done this itself
                run = self.plan.waiting(row.id or 0, what.conversation)
                known = Waiting(run.event, run.due_at, run.stage) if run else None
                match decide(definition, what, known):
                    case Cancel(reason) if run is not None:
                        run.cancel(reason, self._now)
                    case Start() as start:
                        self._start(row, definition, what, start, run)

    def _traced(self, what: Happening) -> Happening:
        """With the automations that it goes back to."""
        behind = self.plan.behind(what.event, what.conversation)
        if not behind:
            return what
        depth = 1 + max(run.depth for run in behind)
        return replace(what, by=frozenset(run.automation_id for run in behind), depth=depth)

    def _start(
        self, row: Automation, definition: rules.Automation, what: Happening, start: Start, run: Planned | None
    ) -> None:
        if run is not None and run.event in TIMED:  # the silence begins anew
            run.put_off(start.due_at, what)
        elif self._may_begin(row, definition, what, start):
            self.plan.begin(row, what, start, self._now)

    def _may_begin(self, row: Automation, definition: rules.Automation, what: Happening, start: Start) -> bool:
        """What is asked before a run begins; of silence only how often, since the rest is asked when it is over."""
        assert row.id is not None
        span = definition.once_in
        if span is not None and self.plan.began_since(self._db, row.id, what.contact, self._now - span):
            return False
        if start.event not in TIMED:
            situation = self._situations.of(what.conversation, what.text)
            if situation is None or automation_conditions.why_not(definition, situation):
                return False
        if what.depth > rules.MOST_DEPTH:
            why = Phrase("{count} automations in a row have set off one another", count=rules.MOST_DEPTH)
            return self._stop(row, what, why)
        began = self.plan.count_since(self._db, what.conversation, self._now - rules.IN_SPAN)
        if began >= rules.MOST_RUNS:
            return self._stop(row, what, Phrase("{count} runs in ten minutes in one conversation", count=began))
        return True

    def _stop(self, row: Automation, what: Happening, why: Phrase) -> bool:
        """Automations that chase each other: it is told once, and this one does not begin."""
        told = Phrase("automation {name} did not begin: {why}", name=row.name, why=why)
        self.plan.loops.setdefault(what.conversation, told)
        return False


def pending(db: Session, automation_id: int) -> int:
    """How many runs of an automation wait."""
    mine = sa.select(sa.func.count()).where(rows.run.c.automation_id == automation_id, rows.run.c.state == PENDING)
    return int(db.connection().execute(mine).scalar_one())
