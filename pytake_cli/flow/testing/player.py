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
    Changed,
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
from pytake_cli.flow.triggers import Heard, Offer, choose, chosen
from pytake_cli.policy import opt_out, window
from pytake_cli.policy.hours import Schedule

Call = fx.CallHttp | fx.AskModel | fx.LookUp | fx.RunCode
_CONTACT = {
    "id": 1,
    "name": "",
    "first_name": "",
    "display_name": "",
    "phone": "+5511900000001",
    "username": "",
    "tags": [],
    "stage": "",
    "score": 0,
    "fields": {},
}
_ORG = {"name": "PyTake", "country": "BR", "currency": "BRL", "tz": "America/Sao_Paulo", "language": "pt-BR"}
_CONVERSATION = {"id": 1, "status": "bot", "priority": "normal", "number": "+551130000000", "signal_token": "1-test"}


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the bot said."""

    at: datetime
    speech: Speech
    step: str


@dataclass(frozen=True, slots=True)
class Step:
    """One event and what came of it: what coverage and a transcript are made of."""

    flow: str  # the session's own
    event: Event
    effects: Sequence[fx.Effect]
    frames: tuple[tuple[str, str], ...]  # (flow, step) of each frame afterwards
    language: str


@dataclass(frozen=True, slots=True)
class World:
    """What is true before the first word."""

    now: datetime
    contact: Mapping[str, Any] = field(default_factory=dict)
    conversation: Mapping[str, Any] = field(default_factory=dict)
    org: Mapping[str, Any] = field(default_factory=dict)
    tz: str = "America/Sao_Paulo"
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    templates: Mapping[str, Any] = field(default_factory=dict)
    new_contact: bool = False
    chance: float = 0.0
    stop_words: Sequence[str] = ()  # that the settings name, beside the usual ones


class Player:
    """Plays a conversation. `said` are the bot's words that nobody has looked at yet; `calls` wait for an answer."""

    def __init__(self, flow: Flow, library: Library, world: World) -> None:
        self.flow = self._first = flow
        self.now = world.now
        self.contact: dict[str, Any] = named({**_CONTACT, **world.contact})
        self.session: Session | None = None
        self.said: list[Said] = []
        self.calls: list[Call] = []
        self.timers: dict[str, datetime] = {}
        self.steps: list[Step] = []
        self.handoff: fx.HandOff | None = None
        self.notices: list[fx.Notify] = []
        self.end: fx.End | None = None
        self._library = library
        self._world = world
        self._window_closes_at: datetime | None = None
        self._opted_out = False
        self._people = False  # whether a person has the conversation: no trigger is heard then
        self._sessions = 0

    def fresh(self) -> Player:
        """The same flow and world from the beginning."""
        return Player(self._first, self._library, self._world)

    @property
    def is_over(self) -> bool:
        return self.session is not None and self.session.status == "ended"

    @property
    def language(self) -> str:
        return str(self.contact.get("language") or self.flow.language)

    @property
    def tz(self) -> str:
        return self._world.tz

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """Business hours by name."""
        return self._world.schedules

    @property
    def records(self) -> list[fx.Record]:
        """Everything that the engine has recorded."""
        return [effect for step in self.steps for effect in step.effects if isinstance(effect, fx.Record)]

    @property
    def window_closes_at(self) -> datetime | None:
        return self._window_closes_at

    def start(self, reply: Reply | None = None, *, trigger: str = "", given: Mapping[str, Any] | None = None) -> None:
        """A trigger chose the flow, or somebody started it with these variables."""
        self._begin(self.flow, Started(self.now, reply, trigger, self._world.chance, dict(given or {})))

    def hear(self, reply: Reply, *, ad: str | None = None) -> str:
        """The customer writes. Returns what came of it: session | started | opted_out | opted_in | people | nobody."""
        if window.opens_window(reply.kind):
            self._window_closes_at = self.now + window.WINDOW - window.MARGIN
        words = opt_out.words_of({}, self.language, self._world.stop_words)
        verdict = words.verdict(reply.text) if reply.kind == "text" else None
        if verdict == "stop":
            self._opted_out = True
            self.happen(Cancelled(self.now, "opted_out"))
            return "opted_out"
        if verdict == "start" and self._opted_out:
            self._opted_out = False
            return "opted_in"
        if self.session is not None and not self.is_over:
            self.happen(Replied(self.now, reply))
            return "session"
        return self._triggered(reply, ad)

    def _triggered(self, reply: Reply, ad: str | None) -> str:
        if self._opted_out or reply.kind == "reaction":
            return "nobody"
        if self._people:
            return "people"
        first = self.session is None
        heard = Heard(
            reply.text,
            reply.choice,
            ad,
            new_contact=self._world.new_contact and first,
            new_conversation=first or bool(self.end and self.end.close),
        )
        found = chosen(choose([Offer(self.flow)], heard, lambda flow: ""))
        if found is None and self.flow.triggers:
            return "nobody"
        self.start(reply, trigger=found.trigger if found else "")
        return "started"

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
        """Another system sends a signal."""
        self.happen(Signalled(self.now, name, value))

    def take_over(self) -> None:
        """One of the team answers instead of the bot."""
        self._people = True
        self.happen(Cancelled(self.now, "taken_over"))

    def hand_back(self, *, closed: bool = False) -> None:
        """One of the team gives the conversation back, or closes it."""
        session, self._people = self.session, False
        if session is not None and session.wait is not None and session.wait.kind == "person":
            self.happen(HandedBack(self.now, closed))
        elif closed:
            self.happen(Changed(self.now, "closed"))

    def tag(self, name: str) -> None:
        """One of the team gives the contact a tag."""
        change_contact(self.contact, "tag", name, True)
        self.happen(Changed(self.now, "tagged", name))

    def happen(self, event: Event) -> None:
        """Gives the event to the engine, as long as there is a session that hears it."""
        if self.session is None or self.is_over:
            return
        flow = self.flow
        session, effects = engine.advance(self.session, event, flow, self._context())
        self._settle(flow, event, session, effects)

    def _begin(self, flow: Flow, event: Started) -> None:
        self.flow, self.end = flow, None
        self.calls.clear()
        self._sessions += 1
        session, effects = engine.start(f"session-{self._sessions}", flow, event, self._context())
        self._settle(flow, event, session, effects)

    def _context(self) -> Context:
        world = self._world
        return Context(
            library=self._library,
            contact=dict(self.contact),
            conversation={**_CONVERSATION, "created_at": world.now, **world.conversation},
            org={**_ORG, "tz": world.tz, **world.org},
            tz=world.tz,
            window_closes_at=self._window_closes_at,
            schedules=world.schedules,
            templates=world.templates,
        )

    def _settle(self, flow: Flow, event: Event, session: Session, effects: Sequence[fx.Effect]) -> None:
        self.session = session
        language = self.language
        for effect in effects:
            self._apply(effect)
        frames = tuple((frame.flow, frame.step) for frame in session.frames)
        self.steps.append(Step(flow.pinned, event, effects, frames, language))
        wanted = {wait.token for wait in (session.wait, session.interrupted) if wait is not None}
        self.calls = [call for call in self.calls if call.token in wanted]
        end = self.end
        if end is not None and end.next_flow and (following := self._library.published(end.next_flow)) is not None:
            self._begin(
                following, Started(self.now, None, "goto_flow", self._world.chance, end.vars, end.hops, end.said)
            )

    def _apply(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Send(speech, step):
                self.said.append(Said(self.now, speech, step))
            case fx.CallHttp() | fx.AskModel() | fx.LookUp() | fx.RunCode():
                self.calls.append(effect)
            case fx.StartTimer(token, due_at):
                self.timers[token] = due_at
            case fx.CancelTimer(token):
                for one in [token] if token else [known for known in self.timers if known != "expire"]:
                    self.timers.pop(one, None)
            case fx.HandOff():
                self.handoff, self._people = effect, True
            case fx.SetContact(changes):
                for change in changes:
                    change_contact(self.contact, *change)
            case fx.Notify():
                self.notices.append(effect)
            case fx.Record():
                pass  # kept with its step
            case fx.End():
                self.end = effect
                self.timers.clear()
                self.calls.clear()


def change_contact(contact: dict[str, Any], kind: str, name: str, value: Any) -> None:
    """Applies one change of `SetContact` to a contact as expressions see it."""
    if kind == "tag":
        tags = [tag for tag in contact["tags"] if tag != name]
        contact["tags"] = [*tags, name] if value else tags
    elif kind == "field":
        contact["fields"] = {**contact["fields"], name: value}
    else:
        contact[kind] = value
        if kind == "name":
            contact.update(named({**contact, "first_name": "", "display_name": ""}))


def named(contact: dict[str, Any]) -> dict[str, Any]:
    """The contact with what follows from its name."""
    name = str(contact.get("name") or "")
    contact["first_name"] = contact.get("first_name") or (name.split() or [""])[0]
    contact["display_name"] = contact.get("display_name") or name or contact.get("phone") or ""
    return contact
