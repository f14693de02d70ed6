"""Events and effects as JSON, for the log of events, the jobs and the replay: `load(dump(x)) == x`."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from pytake_cli.flow import effects, events, speech
from pytake_cli.flow.effects import Effect
from pytake_cli.flow.events import Event
from pytake_cli.flow.jsonable import pack, unpack
from pytake_cli.flow.reply import Reply

EVENTS: dict[str, type[Any]] = {
    "started": events.Started,
    "replied": events.Replied,
    "timer_fired": events.TimerFired,
    "effect_done": events.EffectDone,
    "effect_failed": events.EffectFailed,
    "signalled": events.Signalled,
    "handed_back": events.HandedBack,
    "changed": events.Changed,
    "cancelled": events.Cancelled,
}
EFFECTS: dict[str, type[Any]] = {
    "send": effects.Send,
    "call_http": effects.CallHttp,
    "ask_model": effects.AskModel,
    "look_up": effects.LookUp,
    "run_code": effects.RunCode,
    "start_timer": effects.StartTimer,
    "cancel_timer": effects.CancelTimer,
    "hand_off": effects.HandOff,
    "set_contact": effects.SetContact,
    "notify": effects.Notify,
    "record": effects.Record,
    "end": effects.End,
}
_SPEECH: dict[str, type[Any]] = {
    "say": speech.Say,
    "template": speech.SayTemplate,
    "form": speech.SayForm,
    "gesture": speech.Gesture,
}
_PARTS: dict[str, type[Any]] = {"option": speech.Option, "media": speech.Media}
_NAMES = {kind: name for table in (EVENTS, EFFECTS, _SPEECH, _PARTS) for name, kind in table.items()}
_KINDS = {name: kind for kind, name in _NAMES.items()}


def dump(value: Event | Effect) -> dict[str, Any]:
    """`TimerFired(at, "3.ask")` is `{"is": "timer_fired", "at": "2026-03-02T10:00:00+00:00", "token": "3.ask"}`."""
    return cast(dict[str, Any], _dump(value))


def _dump(value: Any) -> Any:
    name = _NAMES.get(type(value))
    if name is not None:
        return {"is": name} | {field.name: _dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Reply):
        return value.to_json()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_dump(item) for item in value]
    return pack(value)


def load_event(given: dict[str, Any]) -> Event:
    """The event that `dump` wrote."""
    return cast(Event, _load(given))


def load_effect(given: dict[str, Any]) -> Effect:
    """The effect that `dump` wrote."""
    return cast(Effect, _load(given))


def _load(given: dict[str, Any]) -> Any:
    kind = _KINDS[given["is"]]
    return kind(**{name: _value(kind, name, value) for name, value in given.items() if name != "is"})


def _value(kind: type[Any], name: str, value: Any) -> Any:
    if name == "reply" and value is not None:
        return Reply.from_json(value)
    if name in ("at", "due_at"):
        return datetime.fromisoformat(value)
    if name in ("speech", "media") and isinstance(value, dict) and value.get("is") in _KINDS:
        return _load(value)
    if isinstance(value, list) and kind.__annotations__[name].startswith("tuple"):
        return tuple(_item(kind, item) for item in value)
    return unpack(value)


def _item(kind: type[Any], item: Any) -> Any:
    if kind is speech.Say and isinstance(item, dict) and item.get("is") == "option":
        return _load(item)
    return tuple(unpack(item)) if isinstance(item, list) else unpack(item)
