"""The engine: an event goes in, the session and what it wants done come out. Pure: same arguments, same result.

What is decided here, beside the steps:

- A reaction, an edited or a deleted message is no answer: it is recorded as ignored, and the question stands.
- A sticker, or anything else that the question did not ask for, is a wrong answer; it is never ignored.
- A tap on an option of this question answers it. Whatever else was written is tried as an interrupt (`on`) first,
  those of the innermost sub-flow before those of the flows that called it, and then given to the waiting step.
- A button of an earlier question is a wrong answer (`old`); the same button twice within a minute is only recorded.
- Two answers at once are taken in order: the second answers whatever is asked by then (`debounce` joins a burst).
- What comes while the bot waits for time, an answer from outside or a signal is recorded as ignored, interrupts apart.
- While a person has the conversation nothing is heard, until it is handed back.
- A question that Meta refuses fails its step: `on_window_closed` if the window was closed, else as any failure.
- The answer of an effect, or a timer, that nothing waits for any more changes nothing; it is recorded as late.
- A step that fails goes to its `on_error`, else its flow's, else that of the step that called the flow; where there is
  none, or the flow's own fails too, the conversation goes to people and the session ends as `failed`.
- A bug in a step is an incident named "bug", with its place, and goes the same way: no customer waits for a traceback.
"""

from __future__ import annotations

from typing import assert_never

from pytake_cli.flow import hearing, interrupts, leaving
from pytake_cli.flow.context import Context
from pytake_cli.flow.definition import Flow
from pytake_cli.flow.effects import CancelTimer, Effect, End, HandOff, Record
from pytake_cli.flow.events import (
    Cancelled,
    Changed,
    EffectDone,
    EffectFailed,
    Event,
    HandedBack,
    Replied,
    Signalled,
    Started,
    TimerFired,
)
from pytake_cli.flow.leaving import EXPIRE, end, guarded, settle, told
from pytake_cli.flow.limits import MAX_HOPS, MAX_SIGNALS, MAX_STEPS, MAX_WAITS
from pytake_cli.flow.session import Frame, Session, Wait
from pytake_cli.flow.steps.step import Fail, Go, Move, Over, Step
from pytake_cli.flow.walk import StepFailed, Walk


def start(id_: str, flow: Flow, event: Started, context: Context) -> tuple[Session, list[Effect]]:
    """A new session, walked to its first wait or its end."""
    language = str(context.contact.get("language") or flow.language)
    session = Session(id_, flow.pinned, language, event.at, trigger=event.trigger, hops=event.hops)
    return advance(session, event, flow, context)


def advance(session: Session, event: Event, flow: Flow, context: Context) -> tuple[Session, list[Effect]]:
    """The session after the event, and what it wants done. Never raises; the session given is not changed."""
    try:
        walk = Walk(session.copy(), event.at, flow, context)
        walk.session.serial += 1
        move = _apply(walk, event)
        if move is not None:
            _run(walk, move)
        return walk.session, walk.effects
    except Exception as error:  # the last net: a version that is gone, a session that no engine wrote
        return _collapse(session.copy(), error)


def heard_by(session: Session, event: Replied, flow: Flow, context: Context) -> tuple[str, str]:
    """What would hear a message: ("interrupt", word), ("answer", step), ("invalid", step) or ("nobody", why)."""
    at = session.wait.step if session.wait is not None else ""
    for effect in advance(session, event, flow, context)[1]:
        if isinstance(effect, Record) and effect.kind in ("interrupt", "invalid", "ignored", "late"):
            nobody = effect.kind in ("ignored", "late")
            said = effect.way if nobody or effect.kind == "interrupt" else effect.step
            return "nobody" if nobody else effect.kind, said
    return "answer", at


def _collapse(session: Session, error: Exception) -> tuple[Session, list[Effect]]:
    session.serial += 1
    session.status, session.outcome, session.wait, session.interrupted = "ended", "failed", None, None
    step = session.frames[-1].step if session.frames else ""
    return session, [
        Record("incident", step, "bug", told(error)),
        CancelTimer(""),
        CancelTimer(EXPIRE),
        HandOff(note=f"flow {session.flow}: {type(error).__name__}"),
        End("failed"),
    ]


def _apply(walk: Walk, event: Event) -> Move | None:
    """What the event makes of the wait; None when it changes nothing more."""
    session = walk.session
    if session.status == "ended":
        walk.record("late", type(event).__name__)
        return None
    match event:
        case Replied():
            return _replied(walk, event)
        case TimerFired(token=token):
            return _expired(walk) if token == EXPIRE else _answered(walk, event, token)
        case EffectDone(token=token) | EffectFailed(token=token):
            return _answered(walk, event, token)
        case Started():
            return _started(walk, event)
        case Signalled():
            return _signalled(walk, event)
        case HandedBack():
            return _resumed(walk, event) if session.wait and session.wait.kind == "person" else _late(walk, event)
        case Changed():
            return _changed(walk, event)
        case Cancelled(outcome=outcome):
            end(walk, End(outcome))
            return None
        case _:
            assert_never(event)


def _started(walk: Walk, event: Started) -> Move | None:
    session = walk.session
    if session.frames:
        return _late(walk, event)
    frame = Frame(walk.top.pinned, walk.top.start)
    session.frames.append(frame)
    session.said = [list(entry) for entry in event.said]
    session.message = event.reply.as_message() if event.reply else None
    walk.stand()
    return guarded(walk, lambda: _begin(walk, event.vars, event.hops))


def _begin(walk: Walk, given: dict[str, object], hops: int) -> Move:
    walk.open_vars(given)
    if hops > MAX_HOPS:
        raise StepFailed("hops", f"more than {MAX_HOPS}")
    return Go(walk.flow.start, "start")


def _replied(walk: Walk, event: Replied) -> Move | None:
    session, wait = walk.session, walk.session.wait
    deaf = hearing.deaf(session, event.reply, walk.now)
    if deaf or wait is None:
        walk.record("ignored", deaf or "nothing asked", event.reply.kind)
        return None
    tapped = hearing.taps(wait, event.reply)
    event = Replied(event.at, hearing.bare(wait, event.reply)) if tapped else event
    found = None if tapped else interrupts.heard(walk, event.reply)
    if found is not None or wait.kind == "reply" or (wait.kind == "time" and "reply" in wait.name.split()):
        session.message = event.reply.as_message()
        session.erring, session.ending, session.hops = False, "", 0
        return interrupts.leave(walk, *found) if found is not None else _resumed(walk, event)
    walk.record("ignored", "busy", event.reply.kind)
    return None


def _answered(walk: Walk, event: TimerFired | EffectDone | EffectFailed, token: str) -> Move | None:
    session = walk.session
    if session.wait is not None and session.wait.token == token:
        return _resumed(walk, event)
    if session.interrupted is not None and session.interrupted.token == token and session.early is None:
        interrupts.keep(walk, event)
        return None
    return _late(walk, event)


def _signalled(walk: Walk, event: Signalled) -> Move | None:
    wait, signals = walk.session.wait, walk.session.signals
    if wait is not None and wait.kind == "signal" and wait.name == event.name:
        return _resumed(walk, event)
    if event.name in signals or len(signals) < MAX_SIGNALS:
        signals[event.name] = event.value
        return None
    return _late(walk, event)


def _changed(walk: Walk, event: Changed) -> Move | None:
    wait = walk.session.wait
    words = wait.name.lower().split() if wait is not None and wait.kind == "time" else []
    wanted = ("close",) if event.what == "closed" else ("tag", f"tag:{event.value.lower()}")
    if any(word in words for word in wanted):
        return _resumed(walk, event)
    walk.record("ignored", event.what, event.value)
    return None


def _late(walk: Walk, event: Event) -> Move | None:
    walk.record("late", type(event).__name__, getattr(event, "token", "") or getattr(event, "name", ""))
    return None


def _expired(walk: Walk) -> Move | None:
    session = walk.session
    if session.expires_at is None or walk.now < session.expires_at or session.status != "waiting":
        walk.record("late", "TimerFired", EXPIRE)
        return None
    walk.record("timeout", EXPIRE)
    again = session.ending == "expired"
    settle(walk)
    interrupts.forget(walk)
    del session.frames[1:]
    walk.stand()
    session.ending, session.expires_at = "expired", None
    if again or walk.flow.on_expire is None:
        end(walk, End("expired"))
        return None
    return Go(walk.flow.on_expire, "timeout")


def _resumed(walk: Walk, event: Event) -> Move:
    """Gives the event to the step that waits for it."""
    wait = walk.session.wait
    assert wait is not None
    step = walk.flow.steps.get(wait.step)
    if step is None:
        return Fail("target", wait.step)
    walk.step = wait.step
    if wait.kind == "reply" and isinstance(event, EffectFailed):  # Meta refused the question: nobody has seen it
        return Fail(event.reason, event.detail)
    return guarded(walk, lambda: step.resume(walk, event))


def _run(walk: Walk, move: Move | None) -> None:
    """Follows moves until the session waits or is over."""
    while move is not None:
        if type(move) is Go:
            move = _go(walk, move)
        elif type(move) is Wait:
            move = _wait(walk, move)
        elif type(move) is Over:
            move = leaving.over(walk, move)
        else:
            assert type(move) is Fail
            move = leaving.fail(walk, move)


def _go(walk: Walk, go: Go) -> Move | None:
    session = walk.session
    if session.wait is not None:
        settle(walk)
    if go.way != "start":
        walk.note_missing()
        walk.effects.append(Record("left", walk.step, go.way, go.target))
    target = go.target
    if target == "end" or not target:
        return leaving.finish(walk)
    if target == "resume":
        return interrupts.back(walk, _resumed)
    step = walk.flow.steps.get(target)
    if step is None:
        return Fail("target", target)
    session.steps += 1
    session.steps_taken += 1
    walk.step = walk.frame.step = target
    if session.steps > MAX_STEPS:
        return Fail("steps", f"more than {MAX_STEPS}")
    walk.effects.append(Record("entered", target))
    return guarded(walk, lambda: _entered(walk, step))


def _entered(walk: Walk, step: Step) -> Move:
    if step.if_ is not None and not walk.evaluate(step.if_):
        return Go(step.next or "end", "skip")
    return step.enter(walk)


def _wait(walk: Walk, wait: Wait) -> Move | None:
    session = walk.session
    before = session.wait
    walk.note_missing()
    if before is not None and before.token == wait.token:
        session.wait, session.status = wait, "waiting"
        return None
    settle(walk)
    session.waits_taken += 1
    if session.waits_taken > MAX_WAITS:
        return Fail("waits", f"more than {MAX_WAITS}")
    session.wait, session.status = wait, "waiting"
    if wait.kind != "answer":
        session.steps = session.calls = 0
    interrupts.set_timers(walk, wait)
    return None
