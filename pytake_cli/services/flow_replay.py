"""A session again from its log: on its own version it becomes the same; on another file, where it goes otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlmodel import Session, col, select

from pytake_cli import settings
from pytake_cli.errors import NotFound
from pytake_cli.flow import engine, moving, wire
from pytake_cli.flow.context import Library
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.effects import Effect, End, Record, Send
from pytake_cli.flow.events import EffectDone, EffectFailed, Event, Started, TimerFired
from pytake_cli.flow.session import Session as State
from pytake_cli.flow.speech import Gesture, Say
from pytake_cli.flow.testing.screen import options, words
from pytake_cli.services import flow_context, flow_walks
from pytake_cli.services.flow_library import StoreLibrary, definition
from pytake_cli.services.flow_moves import MOVED
from pytake_cli.services.flow_walks import Walk
from pytake_cli.store.flow_sessions import FlowEvent, FlowRecord
from pytake_cli.store.flows import FlowVersion
from pytake_cli.store.messages import Message


@dataclass(frozen=True, slots=True)
class Turn:
    """One event of the log and what it made of the session."""

    line: FlowEvent
    event: Event
    effects: tuple[Effect, ...]
    session: State

    def does(self) -> list[str]:
        """What the customer, the contact's data or people would notice, one thing a line; then what it waits for."""
        found = [text for effect in self.effects if (text := told(effect))]
        if self.session.wait is not None:
            found.append(f"waits for {self.session.wait.kind}")
        return found


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first place where the replay and what it is compared with differ."""

    serial: int
    what: str  # says | records | session
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Replay:
    """How it went; without a divergence it is the same."""

    turns: tuple[Turn, ...]
    divergence: Divergence | None


class _Shelf(StoreLibrary):
    """The store's flows with one in the place of another."""

    def __init__(self, db: Session, org_id: int, top: FlowVersion, instead: Definition | None = None) -> None:
        super().__init__(db, org_id, None if instead is not None else top)
        self._instead = instead

    def published(self, name: str) -> Definition | None:
        if self._instead is not None and name == self._instead.name:
            return self._instead
        return super().published(name)

    def version(self, ref: str) -> Definition:
        if self._instead is not None and ref == self._instead.pinned:
            return self._instead
        return super().version(ref)


def replay(db: Session, walk: Walk) -> Replay:
    """Replays the session on the versions that it stood on, and compares it with what the store has of it."""
    turns = tuple(_own(db, walk))
    return Replay(turns, _against_store(db, walk, turns))


def replay_with(db: Session, walk: Walk, flow: Definition) -> Replay:
    """Replays the session's log on another definition, up to the first event that it takes otherwise."""
    shelf = _Shelf(db, walk.session.org_id, walk.version, flow)
    turns: list[Turn] = []
    session: State | None = None
    for own in _own(db, walk):
        event = _meant(own, turns[-1].session if turns else None)
        session, effects = _apply(walk, session, event, flow, own.line, shelf)
        turns.append(Turn(own.line, event, tuple(effects), session))
        was, now = own.does(), turns[-1].does()
        if was != now:
            pairs = [*zip(was, now, strict=False)]
            same = next((n for n, (one, other) in enumerate(pairs) if one != other), len(pairs))
            return Replay(tuple(turns), Divergence(own.line.serial, "says", _from(was, same), _from(now, same)))
    return Replay(tuple(turns), None)


def _from(lines: Sequence[str], start: int) -> str:
    return lines[start] if start < len(lines) else ""


def _meant(own: Turn, other: State | None) -> Event:
    """The event for a session whose step may have another name: an answer finds the wait that it is for."""
    event = own.event
    wait = other.wait if other is not None else None
    if wait is None or not isinstance(event, TimerFired | EffectDone | EffectFailed):
        return event
    same = event.token.partition(".")[0] == wait.token.partition(".")[0]
    return replace(event, token=wait.token) if same else event


def _own(db: Session, walk: Walk) -> Iterator[Turn]:
    """The session's turns on its own versions, moves among them."""
    row = walk.session
    assert row.id is not None
    moves = [each for each in flow_walks.records(db, row.id) if each.kind == MOVED]
    versions = {each.ref: each for each in db.exec(select(FlowVersion).where(FlowVersion.flow_id == row.flow_id))}
    version = versions[moves[0].way] if moves else walk.version
    session: State | None = None
    log = flow_walks.log(db, row.id)
    if row.serial and not log:
        raise NotFound(
            "PT-FLOW-REPLAY",
            "the steps of session {session} were forgotten",
            why="they are kept for {days} days after it ended",
            fix="pytake config set retention.replay_days 365",
            session=row.id,
            days=settings.current().retention.replay_days,
        )
    for line in log:
        while moves and line.serial > moves[0].value["after"]:
            version = versions[moves.pop(0).value["to"]]
            session = moving.moved(session, definition(version)) if session is not None else None
        event = wire.load_event(line.event)
        shelf = _Shelf(db, row.org_id, version)
        session, effects = _apply(walk, session, event, definition(version), line, shelf)
        yield Turn(line, event, tuple(effects), session)


def _apply(
    walk: Walk, session: State | None, event: Event, flow: Definition, line: FlowEvent, library: Library
) -> tuple[State, list[Effect]]:
    context = flow_context.of_log(line.given, library)
    if session is None:
        if not isinstance(event, Started):  # ended from outside before it began
            session = State(str(walk.session.id), flow.pinned, "", line.at)
            return engine.advance(session, event, flow, context)
        return engine.start(str(walk.session.id), flow, event, context)
    return engine.advance(State.from_json(_json(session.to_json())), event, flow, context)


def _json(value: Any) -> Any:
    """As a database gives it back."""
    return orjson.loads(orjson.dumps(value, default=str))


def told(effect: Effect) -> str:
    """What an effect is for those outside, in one line; empty for what only the engine knows."""
    match effect:
        case Record():
            return ""
        case Send(speech=speech):
            shown = " ".join(f"[{one.choice}: {one.title}]" for one in options(speech))
            return f"says {words(speech)} {shown}".rstrip()
        case End():
            return f"ends as {effect.outcome}" + (f", then {effect.next_flow}" if effect.next_flow else "")
    said = wire.dump(effect)
    kind = str(said.pop("is"))
    if kind in ("start_timer", "cancel_timer"):
        return ""
    said.pop("token", None)
    rest = ", ".join(f"{name}={value}" for name, value in said.items() if value not in (None, "", [], {}, False, 0))
    return f"{kind.replace('_', ' ')}: {rest}"


def _against_store(db: Session, walk: Walk, turns: Sequence[Turn]) -> Divergence | None:
    return _said(db, walk, turns) or _recorded(db, walk, turns) or _became(walk, turns)


def _became(walk: Walk, turns: Sequence[Turn]) -> Divergence | None:
    """The session itself. One that was moved after its last event differs in its version alone."""
    row = walk.session
    if not turns or not row.state:
        return None
    last = turns[-1].session
    if last.frames and last.flow != row.state["flow"]:
        last = moving.moved(last, definition(walk.version))
    replayed, kept = _json(last.to_json()), dict(row.state)
    for name in dict.fromkeys((*kept, *replayed)):
        if kept.get(name) != replayed.get(name):
            return Divergence(turns[-1].line.serial, f"session: {name}", str(kept.get(name)), str(replayed.get(name)))
    return None


def _recorded(db: Session, walk: Walk, turns: Sequence[Turn]) -> Divergence | None:
    made = [(turn.line.serial, effect) for turn in turns for effect in turn.effects if isinstance(effect, Record)]
    kept = [each for each in flow_walks.records(db, walk.session.id or 0) if not _is_from_outside(each)]
    for n, each in enumerate(kept):
        serial, record = made[n] if n < len(made) else (turns[-1].line.serial if turns else 0, None)
        was = _record(each.kind, each.step, each.way, each.value)
        now = _record(record.kind, record.step, record.way, record.value) if record else ""
        if was != now:
            return Divergence(serial, "records", was, now)
    if len(made) > len(kept):
        serial, record = made[len(kept)]
        return Divergence(serial, "records", "", _record(record.kind, record.step, record.way, record.value))
    return None


def _is_from_outside(record: FlowRecord) -> bool:
    """Written about the session, not by it: that it was moved, or failed."""
    by_service = isinstance(record.value, Mapping) and "slug" in record.value
    return record.kind == MOVED or (record.kind == "incident" and by_service)


def _record(kind: str, step: str, way: str, value: Any) -> str:
    return f"{kind} {step} {way} {orjson.dumps(_json(value), option=orjson.OPT_SORT_KEYS).decode()}"


def _said(db: Session, walk: Walk, turns: Sequence[Turn]) -> Divergence | None:
    """The messages: each has a key that says which event of which session it was said after."""
    start = f"flow:{walk.session.id}:"
    mine = select(Message).where(Message.org_id == walk.session.org_id, col(Message.client_key).startswith(start))
    kept = {str(each.client_key): each for each in db.exec(mine)}
    for turn in turns:
        for n, effect in enumerate(turn.effects):
            if not isinstance(effect, Send) or isinstance(effect.speech, Gesture):
                continue
            message = kept.pop(f"{start}{turn.line.serial}:{n}", None)
            if message is None:
                return Divergence(turn.line.serial, "says", "", words(effect.speech))
            if message.kind == "text" and isinstance(effect.speech, Say) and message.text != effect.speech.text:
                return Divergence(turn.line.serial, "says", message.text, effect.speech.text)
    for key, message in kept.items():
        if "." not in key and message.kind != "reaction":
            return Divergence(int(key.split(":")[2]), "says", message.text, "")
    return None
