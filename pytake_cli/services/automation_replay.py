"""The dry run: what an automation would have done with the events that are stored, without doing anything.

Statuses, owners and assignees are as the events told them then; what contacts are is asked of them as they are today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from pytake_cli.policy import window
from pytake_cli.policy.automations import TIMED, Automation, Cancel, Happening, Start, Waiting, decide
from pytake_cli.services import acts, automation_conditions
from pytake_cli.services.acts import Scene
from pytake_cli.services.automation_conditions import Situation, Situations
from pytake_cli.services.automation_happenings import KINDS, Reader
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.users import User

AT_ONCE = 500  # events read at a time
WOULD, SKIPPED, CANCELLED, WAITING = "would run", "skipped", "cancelled", "waiting"


@dataclass(slots=True)
class Would:
    """One time that the automation would have begun, and what would have become of it."""

    at: datetime
    conversation: int
    contact: int
    event: str
    outcome: str = WAITING
    reason: str = ""
    steps: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Pending:
    would: Would
    due_at: datetime
    text: str
    stage: int = 0


def replay(db: Session, org_id: int, rule: Automation, since: datetime, now: datetime) -> list[Would]:
    """Everything that it would have begun since then, in order."""
    walk = _Walk(db, org_id, rule)
    for batch in _events(db, org_id, since):
        walk.read(batch)
        for event in batch:
            walk.until(event.at)
            walk.hear(event)
    walk.until(now)
    return walk.found


def _events(db: Session, org_id: int, since: datetime) -> Iterator[Sequence[Event]]:
    cursor = 0
    mine = select(Event).where(Event.org_id == org_id, Event.at >= since, col(Event.kind).in_(KINDS))
    while rows := db.exec(mine.where(col(Event.id) > cursor).order_by(col(Event.id)).limit(AT_ONCE)).all():
        yield rows
        cursor = rows[-1].id or 0


class _Walk:
    def __init__(self, db: Session, org_id: int, rule: Automation) -> None:
        self._db, self._org_id, self._rule = db, org_id, rule
        self._reader = Reader(db, [], knows=False)
        self._told: dict[int, dict[str, Any]] = {}  # conversation -> what events told of it last
        self._waiting: dict[int, _Pending] = {}  # by conversation
        self._began: dict[int, datetime] = {}  # by contact
        self.found: list[Would] = []

    def read(self, batch: Sequence[Event]) -> None:
        """The next events, with what they are about; what was learnt of conversations before is kept."""
        self._reader = Reader(self._db, batch, knows=False).learnt_from(self._reader)

    def hear(self, event: Event) -> None:
        if event.kind == "conversation:updated" and event.conversation_id:
            self._told.setdefault(event.conversation_id, {}).update(event.payload)
        for what in self._reader.happenings(event):
            self._hear(what)

    def _hear(self, what: Happening) -> None:
        held = self._waiting.get(what.conversation)
        known = Waiting(held.would.event, held.due_at, held.stage) if held else None
        match decide(self._rule, what, known):
            case Cancel(reason) if held is not None:
                self._end(held, CANCELLED, reason)
            case Start(event, due_at) if held is not None and held.would.event in TIMED:
                held.due_at = due_at
            case Start(event, due_at):
                self._start(what, event, due_at)

    def _start(self, what: Happening, event: str, due_at: datetime) -> None:
        would = Would(what.at, what.conversation, what.contact, event)
        began = self._began.get(what.contact)
        if began is not None and self._rule.once_in is not None and what.at - began < self._rule.once_in:
            return
        pending = _Pending(would, due_at, what.text)
        if event not in TIMED:
            situation = self._situation(pending, what.at)
            why = automation_conditions.why_not(self._rule, situation) if situation else "the contact was deleted"
            if why:
                would.outcome, would.reason = SKIPPED, why
                self.found.append(would)
                return
        self.found.append(would)
        self._began[what.contact] = what.at
        self._waiting[what.conversation] = pending
        self.until(what.at)

    def until(self, moment: datetime) -> None:
        """What is due by then."""
        while due := [each for each in self._waiting.values() if each.due_at <= moment]:
            self._fire(min(due, key=lambda each: each.due_at))

    def _fire(self, pending: _Pending) -> None:
        would, at = pending.would, pending.due_at
        situation = self._situation(pending, at)
        if situation is None:
            return self._end(pending, CANCELLED, "the contact was deleted")
        why = automation_conditions.why_not(self._rule, situation)
        who = automation_conditions.talks_over(self._rule, situation)
        if why or who:
            return self._end(pending, SKIPPED, why or f"it would talk over {who}")
        steps = self._rule.stages[pending.stage][1]
        needs_window = any(act.verb in ("reply", "canned") and "or_template" not in act.beside for act in steps)
        if needs_window and not situation.window_is_open:
            return self._end(pending, SKIPPED, "the window is closed")
        talk = self._db.get_one(Conversation, would.conversation)
        scene = Scene(self._db, talk, at, None, "", "")
        shown = acts.preview(scene, steps)
        would.steps += [f"{each['step']}: {each['what']}" if each["what"] else each["step"] for each in shown]
        pending.stage += 1
        if pending.stage == len(self._rule.stages) or any(act.verb == "resolve" for act in steps):
            return self._end(pending, WOULD, "")
        pending.due_at = at + self._rule.stages[pending.stage][0]
        return None

    def _end(self, pending: _Pending, outcome: str, reason: str) -> None:
        pending.would.outcome, pending.would.reason = outcome, reason
        del self._waiting[pending.would.conversation]

    def _situation(self, pending: _Pending, at: datetime) -> Situation | None:
        """The conversation as it was then, as far as the events told it."""
        id_ = pending.would.conversation
        found = Situations(self._db, self._org_id, at).of(id_, pending.text)
        if found is None:
            return None
        told = self._told.get(id_, {})
        if "assignee" in told:
            agent = self._db.get(User, told["assignee"]) if told["assignee"] else None
            found.agent = automation_conditions.names_of(agent)
        found.status = str(told.get("status") or ("queued" if found.status == RESOLVED else found.status))
        found.owner = str(told.get("owner") or found.owner)
        found.priority = str(told.get("priority") or found.priority)
        wrote = select(func.max(Message.at)).where(
            Message.conversation_id == id_, Message.direction == IN, col(Message.at) <= at
        )
        found.window_is_open = window.window_is_open(self._db.exec(wrote).one(), at)
        return found
