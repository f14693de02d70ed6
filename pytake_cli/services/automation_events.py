"""Reads the store's events, in order and each once, and turns them into runs of automations: set, put off, called off.

It plans and does nothing else, so that whatever happens to the process, a run is planned once and carried out once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli import faults
from pytake_cli.policy import automations as rules
from pytake_cli.policy.automations import TIMED, Cancel, Happening, Start, Waiting, decide
from pytake_cli.services import automation_conditions, automations, incidents
from pytake_cli.services.automation_happenings import KINDS, Reader
from pytake_cli.store import Store
from pytake_cli.store import automations as rows
from pytake_cli.store.automations import CANCELLED, PENDING, Automation, AutomationRun
from pytake_cli.store.events import Event

AT_ONCE = 40  # events in a transaction: whoever answers people waits behind it (on SQLite)


def is_due(db: Session, now: datetime) -> bool:
    """Whether there is something to read or to carry out; one question where nobody has an automation."""
    if not rows.enabled(db):
        return False
    return rows.last_event(db) > rows.read_up_to(db) or bool(rows.due(db, now, 1))


def read(store: Store, now: datetime) -> int:
    """Reads the next events of all organisations; how many. 0: there is nothing more, or another daemon reads."""
    with store.write() as db:
        active = rows.enabled(db)
        if not active:
            return 0
        before = rows.read_up_to(db)
        first = min(row.since_event for row in active)
        found = rows.unread(db, max(before, first), KINDS, AT_ONCE)
        last = found[-1].id if found else max(before, first)
        if last == before or not rows.move_cursor(db, before, last or 0):
            return 0
        _plan(db, active, found, now)
        faults.point("automation.before_plan")
    return len(found)


def _plan(db: Session, active: Sequence[Automation], found: Sequence[Event], now: datetime) -> None:
    by_org: dict[int, list[Automation]] = defaultdict(list)
    for row in active:
        by_org[row.org_id].append(row)
    for org_id, theirs in by_org.items():
        planner = _Planner(db, theirs, now)
        for event in found:
            if event.org_id == org_id:
                planner.hear(event)


class _Planner:
    """The automations of one organisation, hearing what happened."""

    def __init__(self, db: Session, active: Sequence[Automation], now: datetime) -> None:
        self._db, self._now = db, now
        self._reader = Reader(db)
        self._active = [(row, automations.parsed(row.source)) for row in active]

    def hear(self, event: Event) -> None:
        for what in self._reader.happenings(event):
            what = self._traced(what)
            waiting = {run.automation_id: run for run in rows.waiting(self._db, [what.conversation])}
            for row, definition in self._active:
                if (event.id or 0) <= row.since_event:
                    continue
                run = waiting.get(row.id or 0)
                is_own = row.id in what.by
                known = Waiting(run.event, run.due_at, run.stage) if run else None
                verdict = decide(definition, what, known)
                match verdict:
                    case Cancel(reason) if run is not None and not is_own:
                        rows.change(self._db, run.id or 0, state=CANCELLED, reason=reason, ended_at=self._now)
                    case Start() if not is_own:
                        self._start(row, definition, what, verdict, run)

    def _traced(self, what: Happening) -> Happening:
        """With the automations that it goes back to."""
        behind = rows.behind(self._db, what.event, what.conversation)
        if not behind:
            return what
        depth = 1 + max(run.depth for run in behind)
        return replace(what, by=frozenset(run.automation_id for run in behind), depth=depth)

    def _start(
        self, row: Automation, definition: rules.Automation, what: Happening, start: Start, run: AutomationRun | None
    ) -> None:
        assert row.id is not None
        cause = f"event:{what.event}"
        if run is not None and run.event in TIMED:  # the silence begins anew
            rows.change(self._db, run.id or 0, due_at=start.due_at, cause=cause, depth=what.depth)
            return
        if not self._may_begin(row, definition, what, start):
            return
        values: dict[str, Any] = {"org_id": row.org_id, "automation_id": row.id, "said": what.text[:4096]}
        rows.begin(
            self._db,
            **values,
            conversation_id=what.conversation,
            contact_id=what.contact,
            event=start.event,
            cause=cause,
            depth=what.depth,
            due_at=start.due_at,
            created_at=self._now,
        )

    def _may_begin(self, row: Automation, definition: rules.Automation, what: Happening, start: Start) -> bool:
        """What is asked before a run begins; of silence only how often, since the rest is asked when it is over."""
        assert row.id is not None
        span = definition.once_in
        if span is not None and rows.began_since(self._db, row.id, what.contact, self._now - span):
            return False
        if start.event not in TIMED:
            situation = automation_conditions.of_store(self._db, what.conversation, what.text, self._now)
            if situation is None or automation_conditions.why_not(definition, situation):
                return False
        if what.depth > rules.MOST_DEPTH:
            return self._stop(row, what, f"{rules.MOST_DEPTH} automations in a row have set off one another")
        began = rows.count_since(self._db, what.conversation, self._now - rules.IN_SPAN)
        if began >= rules.MOST_RUNS:
            return self._stop(row, what, f"{began} runs in ten minutes in one conversation")
        return True

    def _stop(self, row: Automation, what: Happening, why: str) -> bool:
        """Two automations that chase each other: it is told once, and this one does not begin."""
        text = f"automation {row.name} did not begin: {why}"
        since = self._now - rules.IN_SPAN
        told = select(Event).where(
            Event.org_id == row.org_id,
            Event.kind == "incident",
            col(Event.conversation_id) == what.conversation,
            Event.at > since,
        )
        if not any(event.payload.get("slug") == "PT-AUTO-LOOP" for event in self._db.exec(told)):
            incidents.tell(self._db, row.org_id, "PT-AUTO-LOOP", text, self._now, conversation=what.conversation)
        return False


def pending(db: Session, automation_id: int) -> int:
    """How many runs of an automation wait."""
    mine = sa.select(sa.func.count()).where(rows.run.c.automation_id == automation_id, rows.run.c.state == PENDING)
    return int(db.connection().execute(mine).scalar_one())
