"""Events: all that can happen to a session. Time, chance and the answers of effects come in here, never from inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pytake_cli.flow.reply import Reply


@dataclass(frozen=True, slots=True)
class Started:
    """A trigger chose the flow. `chance` in [0, 1) is the session's only randomness."""

    at: datetime
    reply: Reply | None = None  # the message that started it, if one did
    trigger: str = ""  # which one: "keyword agendar"
    chance: float = 0.0
    vars: dict[str, Any] = field(default_factory=dict)  # JSON; of `goto_flow`, a campaign, the command line
    hops: int = 0  # as `End.hops` had it
    said: tuple[tuple[int, int], ...] = ()  # as `End.said` had it


@dataclass(frozen=True, slots=True)
class Replied:
    at: datetime
    reply: Reply


@dataclass(frozen=True, slots=True)
class TimerFired:
    """`token` is that of the wait, or "expire" for the session's own."""

    at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class EffectDone:
    at: datetime
    token: str
    value: Any = None  # JSON


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """`reason`: timeout | refused | http | network | too_big | invalid | budget | …"""

    at: datetime
    token: str
    reason: str
    detail: str = ""
    value: Any = None  # what there was of an answer, such as {"status": 500, "body": …}


@dataclass(frozen=True, slots=True)
class Signalled:
    at: datetime
    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """A person gave the conversation back to the bot, or closed it."""

    at: datetime
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that a `wait` may be called off by: the conversation was closed, the contact got a tag."""

    at: datetime
    what: Literal["closed", "tagged"]
    value: str = ""  # the tag


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Ends the session from outside: `replaced`, `taken_over`, `opted_out`, `closed`, `drained`, `reset`."""

    at: datetime
    outcome: str


Event = Started | Replied | TimerFired | EffectDone | EffectFailed | Signalled | HandedBack | Changed | Cancelled
