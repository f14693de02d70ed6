"""A contact who talks to a flow, for the engine's tests: its own clock, no store, no network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pytake_cli.flow import engine, wire
from pytake_cli.flow.context import Context
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.effects import Effect, End, Record, Send, StartTimer
from pytake_cli.flow.events import EffectDone, EffectFailed, Event, Replied, Started, TimerFired
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session
from pytake_cli.flow.speech import Say

AT = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
CONTACT = {"id": 7, "name": "Ana Souza", "first_name": "Ana", "language": "pt-BR", "tags": [], "fields": {}}


def flow(steps: dict[str, Any], **header: Any) -> Flow:
    """A flow of these steps, which starts at the first."""
    return Flow.model_validate({"name": "test", "start": next(iter(steps)), "steps": steps} | header)


@dataclass
class Shelf:
    """Flows by name; their refs are their names."""

    flows: dict[str, Flow] = field(default_factory=dict)

    def published(self, name: str) -> Flow | None:
        return self.flows.get(name)

    def version(self, ref: str) -> Flow:
        return self.flows[ref]


class Talk:
    """One session, its events and effects; a bug in a step fails the test."""

    def __init__(self, main: Flow, *others: Flow, at: datetime = AT, **context: Any) -> None:
        self.flow, self.now = main, at
        self.context = Context(
            Shelf({one.name: one for one in (main, *others)}),
            context.pop("contact", CONTACT),
            window_closes_at=context.pop("window_closes_at", at + timedelta(days=365)),
            **context,
        )
        self.session: Session | None = None
        self.effects: list[Effect] = []
        self.log: list[tuple[Event, Context]] = []

    def begin(self, **given: Any) -> list[Effect]:
        return self.do(Started(self.now, **given))

    def do(self, event: Event) -> list[Effect]:
        """Gives the event to the session, after a trip through JSON."""
        self.log.append((event, self.context))
        if self.session is None:
            assert isinstance(event, Started)
            after, new = engine.start("s1", self.flow, event, self.context)
        else:
            before = self.session.to_json()
            after, new = engine.advance(Session.from_json(before), event, self.flow, self.context)
            assert self.session.to_json() == before
        assert [effect for effect in new if isinstance(effect, Record) and effect.way == "bug"] == []
        assert [wire.load_effect(wire.dump(effect)) for effect in new] == new
        assert Session.from_json(after.to_json()) == after
        self.session = after
        self.effects += new
        return new

    def say(self, text: str = "", after: timedelta = timedelta(seconds=5), **reply: Any) -> list[Effect]:
        self.now += after
        given = {"kind": "text", "text": text, "wamid": f"wamid.{len(self.log)}"} | reply
        return self.do(Replied(self.now, Reply(**given)))

    def tap(self, choice: str, title: str = "") -> list[Effect]:
        return self.say(title or choice, kind="interactive", choice=choice, title=title or choice)

    def fire(self, token: str | None = None) -> list[Effect]:
        """The timer of the wait, or another, at its time."""
        token = self.wait.token if token is None else token
        due = [effect.due_at for effect in self.effects if isinstance(effect, StartTimer) and effect.token == token]
        self.now = max(self.now, due[-1]) if due else self.now
        return self.do(TimerFired(self.now, token))

    def answer(self, value: Any) -> list[Effect]:
        return self.do(EffectDone(self.now, self.wait.token, value))

    def fail(self, reason: str, **more: Any) -> list[Effect]:
        return self.do(EffectFailed(self.now, self.wait.token, reason, **more))

    def change(self, **context: Any) -> None:
        self.context = replace(self.context, **context)

    @property
    def wait(self) -> Any:
        assert self.session is not None
        assert self.session.wait is not None, self.session
        return self.session.wait

    @property
    def at(self) -> str:
        """The step that waits, or the outcome."""
        assert self.session is not None
        return self.session.wait.step if self.session.wait else self.session.outcome

    @property
    def vars(self) -> dict[str, Any]:
        assert self.session is not None
        return self.session.frames[-1].vars


def said(effects: Iterable[Effect]) -> list[str]:
    """The texts that went out."""
    return [one.speech.text for one in effects if isinstance(one, Send) and isinstance(one.speech, Say)]


def says(effects: Iterable[Effect]) -> list[Say]:
    return [one.speech for one in effects if isinstance(one, Send) and isinstance(one.speech, Say)]


def records(effects: Iterable[Effect], kind: str) -> list[tuple[str, str]]:
    """(step, way) of the records of a kind."""
    return [(one.step, one.way) for one in effects if isinstance(one, Record) and one.kind == kind]


def ended(effects: Iterable[Effect]) -> list[str]:
    return [one.outcome for one in effects if isinstance(one, End)]
