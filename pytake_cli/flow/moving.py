"""A waiting session goes over to another version of its flow: whether it can, and what it is there."""

from __future__ import annotations

from collections.abc import Iterator

from pytake_cli.flow.conversion import Unfit, convert
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.diff import movable
from pytake_cli.flow.problems import Phrase
from pytake_cli.flow.session import Session


def why_stays(session: Session, old: Flow, new: Flow) -> Phrase | None:
    """Why the session cannot go on in the new version; None when it can.

    What it stands on in sub-flows stays as it is: they are pinned by themselves.
    """
    if session.status != "waiting" or not session.frames:
        return Phrase("the session does not wait")
    for step in _stands(session):
        reason = movable(old, new, step)
        if reason is not None:
            return reason
    return None


def _stands(session: Session) -> Iterator[str]:
    """The steps of the session's own flow that it comes back to."""
    yield session.frames[0].step
    if session.wait is not None and len(session.frames) == 1:
        yield session.wait.step
    if session.interrupted is not None and session.paused_depth == 0:
        yield session.paused_step
        if not session.paused:
            yield session.interrupted.step


def moved(session: Session, new: Flow) -> Session:
    """The session on the new version: variables that came get their defaults, a time that is no more is not waited."""
    after = session.copy()
    after.flow = new.pinned
    frame = after.frames[0]
    frame.flow = new.pinned
    for name, declared in new.vars.items():
        if name not in frame.vars and declared.default is not None:
            try:
                frame.vars[name] = convert(declared.default, declared.type)
            except Unfit:
                continue  # refused when the flow was checked
    wait = after.wait
    if wait is not None and wait.until is not None and len(after.frames) == 1:
        step = new.steps[wait.step]
        if hasattr(step, "on_timeout") and step.on_timeout is None and wait.kind in ("reply", "signal"):
            after.wait = type(wait).from_json({**wait.to_json(), "until": None})
    return after
