"""What comes back from outside: values that a session can keep, or a reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import orjson

from pytake_cli.flow import wire
from pytake_cli.flow.effects import AskModel, CallHttp, LookUp, Notify, RunCode
from pytake_cli.store.jobs import Job

MOST_BYTES = 256 * 1024  # of anything that comes in from outside, decoded
DEEPEST = 32  # levels of an object; the store's JSON takes 254, and nobody reads beyond a handful
MOST_DETAIL = 500  # characters
LARGEST_INTEGER = 2**63 - 1  # JSON columns hold no larger ones


@dataclass(eq=False)
class Failed(Exception):
    """An effect that came to nothing; `reason` is one of flow.events.EffectFailed's. Never holds a secret."""

    reason: str
    detail: str = ""
    value: Any = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


_NAMES: dict[type[Any], str] = {
    AskModel: "ask_model",
    CallHttp: "call_http",
    LookUp: "look_up",
    Notify: "notify",
    RunCode: "run_code",
}
_OF_VALUES = ("arguments", "form", "json", "schema", "where")  # with dates and money of the flow in them, perhaps
Effect = TypeVar("Effect", CallHttp, AskModel, LookUp, RunCode, Notify)


def effect_of(job: Job, kind: type[Effect]) -> Effect:
    """The effect that a job is about: {"session": 7, "effect": {"token": "3.slots", "method": "GET", …}}."""
    effect = wire.load_effect({**job.payload["effect"], "is": _NAMES[kind]})
    assert isinstance(effect, kind)
    plain = {each.name: storable(getattr(effect, each.name)) for each in fields(kind) if each.name in _OF_VALUES}
    return replace(effect, **plain)


def storable(value: Any, depth: int = DEEPEST) -> Any:
    """The value as JSON that both databases take: no NUL, no lone surrogate, no NaN, nothing too deep."""
    match value:
        case None | bool():
            return value
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case int():
            return value if abs(value) <= LARGEST_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return storable(int(value) if value == value.to_integral_value() else float(value))
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping() | list() | tuple() if depth <= 0:
            raise Failed("invalid", f"the answer is nested more than {DEEPEST} levels deep")
        case Mapping():
            return {storable(str(name)): storable(each, depth - 1) for name, each in value.items()}
        case list() | tuple():
            return [storable(each, depth - 1) for each in value]
        case _:
            raise Failed("invalid", f"a value of type {type(value).__name__} is no JSON")


def small_enough(value: Any) -> Any:
    """The value, unless it is more than a session may get."""
    if len(orjson.dumps(value)) > MOST_BYTES:
        raise Failed("too_big", f"the answer is larger than {MOST_BYTES // 1024} KiB")
    return value


def read_json(body: bytes) -> Any:
    """What JSON says; Failed when it is none."""
    try:
        return storable(orjson.loads(body))
    except (orjson.JSONDecodeError, RecursionError):
        raise Failed("invalid", "the answer is no JSON") from None
