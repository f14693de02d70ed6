"""Automations as values: when what happens, if what holds, then what; and what one happening means for a waiting one.

Nothing here knows rows or clocks: the daemon, the dry run and the tests walk the same state machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytake_cli.flow.keywords import matches
from pytake_cli.flow.patterns import compile_pattern
from pytake_cli.policy.acts import Act, stages
from pytake_cli.policy.window import MARGIN, WINDOW

# event -> what it is, for people. Those of TIMED come when nothing does: they take a span.
EVENTS: dict[str, str] = {
    "message_in": "the customer wrote",
    "message_out": "somebody or something wrote to the customer",
    "keyword": "the customer wrote one of these words",
    "opened": "a conversation began",
    "queued": "a conversation waits for a person",
    "assigned": "a conversation was given to somebody",
    "unassigned": "a conversation belongs to nobody again",
    "snoozed": "a conversation was put away",
    "resolved": "a conversation was closed",
    "reopened": "a closed conversation was opened again",
    "status": "the status changed, to one of these",
    "labelled": "a label was put on the conversation",
    "unlabelled": "a label was taken off the conversation",
    "tagged": "the contact got a tag",
    "untagged": "the contact lost a tag",
    "field": "one of these values of the contact changed",
    "segment_entered": "the contact came into a materialised segment, one of these",
    "segment_left": "the contact is in a materialised segment no longer, one of these",
    "sla_breached": "a promised time passed",
    "rated": "the customer rated the conversation",
    "customer_silent": "the customer has not answered for so long",
    "agent_silent": "the customer has waited for an answer for so long",
    "nothing_for": "nothing at all happened for so long",
    "window_closing": "the 24-hour window closes in so long",
}
TIMED = ("customer_silent", "agent_silent", "nothing_for", "window_closing")
LISTED = (
    "keyword",
    "status",
    "labelled",
    "unlabelled",
    "tagged",
    "untagged",
    "field",
    "segment_entered",
    "segment_left",
    "sla_breached",
)  # take words; some need none
NEEDS_WORDS = ("keyword",)
OF_SEGMENTS = ("segment_entered", "segment_left")
MODES = ("whole", "starts", "contains", "regex")

MOST_DEPTH = 3  # automations that set off one another
MOST_RUNS, IN_SPAN = 60, timedelta(minutes=10)  # in one conversation, of all automations together


@dataclass(frozen=True, slots=True)
class When:
    event: str
    span: timedelta = timedelta()  # of TIMED
    words: tuple[str, ...] = ()  # of LISTED; none: whichever


@dataclass(frozen=True, slots=True)
class Said:
    """What the message has to say: one of these words or patterns."""

    words: tuple[str, ...]
    mode: str = "contains"  # one of MODES

    def fits(self, text: str) -> bool:
        if self.mode == "regex":
            return any(compile_pattern(word).search(text) for word in self.words)
        return any(matches(word, self.mode, text) for word in self.words)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold, all of it; what is empty is not asked."""

    status: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()  # e-mails or names; @none, @any
    label: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    contact: str = ""  # in the segment language
    hours: tuple[bool, str] | None = None  # open or closed, by which schedule
    window: bool | None = None  # open or closed
    text: Said | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """A file of automations/. `over`: whom its answers may talk over; `once_in`: not again for the contact."""

    name: str
    title: str
    when: tuple[When, ...]
    conditions: Conditions
    then: tuple[Act, ...]
    cancel_on: tuple[str, ...] = ()
    over: tuple[str, ...] = ()  # people, bot
    once_in: timedelta | None = None

    @property
    def stages(self) -> tuple[tuple[timedelta, tuple[Act, ...]], ...]:
        return stages(self.then)

    @property
    def segments(self) -> set[str]:
        """The materialised segments whose comings and goings it waits for."""
        return {word for when in self.when if when.event in OF_SEGMENTS for word in when.words}


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as automations see it; `names` are all that it is: a first message is `message_in` and `opened`."""

    event: int
    names: frozenset[str]
    at: datetime
    conversation: int
    contact: int
    text: str = ""
    message: int | None = None
    origin: str = ""  # of an outgoing message: agent, bot, campaign …
    written_at: datetime | None = None  # by the customer
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # event -> tags, labels, fields, status
    by: frozenset[int] = frozenset()  # the automations that it goes back to
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that is not due yet."""

    event: str  # what set it off
    due_at: datetime
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """A run begins, due then; or, with one waiting, that one is put off instead."""

    event: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str


def decide(definition: Automation, what: Happening, waiting: Waiting | None) -> Start | Cancel | None:
    """What a happening means for an automation in that conversation. Conditions are asked by the caller."""
    if waiting is not None:
        stop = _stops(definition, what, waiting)
        if stop:
            return Cancel(stop)
        if waiting.stage or (waiting.event not in TIMED and waiting.due_at > what.at):
            return None  # one at a time waits in a conversation
    for when in definition.when:
        due = _due(when, what, waiting)
        if due is not None:
            return Start(when.event, due + definition.stages[0][0])
    return None


def _stops(definition: Automation, what: Happening, waiting: Waiting) -> str:
    """Why a waiting run is off, if it is."""
    named = next((name for name in definition.cancel_on if name in what.names), "")
    if named:
        return named
    if "resolved" in what.names:
        return "resolved"
    if waiting.stage:
        return ""
    if waiting.event == "customer_silent" and "message_in" in what.names:
        return "message_in"
    if waiting.event == "agent_silent" and "message_out" in what.names and what.origin in ("agent", "app", "api"):
        return "message_out"
    return ""


def _due(when: When, what: Happening, waiting: Waiting | None) -> datetime | None:
    """When the run of this `when` is due, None if the happening is not meant."""
    match when.event:
        case "customer_silent":
            ours = "message_out" in what.names and what.origin != "campaign"
            return what.at + when.span if ours else None
        case "agent_silent":
            first = "message_in" in what.names and waiting is None
            return (what.written_at or what.at) + when.span if first else None
        case "nothing_for":
            return what.at + when.span if "resolved" not in what.names else None
        case "window_closing":
            opened = "message_in" in what.names and what.written_at is not None
            return what.written_at + WINDOW - MARGIN - when.span if opened and what.written_at else None
        case "keyword":
            said = "message_in" in what.names and Said(when.words, "whole").fits(what.text)
            return what.at if said else None
        case _:
            meant = when.event in what.names and (
                not when.words or bool(set(when.words) & set(what.words.get(when.event, ())))
            )
            return what.at if meant else None
