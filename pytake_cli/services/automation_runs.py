"""Carries out runs that are due: each once, in one transaction with all that it does, after asking everything again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from pytake_cli import faults
from pytake_cli.errors import PytakeError
from pytake_cli.locale import Phrase
from pytake_cli.policy.acts import Act
from pytake_cli.policy.automations import Automation as Definition
from pytake_cli.services import (
    acts,
    automation_conditions,
    automation_events,
    automations,
    flow_sessions,
    flow_triggers,
    incidents,
)
from pytake_cli.services.acts import Scene
from pytake_cli.services.automation_conditions import Situations
from pytake_cli.services.automation_files import AutomationErrors
from pytake_cli.services.automation_happenings import KINDS
from pytake_cli.store import Store
from pytake_cli.store import automations as rows
from pytake_cli.store.ahead import Ahead
from pytake_cli.store.automations import CANCELLED, DONE, REFUSED, SKIPPED, Automation, AutomationRun
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.database import is_outage
from pytake_cli.store.events import event

log = logging.getLogger(__name__)

AT_ONCE = 50  # runs looked up at a time; each is carried out in a transaction of its own


@dataclass(frozen=True, slots=True)
class Done:
    """How many runs were looked at; `in_doubt`: an event is waited for, and it is worth a look in a moment."""

    fired: int
    in_doubt: bool = False


def work(store: Store, now: datetime, ahead: Ahead | None = None) -> Done:
    """Reads what happened and carries out what is due, until there is neither. `ahead` is the same each time."""
    ahead = ahead or Ahead(event)
    fired = 0
    while True:
        reach = automation_events.read(store, now, ahead)
        while reach is not None and reach.more and not reach.in_doubt:
            reach = automation_events.read(store, now, ahead)
        with store.read() as db:
            due = rows.due(db, now, AT_ONCE)
        done = sum(fire(store, id_, now) for id_ in due)
        fired += done
        if not done:
            return Done(fired, reach is not None and reach.in_doubt)


def fire(store: Store, run_id: int, now: datetime) -> bool:
    """Carries out one run; False when it is not due any more, another's, or something came that is to be read first."""
    faults.point("automation.before_fire")
    with store.write() as db:
        waiting = db.get(AutomationRun, run_id)
        if waiting is None:
            return False
        talk = flow_sessions.lock(db, waiting.conversation_id)
        run = rows.take(db, run_id, now)
        if run is None or rows.has_unread(db, run.conversation_id, rows.read_up_to(db), KINDS):
            return False
        before = rows.last_event(db)
        _fire(db, run, talk, now)
        db.add(run)
        db.flush()
        run.first_event, run.last_event = before, rows.last_event(db)
        faults.point("automation.before_commit")
    faults.point("automation.after_fire")
    return True


def _fire(db: Session, run: AutomationRun, talk: Conversation, now: datetime) -> None:
    row = db.get_one(Automation, run.automation_id)
    try:
        rule = automations.parsed(row.source)
    except AutomationErrors as error:
        return _end(run, REFUSED, f"{error.slug}: {error}", now)
    if run.stage >= len(rule.stages):
        return _end(run, SKIPPED, "the automation was changed", now)
    why = _why_not(db, rule, run, talk, now)
    if why:
        return _end(run, *why, now)
    steps = rule.stages[run.stage][1]
    told = _carry_out(db, row, run, talk, steps, now)
    if told is None:
        return None
    run.did = [*run.did, *told]
    run.stage += 1
    if run.stage == len(rule.stages):
        return _end(run, DONE, "", now)
    run.due_at = now + rule.stages[run.stage][0]
    return None


def _why_not(
    db: Session, rule: Definition, run: AutomationRun, talk: Conversation, now: datetime
) -> tuple[str, str] | None:
    """Why nothing is done, if so: the state that the run ends in, and the reason."""
    about_ends = {"resolved", "rated", "status"} & {when.event for when in rule.when}
    if talk.status == RESOLVED and not about_ends and RESOLVED not in rule.conditions.status:
        return CANCELLED, "resolved"
    if run.event == "agent_silent" and talk.waiting_since is None:
        return CANCELLED, "message_out"
    contact = db.get_one(Contact, talk.contact_id)
    situation = Situations(db, talk.org_id, now).of(talk.id or 0, run.said)
    if situation is None:
        return CANCELLED, "the contact was deleted"
    if talk.standby:
        return SKIPPED, "another agent of Meta's has the conversation"
    if flow_triggers.is_off(contact, now):
        return SKIPPED, "automation is off for this contact: two bots may be talking"
    if why := automation_conditions.why_not(rule, situation):
        return SKIPPED, why
    if who := automation_conditions.talks_over(rule, situation):
        return SKIPPED, f"it would talk over {'a person' if who == 'people' else 'a flow'} (over: {who})"
    return None


def _carry_out(
    db: Session, row: Automation, run: AutomationRun, talk: Conversation, steps: Sequence[Act], now: datetime
) -> list[str] | None:
    """What was done; None when a step was refused, and then none of the stage's stays done."""
    key = f"automation:{run.id}:{run.stage}"
    scene = Scene(db, talk, now, None, f"automation:{row.name}", key, automation=row.name)
    try:
        with db.begin_nested():
            return acts.carry_out(scene, steps)
    except PytakeError as error:
        db.refresh(talk)
        _end(run, REFUSED, f"{error.slug}: {error}"[:500], now)
    except Exception as error:
        if is_outage(error):
            raise  # the store, not the automation: it is tried again
        log.exception("an automation failed", extra={"automation": row.name, "run": run.id})
        _end(run, REFUSED, f"PT-BUG: {type(error).__name__}: {error}"[:500], now)
        told = {"name": row.name, "conversation": talk.id, "why": type(error).__name__}
        what = Phrase("automation {name} failed in conversation #{conversation}: {why}", **told)
        incidents.tell(db, row.org_id, "PT-AUTO-FAILED", what, now, conversation=talk.id)
    return None


def _end(run: AutomationRun, state: str, reason: str, now: datetime) -> None:
    run.state, run.reason, run.ended_at = state, reason, now
