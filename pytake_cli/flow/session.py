"""A session: one contact's walk through one published version of a flow. Small JSON in the store."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pytake_cli.flow.jsonable import pack, unpack

Status = Literal["active", "waiting", "ended"]
WaitKind = Literal["reply", "time", "answer", "signal", "person"]


@dataclass(slots=True)
class Frame:
    """One flow on the stack: the session's own, or a sub-flow that a `call` entered."""

    flow: str  # the version's ref: "appointment@9f86d081"
    step: str  # where it stands
    vars: dict[str, Any] = field(default_factory=dict)  # as expressions hold them: numbers, dates, lists, …
    returns: dict[str, str] = field(default_factory=dict)  # the caller's var -> ours, copied when this frame ends

    def copy(self) -> Frame:
        """Another one whose variables can be assigned; values are never changed in place."""
        return Frame(self.flow, self.step, dict(self.vars), self.returns)

    def to_json(self) -> dict[str, Any]:
        """`{"flow": "appointment@9f86d081", "step": "ask_date", "vars": {"day": {"$date": "2026-03-02"}}}`."""
        found: dict[str, Any] = {"flow": self.flow, "step": self.step}
        if self.vars:
            found["vars"] = {name: pack(value) for name, value in self.vars.items()}
        if self.returns:
            found["returns"] = self.returns
        return found

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Frame:
        """The reverse of `to_json`."""
        held = {name: unpack(value) for name, value in given.get("vars", {}).items()}
        return cls(given["flow"], given["step"], held, dict(given.get("returns", {})))


@dataclass(slots=True)
class Wait:
    """What a session waits for. Exactly one at a time; `token` tells an answer that is late from one that is meant.

    A wait is never changed in place: a step that goes on waiting returns another.
    """

    kind: WaitKind
    step: str
    token: str  # "<serial>.<step>": timers and answers of effects carry it
    until: datetime | None = None  # when its timer fires
    invalid: int = 0  # wrong answers since the step was entered
    offered: list[list[str]] = field(default_factory=list)  # [[id, title], …] of all choices, on every page
    page: int = 0  # of a paged list
    name: str = ""  # of the signal; what calls a `wait` off: "reply closed tag:vip"

    def to_json(self) -> dict[str, Any]:
        """`{"kind": "reply", "step": "ask_date", "token": "3.ask_date", "until": "2026-03-02T10:30:00+00:00"}`."""
        found: dict[str, Any] = {"kind": self.kind, "step": self.step, "token": self.token}
        if self.until is not None:
            found["until"] = self.until.isoformat()
        for key in ("invalid", "offered", "page", "name"):
            if value := getattr(self, key):
                found[key] = value
        return found

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Wait:
        """The reverse of `to_json`."""
        until = given.get("until")
        return cls(**given | {"until": datetime.fromisoformat(until) if until else None})


@dataclass(slots=True)
class Session:
    """`to_json` and `from_json` are exact opposites. `advance` gives another one and leaves this one as it is."""

    id: str
    flow: str  # ref of the version it started with
    language: str
    started_at: datetime
    status: Status = "active"
    frames: list[Frame] = field(default_factory=list)
    wait: Wait | None = None
    results: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""  # once ended
    trigger: str = ""
    serial: int = 0  # events applied so far
    steps_taken: int = 0  # in all
    waits_taken: int = 0
    steps: int = 0  # since it last waited for somebody
    calls: int = 0  # to the outside, since it last waited for somebody
    hops: int = 0  # flows that followed one another by `goto_flow`, without the customer
    said: list[list[int]] = field(default_factory=list)  # [fingerprint, epoch seconds] of the last five minutes
    message: dict[str, Any] | None = None  # the last reply that was heard, as expressions see it
    answered: list[Any] = field(
        default_factory=list
    )  # [step, choice, epoch seconds] of the last tap: a second is no news
    ending: str = ""  # the outcome when it ends without another: "expired" on the way of `on_expire`
    erring: bool = False  # on the way of the flow's on_error: a second failure ends it
    expires_at: datetime | None = None
    signals: dict[str, Any] = field(default_factory=dict)  # that came before their step
    interrupted: Wait | None = None  # what an interrupt with `resume: true` left
    paused: list[Frame] = field(default_factory=list)  # frames above the interrupt's, to return to
    paused_step: str = ""  # where the interrupt's own frame stood
    paused_depth: int = 0  # its place in `frames`
    early: dict[str, Any] | None = None  # the answer for what was interrupted, as event JSON

    def copy(self) -> Session:
        """Another one that can be changed without changing this one."""
        other = copy(self)
        other.frames = [frame.copy() for frame in self.frames]
        other.results = dict(self.results)
        other.signals = dict(self.signals)
        other.said = list(self.said)
        return other

    def to_json(self) -> dict[str, Any]:
        """Only what is set, besides id, flow, language, started_at, status and serial."""
        found: dict[str, Any] = {
            "id": self.id,
            "flow": self.flow,
            "language": self.language,
            "started_at": self.started_at.isoformat(),
            "status": self.status,
            "serial": self.serial,
            "frames": [frame.to_json() for frame in self.frames],
        }
        for name in _PLAIN:
            if value := getattr(self, name):
                found[name] = value
        if self.wait is not None:
            found["wait"] = self.wait.to_json()
        if self.interrupted is not None:
            found["interrupted"] = self.interrupted.to_json()
        if self.paused:
            found["paused"] = [frame.to_json() for frame in self.paused]
        if self.expires_at is not None:
            found["expires_at"] = self.expires_at.isoformat()
        for name in ("results", "signals"):
            if held := getattr(self, name):
                found[name] = {key: pack(value) for key, value in held.items()}
        return found

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Session:
        """The reverse of `to_json`."""
        read = dict(given)
        for name in ("started_at", "expires_at"):
            if name in read:
                read[name] = datetime.fromisoformat(read[name])
        for name in ("wait", "interrupted"):
            if name in read:
                read[name] = Wait.from_json(read[name])
        for name in ("frames", "paused"):
            read[name] = [Frame.from_json(frame) for frame in read.get(name, ())]
        for name in ("results", "signals"):
            read[name] = {key: unpack(value) for key, value in read.get(name, {}).items()}
        return cls(**read)


_PLAIN = (
    "outcome",
    "trigger",
    "steps_taken",
    "waits_taken",
    "steps",
    "calls",
    "hops",
    "said",
    "message",
    "answered",
    "ending",
    "erring",
    "paused_step",
    "paused_depth",
    "early",
)
