"""Whether what an automation asks holds: of a conversation as it is now, or as it was in a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import ConfigError
from pytake_cli.policy import hours, window
from pytake_cli.policy.automations import Automation
from pytake_cli.policy.hours import Schedule
from pytake_cli.segment import evaluate
from pytake_cli.segment.tree import Node
from pytake_cli.services import flow_triggers
from pytake_cli.services.business_hours import schedules
from pytake_cli.services.segment_person import StoredPerson
from pytake_cli.services.segment_reading import Reader
from pytake_cli.store import labels
from pytake_cli.store.contacts import Contact, last_inbound_at
from pytake_cli.store.conversations import BY_BOT, BY_PEOPLE, Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User


@dataclass(slots=True)
class Situation:
    """A conversation as conditions see it."""

    now: datetime
    tz: str
    status: str
    owner: str
    priority: str
    team: str
    agent: tuple[str, ...]  # what the assignee is called; none: nobody's
    labels: tuple[str, ...]
    number: tuple[str, ...]
    window_is_open: bool
    text: str
    schedules: Mapping[str, Schedule]
    person: Mapping[str, Any]
    reader: Reader
    _trees: dict[str, Node] = field(default_factory=dict)

    def means(self, segment: str) -> bool:
        return evaluate.matches(self.reader.read(segment), self.person, self.now, self.tz)


class Situations:
    """Conversations of an organisation as they are now; what they share is looked up once."""

    def __init__(self, db: Session, org_id: int, now: datetime) -> None:
        self._db, self.now = db, now
        self._org = db.get_one(Organisation, org_id)
        self._reader = Reader(db, org_id)
        self._schedules = _schedules(self._org.tz)
        self._numbers: dict[int, tuple[str, ...]] = {}

    def of(self, conversation_id: int, text: str) -> Situation | None:
        """None when the conversation or its contact is gone."""
        db = self._db
        talk = db.get(Conversation, conversation_id)
        contact = db.get(Contact, talk.contact_id) if talk else None
        if talk is None or contact is None or contact.deleted_at is not None:
            return None
        agent = db.get(User, talk.assignee_id) if talk.assignee_id else None
        if talk.number_id not in self._numbers:
            self._numbers[talk.number_id] = flow_triggers.names_of(db.get_one(Number, talk.number_id))
        wrote = last_inbound_at(db, talk.number_id, talk.contact_id)
        return Situation(
            now=self.now,
            tz=self._org.tz,
            status=talk.status,
            owner=talk.owner,
            priority=talk.priority,
            team=talk.team,
            agent=names_of(agent),
            labels=tuple(labels.of_conversations(db, [conversation_id]).get(conversation_id, ())),
            number=self._numbers[talk.number_id],
            window_is_open=window.window_is_open(wrote, self.now),
            text=text,
            schedules=self._schedules,
            person=StoredPerson(db, contact, self.now),
            reader=self._reader,
        )


def names_of(agent: User | None) -> tuple[str, ...]:
    """What an automation may call somebody."""
    if agent is None:
        return ()
    return tuple({agent.email.lower(), agent.email.lower().split("@")[0], agent.name.lower()} - {""})


def _schedules(tz: str) -> dict[str, Schedule]:
    try:
        return schedules(tz)
    except ConfigError:
        return {}


def why_not(rule: Automation, now: Situation) -> str:
    """The first condition that does not hold, as a sentence; empty when all do."""
    asked = rule.conditions
    for name, wanted, has in (
        ("status", asked.status, (now.status,)),
        ("owner", asked.owner, (now.owner,)),
        ("priority", asked.priority, (now.priority,)),
        ("team", asked.team, (now.team,)),
        ("label", asked.label, now.labels),
        ("number", asked.number, now.number),
    ):
        if wanted and not set(wanted) & set(has):
            return f"{name} is {', '.join(has) or 'none'}"
    if asked.agent and not _is_agent(asked.agent, now.agent):
        return f"agent is {now.agent[0] if now.agent else 'nobody'}"
    if asked.window is not None and asked.window != now.window_is_open:
        return f"the window is {'open' if now.window_is_open else 'closed'}"
    if asked.text is not None and not asked.text.fits(now.text):
        return "the text is another"
    if asked.hours is not None and (why := _why_not_now(asked.hours, now)):
        return why
    if asked.contact and not now.means(asked.contact):
        return f"the contact is not {asked.contact}"
    return ""


def _is_agent(wanted: tuple[str, ...], names: tuple[str, ...]) -> bool:
    if not names:
        return "@none" in wanted
    return "@any" in wanted or bool({each.lower() for each in wanted} & set(names))


def _why_not_now(asked: tuple[bool, str], now: Situation) -> str:
    wanted, name = asked
    schedule = now.schedules.get(name) if name else next(iter(now.schedules.values()), None)
    if schedule is None:
        return f"there are no hours {name}".strip()
    is_open = hours.is_open(schedule, now.now)
    return "" if is_open == wanted else f"it is {'open' if is_open else 'closed'}"


def talks_over(rule: Automation, now: Situation) -> str:
    """Who would be talked over, if somebody would and the automation does not say that it may."""
    if not any(act.talks for act in rule.then):
        return ""
    for owner, word in ((BY_PEOPLE, "people"), (BY_BOT, "bot")):
        if now.owner == owner and word not in rule.over:
            return word
    return ""
