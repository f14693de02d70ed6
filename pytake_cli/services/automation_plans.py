"""What a batch of events makes of an organisation's runs: put together in memory, then written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.locale import Phrase
from pytake_cli.policy import automations as rules
from pytake_cli.policy.automations import Happening, Start
from pytake_cli.services import incidents
from pytake_cli.store import automations as rows
from pytake_cli.store.automations import CANCELLED, PENDING, Automation, AutomationRun, AutomationSeen
from pytake_cli.store.events import Event

LONGEST_SAID = 4096  # characters of a message that are kept


@dataclass(slots=True)
class Planned:
    """A run that waits: one of the store's with what changes of it, or (`id` None) one that begins."""

    id: int | None
    event: str
    due_at: datetime
    stage: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    state: str = PENDING

    def cancel(self, reason: str, now: datetime) -> None:
        self.state = CANCELLED
        self.values |= {"state": CANCELLED, "reason": reason, "ended_at": now}

    def put_off(self, due_at: datetime, what: Happening) -> None:
        self.due_at = due_at
        self.values |= {"due_at": due_at, "cause": cause_of(what), "depth": what.depth}


def cause_of(what: Happening) -> str:
    return f"event:{what.event}"


@dataclass(slots=True)
class Plan:
    """The runs of the conversations that a batch of events is about."""

    org_id: int
    runs: dict[tuple[int, int], list[Planned]]  # by automation and conversation, the oldest first
    done: dict[int, list[AutomationRun]]  # by conversation: those that wrote events of their own
    began: list[Planned] = field(default_factory=list)
    loops: dict[int, Phrase] = field(default_factory=dict)
    seen: list[AutomationSeen] = field(default_factory=list)

    @classmethod
    def of(cls, db: Session, org_id: int, conversation_ids: Collection[int]) -> Plan:
        runs: dict[tuple[int, int], list[Planned]] = defaultdict(list)
        for run in rows.waiting(db, conversation_ids):
            planned = Planned(run.id, run.event, run.due_at, run.stage)
            runs[run.automation_id, run.conversation_id].append(planned)
        done: dict[int, list[AutomationRun]] = defaultdict(list)
        for run in rows.with_events(db, conversation_ids):
            done[run.conversation_id].append(run)
        return cls(org_id, runs, done)

    def waiting(self, automation_id: int, conversation_id: int) -> Planned | None:
        found = self.runs.get((automation_id, conversation_id), ())
        return next((run for run in found if run.state == PENDING), None)

    def behind(self, event_id: int, conversation_id: int) -> list[AutomationRun]:
        """The runs whose own events include this one."""
        return [
            run
            for run in self.done.get(conversation_id, ())
            if (run.first_event or 0) < event_id <= (run.last_event or 0)
        ]

    def begin(self, row: Automation, what: Happening, start: Start, now: datetime) -> None:
        values: dict[str, Any] = {
            "org_id": self.org_id,
            "automation_id": row.id,
            "conversation_id": what.conversation,
            "contact_id": what.contact,
            "event": start.event,
            "cause": cause_of(what),
            "said": what.text[:LONGEST_SAID],
            "depth": what.depth,
            "due_at": start.due_at,
            "created_at": now,
        }
        planned = Planned(None, start.event, start.due_at, values=values)
        self.runs.setdefault((row.id or 0, what.conversation), []).append(planned)
        self.began.append(planned)

    def began_since(self, db: Session, automation_id: int, contact_id: int, since: datetime) -> bool:
        wanted = (automation_id, contact_id)
        now = any(
            (run.values["automation_id"], run.values["contact_id"]) == wanted
            for run in self.began
            if run.state == PENDING
        )
        return now or rows.began_since(db, automation_id, contact_id, since)

    def count_since(self, db: Session, conversation_id: int, since: datetime) -> int:
        now: int = sum(run.values["conversation_id"] == conversation_id for run in self.began)
        return now + rows.count_since(db, conversation_id, since)

    def write(self, db: Session, now: datetime) -> None:
        """In the transaction that says that the events are read. What was carried out meanwhile stays as it is."""
        rows.begin(db, [{"state": PENDING, "reason": "", "ended_at": None, **run.values} for run in self.began])
        for each in self.runs.values():
            for run in each:
                if run.id is not None and run.values:
                    rows.change(db, run.id, **run.values)
        rows.remember(db, [row.model_dump() for row in self.seen])
        _tell_loops(db, self.org_id, self.loops, now)


def _tell_loops(db: Session, org_id: int, loops: dict[int, Phrase], now: datetime) -> None:
    """An incident for each conversation, unless there was one a short while ago."""
    for conversation_id, what in loops.items():
        told = select(Event).where(
            Event.org_id == org_id,
            Event.kind == "incident",
            col(Event.conversation_id) == conversation_id,
            Event.at > now - rules.IN_SPAN,
        )
        if not any(event.payload.get("slug") == "PT-AUTO-LOOP" for event in db.exec(told)):
            incidents.tell(db, org_id, "PT-AUTO-LOOP", what, now, conversation=conversation_id)
