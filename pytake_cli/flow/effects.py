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
    """Fires `TimerFired(token)` at `due_at`, whether or not a message comes. It replaces one with the same token."""

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
    """A line for statistics, coverage and `flow stats`. Kinds, each with what `way` and `value` say:

    entered; left (the way out, its target); choice (the option's id); split (the share); result (name, value);
    event (name, {value, props}); invalid (why, the text); timeout (step, http or expire); interrupt (the word, its
    target); handoff (team or agent); missing (the path that had no value); late (an answer that nothing waits for);
    ignored (what a customer did that is no answer); error (reason, detail); incident (a slug of INCIDENTS, detail).
    """

    kind: str
    step: str
    way: str = ""  # the way out that was taken
    value: Any = None


@dataclass(frozen=True, slots=True)
class End:
    """The session is over. `next_flow` names the flow that begins at once (`goto_flow`), with `Started(vars, hops)`."""

    outcome: str
    close: bool = False  # resolve the conversation
    rate: bool = False  # ask for a rating
    next_flow: str = ""
    vars: dict[str, Any] = field(default_factory=dict)
    hops: int = 0  # flows that followed one another without the customer
    said: tuple[tuple[int, int], ...] = ()  # give it to the contact's next session as `Started.said`


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

# what can go wrong without anybody's word; `Record(kind="incident", way=<slug>)`
INCIDENTS: dict[str, str] = {
    "bug": "a step failed in a way that nobody foresaw",
    "calls": "more calls to the outside than allowed before the customer said something",
    "cut": "a rendered text was longer than Meta allows, and was cut",
    "depth": "more sub-flows inside one another than allowed",
    "empty": "a rendered text had nothing in it",
    "error": "a step failed and had no `on_error` of its own",
    "failed": "nothing was left to try; the conversation went to people",
    "hops": "more flows followed one another than allowed",
    "repeated": "the same text went out too often in five minutes",
    "resume": "`resume` was reached with no question to go back to",
    "steps": "more steps than allowed between two waits",
    "target": "a way leads to a step that does not exist",
    "vars": "a variable is larger than allowed, or there are too many",
    "waits": "more waits than allowed in one session",
    "window": "there was something to say, and the service window was closed",
}
