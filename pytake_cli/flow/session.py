"""A session: one contact's walk through one published version of a flow. Small JSON in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["active", "waiting", "ended"]
WaitKind = Literal["reply", "time", "answer", "signal", "person"]


@dataclass(slots=True)
class Frame:
    """One flow on the stack: the session's own, or a sub-flow that a `call` entered."""

    flow: str  # the version's ref: "appointment@9f86d081"
    step: str  # where it stands
    vars: dict[str, Any] = field(default_factory=dict)
    returns: dict[str, str] = field(default_factory=dict)  # the caller's var -> ours, copied when this frame ends


@dataclass(slots=True)
class Wait:
    """What a session waits for. Exactly one at a time; `token` tells an answer that is late from one that is meant."""

    kind: WaitKind
    step: str
    token: str  # "<serial>.<step>": timers and answers of effects carry it
    until: datetime | None = None  # when its timer fires
    invalid: int = 0  # wrong answers since the step was entered
    offered: list[list[str]] = field(default_factory=list)  # [[id, title], …] of the choices as they were shown
    page: int = 0  # of a paged list
    wamid_hint: str | None = None


@dataclass(slots=True)
class Session:
    """`to_json` and `from_json` are exact opposites; everything in it is JSON."""

    id: str
    flow: str  # ref of the version it started with
    language: str
    started_at: datetime
    status: Status = "active"
    frames: list[Frame] = field(default_factory=list)
    wait: Wait | None = None
    results: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""  # once ended
    serial: int = 0  # events applied so far
    steps_taken: int = 0
    waits_taken: int = 0
    said: list[list[Any]] = field(default_factory=list)  # [hash of the text, epoch seconds] of the last five minutes
    resume_step: str = ""  # the waiting step that an interrupt with `resume: true` left
    interrupted: Wait | None = None
