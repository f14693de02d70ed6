"""Effects: what a session wants done. The store's side makes rows and jobs of them; a test looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pytake_cli.flow.speech import Speech


@dataclass(frozen=True, slots=True)
class Send:
    speech: Speech
    step: str


@dataclass(frozen=True, slots=True)
class CallHttp:
    """Answered by `EffectDone(value={"status": 200, "headers": {…}, "json": …, "text": "…"})`."""

    token: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)  # values may hold "secret:NAME", filled in by the worker
    json: Any = None
    form: dict[str, str] | None = None
    body: str | None = None
    timeout_seconds: float = 10.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class AskModel:
    """Answered by `EffectDone(value={"text": …} | {"label": …, "confidence": …} | {"data": {…}})`."""

    token: str
    task: Literal["reply", "classify", "extract", "summarise"]
    instructions: str
    input: str
    labels: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    model: str = ""
    max_tokens: int = 512
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class LookUp:
    """Answered by `EffectDone(value=[{column: value}, …])`."""

    token: str
    source: str
    where: dict[str, Any] = field(default_factory=dict)
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RunCode:
    """Answered by `EffectDone(value=<JSON that the function returned>)`."""

    token: str
    function: str  # "module:name"
    arguments: dict[str, Any] = field(default_factory=dict)
    timeout_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Fires `TimerFired(token)` at `due_at`, whether or not a message comes."""

    token: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    token: str  # "" cancels all of the session's but "expire"


@dataclass(frozen=True, slots=True)
class HandOff:
    """Queues the conversation for people; the bot is silent while a person owns it."""

    team: str = ""
    agent: str = ""
    skills: tuple[str, ...] = ()
    priority: str = ""
    note: str = ""
    resumes: bool = False  # when a person hands it back or closes it, `HandedBack` comes


@dataclass(frozen=True, slots=True)
class SetContact:
    """Ordered changes: ("field", "plan", "gold"), ("tag", "vip", True), ("stage", "", "lead"), ("score", "", 10)."""

    changes: tuple[tuple[str, str, Any], ...]


@dataclass(frozen=True, slots=True)
class Notify:
    to: str  # agents | team:<name> | webhook:<name> | email:<address>
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """A line for statistics, coverage and `flow stats`: entered | left | invalid | timeout | choice | split | result |
    event | error | incident | handoff | interrupt | missing."""

    kind: str
    step: str
    way: str = ""  # the way out that was taken
    value: Any = None


@dataclass(frozen=True, slots=True)
class End:
    outcome: str
    close: bool = False  # resolve the conversation
    rate: bool = False  # ask for a rating


Effect = (
    Send
    | CallHttp
    | AskModel
    | LookUp
    | RunCode
    | StartTimer
    | CancelTimer
    | HandOff
    | SetContact
    | Notify
    | Record
    | End
)
