"""Steps of the flow engine a second, in one process, without a store: a flow with texts, branches and questions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytake_cli.flow import engine
from pytake_cli.flow.context import Context
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.effects import Record
from pytake_cli.flow.events import Event, Replied, Started
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session
from tests.bench.figures import Options, Row

SESSIONS = 400
AT = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)

# nine steps between two questions: what flows are made of, in about the proportions of those that ship
STEPS: dict[str, Any] = {
    "hello": {"say": "Oi, {{ contact.first_name }}!", "next": "count"},
    "count": {"set": {"vars": {"turns": "vars.turns + 1"}}, "next": "many"},
    "many": {"switch": [{"when": "vars.turns > 8", "goto": "bye"}], "else": "mark"},
    "mark": {"event": "turn", "next": "half"},
    "half": {"split": [{"weight": 1, "goto": "one"}, {"weight": 1, "goto": "two"}]},
    "one": {"set": {"vars": {"kind": "'one'"}}, "next": "is_one"},
    "two": {"set": {"vars": {"kind": "'two'"}}, "next": "is_one"},
    "is_one": {"switch": [{"when": "vars.kind == 'one' and vars.turns > 3", "goto": "stage"}], "else": "stage"},
    "stage": {"event": {"name": "stage", "value": "vars.turns"}, "next": "seen"},
    "seen": {"switch": [{"when": "vars.name is none", "goto": "ask"}], "else": "ask"},
    "ask": {
        "ask": {"pt-BR": "E agora, {{ vars.turns }}?", "en": "And now?"},
        "choices": {"go": "Continuar", "stop": {"title": "Parar", "goto": "bye"}},
        "timeout": "30m",
        "on_timeout": "bye",
        "on_invalid": "bye",
        "next": "count",
    },
    "bye": {"end": {"outcome": "done", "text": "Tchau!"}},
}
FLOW = {
    "name": "bench",
    "start": "hello",
    "expires": "24h",
    "vars": {"turns": {"type": "integer", "default": 0}, "kind": {}, "name": {}},
    "on": [{"keyword": ["menu"], "goto": "hello"}],
    "steps": STEPS,
}


class _Shelf:
    def published(self, name: str) -> Flow | None:
        return None

    def version(self, ref: str) -> Flow:
        raise KeyError(ref)


def _walk(flow: Flow, context: Context, events: list[Event], stored: bool) -> int:
    first, *others = events
    assert isinstance(first, Started)
    session, effects = engine.start("bench", flow, first, context)
    for event in others:
        if stored:
            session = Session.from_json(session.to_json())
        session, new = engine.advance(session, event, flow, context)
        effects += new
    assert session.outcome == "done", [effect for effect in effects if isinstance(effect, Record)][-5:]
    return session.steps_taken


def measure(folder: Path, options: Options) -> Iterator[Row]:
    """Whole walks in CPU time, from start to end; once more with the session through JSON at every event."""
    flow = Flow.model_validate(FLOW)
    contact = {"id": 7, "first_name": "Ana", "language": "pt-BR", "tags": [], "fields": {}}
    context = Context(_Shelf(), contact, window_closes_at=AT + timedelta(days=1))
    events: list[Event] = [Started(AT)]
    for turn in range(1, 9):
        at = AT + timedelta(minutes=10 * turn)
        events.append(Replied(at, Reply("interactive", "Continuar", "ask:go", "Continuar", wamid=f"w{turn}")))
    for name, stored in (("flow steps", False), ("flow steps, session as JSON at every event", True)):
        rates = []
        for _ in range(options.times):
            started = time.process_time()
            steps = sum(_walk(flow, context, events, stored) for _ in range(SESSIONS))
            rates.append(steps / (time.process_time() - started))
        yield Row(name, "steps/s", tuple(rates), "" if stored else "≥ 50,000")
