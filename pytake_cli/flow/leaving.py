"""How a step, a flow and a session are left: settled, failed, finished."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from pytake_cli.flow import interrupts
from pytake_cli.flow.effects import CancelTimer, End, HandOff, Record
from pytake_cli.flow.language.values import EvaluationError
from pytake_cli.flow.limits import SAME_TEXT_WITHIN
from pytake_cli.flow.steps.step import Fail, Go, Move, Over
from pytake_cli.flow.walk import StepFailed, Walk

EXPIRE = "expire"  # the token of the session's own timer
BOUNDS = frozenset({"calls", "depth", "hops", "repeated", "resume", "steps", "target", "vars", "waits"})


def guarded(walk: Walk, act: Callable[[], Move]) -> Move:
    """What the step says; a failure is a move like any other."""
    try:
        return act()
    except StepFailed as failed:
        return Fail(failed.reason, failed.detail)
    except EvaluationError as error:
        return Fail("expression", error.message)
    except Exception as error:
        walk.record("incident", "bug", told(error))
        return Fail("bug", type(error).__name__)


def told(error: Exception) -> dict[str, object]:
    """Where it happened, without the error's text, which may be a person's.

    {"error": "KeyError", "at": ["flow/steps/http.py:41 resume"]}
    """
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": places}


def settle(walk: Walk) -> None:
    """The wait is over: its timer, if it has not fired, is of no use any more."""
    wait, walk.session.wait = walk.session.wait, None
    walk.session.status = "active"
    if wait is not None and wait.until is not None and wait.until > walk.now:
        walk.do(CancelTimer(wait.token))


def over(walk: Walk, given: Over) -> Move | None:
    """An `end`, a hand-off or a `goto_flow` was reached."""
    walk.effects.append(Record("left", walk.step, "end", given.end.outcome))
    if given.whole:
        end(walk, given.end)
        return None
    return finish(walk, given.end)


def fail(walk: Walk, failure: Fail) -> Move | None:
    """The way out of a failure: the step's, the flow's, the caller's, people."""
    session = walk.session
    walk.note_missing()
    settle(walk)
    step = walk.flow.steps.get(walk.step)
    if failure.reason == "window" and (closed := getattr(step, "on_window_closed", None)):
        return Go(closed, "window_closed")
    walk.record("error", failure.reason, failure.detail)
    if failure.reason in BOUNDS or failure.reason in ("window", "empty"):
        walk.record("incident", failure.reason, failure.detail)
    own = step.on_error if step is not None else None
    if failure.reason in BOUNDS:
        if session.erring:
            return _give_up(walk, failure)
        session.erring, session.steps, session.calls = True, 0, 0
        if own:
            return Go(own, "error")
    elif own:
        return Go(own, "error")
    elif session.erring:
        return _give_up(walk, failure)
    return _caller_errors(walk, failure)


def _caller_errors(walk: Walk, failure: Fail) -> Move | None:
    """The flow's `on_error`; without one, that of the `call` that entered it, and so on down to the session's own."""
    session = walk.session
    while True:
        if walk.flow.on_error:
            if failure.reason not in BOUNDS:
                walk.record("incident", "error", f"{failure.reason} {failure.detail}".strip())
            session.erring = True
            return Go(walk.flow.on_error, "error")
        if len(session.frames) <= 1:
            return _give_up(walk, failure)
        interrupts.drop_frame(walk)
        step = walk.flow.steps.get(walk.step)
        if step is not None and step.on_error:
            return Go(step.on_error, "error")


def _give_up(walk: Walk, failure: Fail) -> Move | None:
    walk.record("incident", "failed", f"{failure.reason} {failure.detail}".strip())
    walk.do(HandOff(note=f"flow {walk.top.name}, step {walk.step}: {failure.reason} {failure.detail}".strip()))
    end(walk, End("failed"))
    return None


def finish(walk: Walk, given: End | None = None) -> Move | None:
    """The end of the flow that is walked: back to the step that called it, or the end of the session."""
    session = walk.session
    if len(session.frames) <= 1:
        end(walk, given or End(session.ending or "completed"))
        return None
    frame = session.frames[-1]
    interrupts.drop_frame(walk)
    returned = {name: frame.vars.get(ours) for name, ours in frame.returns.items()}
    step = walk.flow.steps.get(walk.step)

    def take() -> Move:
        for name, value in returned.items():
            walk.set_var(name, value)
        return Go((step.next if step else None) or "end", "returned")

    return guarded(walk, take)


def end(walk: Walk, given: End) -> None:
    """The session is over: its timers are cancelled, and nothing is heard any more."""
    session = walk.session
    settle(walk)
    interrupts.forget(walk)
    walk.note_missing()
    if session.expires_at is not None:
        walk.do(CancelTimer(EXPIRE))
        session.expires_at = None
    session.status, session.outcome = "ended", given.outcome
    since = walk.now.timestamp() - SAME_TEXT_WITHIN.total_seconds()
    said = tuple((mark, at) for mark, at in session.said if at > since)
    walk.do(End(given.outcome, given.close, given.rate, given.next_flow, given.vars, given.hops, said))
