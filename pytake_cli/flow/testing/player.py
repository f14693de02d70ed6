"""One conversation with a clock of its own: the engine, the timers and the calls that wait for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pytake_cli.flow import effects as fx
from pytake_cli.flow import engine
from pytake_cli.flow.context import Context, Library
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.events import (
    Cancelled,
    EffectDone,
    EffectFailed,
    Event,
    HandedBack,
    Replied,
    Signalled,
    Started,
    TimerFired,
)
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session
from pytake_cli.flow.speech import Speech
from pytake_cli.policy.hours import Schedule

WINDOW = timedelta(hours=24)
Call = fx.CallHttp | fx.AskModel | fx.LookUp | fx.RunCode


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the bot said."""

    at: datetime
    speech: Speech
    step: str


@dataclass(frozen=True, slots=True)
class World:
    """What is true before the first word."""

    now: datetime
    contact: Mapping[str, Any] = field(default_factory=dict)
    org: Mapping[str, Any] = field(default_factory=dict)
    tz: str = "America/Sao_Paulo"
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    templates: Mapping[str, Any] = field(default_factory=dict)
    chance: float = 0.0


class Player:
    """Plays one session. `said` are the bot's words that nobody has looked at yet; `calls` wait for an answer."""

    def __init__(self, flow: Flow, library: Library, world: World) -> None:
        self.flow = flow
        self.now = world.now
        self.contact: dict[str, Any] = {"id": 1, "name": "", "tags": [], "stage": "", "score": 0, "fields": {}} | dict(
            world.contact
        )
        self.session: Session | None = None
        self.said: list[Said] = []
        self.calls: list[Call] = []
        self.timers: dict[str, datetime] = {}
        self.records: list[fx.Record] = []
        self.events: list[Event] = []
        self.handoff: fx.HandOff | None = None
        self.notices: list[fx.Notify] = []
        self.end: fx.End | None = None
        self._library = library
        self._world = world
        self._window_closes_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.session is not None and self.session.status == "ended"

    def start(self, reply: Reply | None = None, *, trigger: str = "", given: Mapping[str, Any] | None = None) -> None:
        """A trigger chose the flow; `reply` is what the customer wrote, if that started it."""
        if reply is not None:
            self._window_closes_at = self.now + WINDOW
        event = Started(self.now, reply, trigger, self._world.chance, dict(given or {}))
        self.events.append(event)
        session, effects = engine.start("session", self.flow, event, self._context())
        self._settle(session, effects)

    def hear(self, reply: Reply) -> None:
        """The customer writes."""
        self._window_closes_at = self.now + WINDOW
        self.happen(Replied(self.now, reply))

    def wait(self, duration: timedelta) -> None:
        """Time passes; timers fire when they are due, in order."""
        until = self.now + duration
        while due := sorted((at, token) for token, at in self.timers.items() if at <= until):
            at, token = due[0]
            del self.timers[token]
            self.now = max(self.now, at)
            self.happen(TimerFired(self.now, token))
        self.now = until

    def answer(self, call: Call, value: Any) -> None:
        """The call succeeds with this value."""
        self.calls.remove(call)
        self.happen(EffectDone(self.now, call.token, value))

    def fail(self, call: Call, reason: str, value: Any = None) -> None:
        """The call fails: timeout, http, network, refused …"""
        self.calls.remove(call)
        self.happen(EffectFailed(self.now, call.token, reason, value=value))

    def signal(self, name: str, value: Any = None) -> None:
        self.happen(Signalled(self.now, name, value))

    def hand_back(self, *, closed: bool = False) -> None:
        """A person gives the conversation back, or closes it."""
        self.happen(HandedBack(self.now, closed))

    def cancel(self, outcome: str) -> None:
        self.happen(Cancelled(self.now, outcome))

    def close_window(self) -> None:
        self._window_closes_at = None

    def happen(self, event: Event) -> None:
        """Gives the event to the engine, as long as there is a session that hears it."""
        if self.session is None or self.is_over:
            return
        self.events.append(event)
        session, effects = engine.advance(self.session, event, self.flow, self._context())
        self._settle(session, effects)

    def _context(self) -> Context:
        world = self._world
        return Context(
            library=self._library,
            contact=dict(self.contact),
            org=world.org,
            tz=world.tz,
            window_closes_at=self._window_closes_at,
            schedules=world.schedules,
            templates=world.templates,
        )

    def _settle(self, session: Session, effects: Sequence[fx.Effect]) -> None:
        self.session = session
        for effect in effects:
            self._apply(effect)

    def _apply(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Send(speech, step):
                self.said.append(Said(self.now, speech, step))
            case fx.CallHttp() | fx.AskModel() | fx.LookUp() | fx.RunCode():
                self.calls.append(effect)
            case fx.StartTimer(token, due_at):
                self.timers[token] = due_at
            case fx.CancelTimer(token):
                gone = [token] if token else [known for known in self.timers if known != "expire"]
                for one in gone:
                    self.timers.pop(one, None)
            case fx.HandOff():
                self.handoff = effect
            case fx.SetContact(changes):
                for change in changes:
                    change_contact(self.contact, *change)
            case fx.Notify():
                self.notices.append(effect)
            case fx.Record():
                self.records.append(effect)
            case fx.End():
                self.end = effect
                self.timers.clear()
                self.calls.clear()


def change_contact(contact: dict[str, Any], kind: str, name: str, value: Any) -> None:
    """Applies one change of `SetContact` to a contact as expressions see it."""
    match kind:
        case "tag":
            tags = [tag for tag in contact["tags"] if tag != name]
            contact["tags"] = [*tags, name] if value else tags
        case "stage" | "language" | "name":
            contact[kind] = value
        case "score":
            contact["score"] = value
        case _ if name in ("name", "language", "stage"):
            contact[name] = value
        case _:
            contact["fields"] = contact["fields"] | {name: value}


