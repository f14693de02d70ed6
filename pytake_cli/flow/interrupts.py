"""Interrupts: words that lead away from any question, and the way back for those that have one; timers of waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytake_cli.flow import wire
from pytake_cli.flow.effects import CancelTimer, StartTimer
from pytake_cli.flow.events import Event
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Wait
from pytake_cli.flow.steps.step import Fail, Go, Move

if TYPE_CHECKING:
    from pytake_cli.flow.definition import Interrupt
    from pytake_cli.flow.walk import Walk

_WORDED = frozenset({"text", "button", "interactive"})


def heard(walk: Walk, reply: Reply) -> tuple[int, Interrupt] | None:
    """The interrupt that the words mean, with the depth of its flow's frame; inner flows before outer ones."""
    if reply.kind not in _WORDED or not reply.text:
        return None
    frames = walk.session.frames
    for depth in range(len(frames) - 1, -1, -1):
        found = walk.version(frames[depth].flow).interrupt(reply.text)
        if found is not None:
            return depth, found
    return None


def leave(walk: Walk, depth: int, interrupt: Interrupt) -> Move:
    """Leaves the waiting step: for good, or to come back when `next: resume` is reached.

    While one question waits to be resumed, another `resume: true` comes back to the same question.
    A wait for time, a signal or an answer goes on meanwhile: what it brings is kept until the way back.
    """
    session = walk.session
    wait = session.wait
    assert wait is not None
    walk.record("interrupt", interrupt.keyword[0], interrupt.goto)
    if interrupt.resume and session.interrupted is None:
        session.interrupted = wait
        session.paused = session.frames[depth + 1 :]
        session.paused_step, session.paused_depth = session.frames[depth].step, depth
        session.wait = None
        if wait.kind == "reply" and wait.until is not None:
            walk.do(CancelTimer(wait.token))
    elif not interrupt.resume:
        forget(walk)
    del session.frames[depth + 1 :]
    walk.stand()
    return Go(interrupt.goto, "interrupt")


def keep(walk: Walk, event: Event) -> None:
    """What the interrupted wait was for has come: it is kept until the way back."""
    walk.session.early = wire.dump(event)


def forget(walk: Walk) -> None:
    """Gives up the way back."""
    session = walk.session
    if session.interrupted is not None and session.interrupted.kind != "reply" and session.interrupted.until:
        walk.do(CancelTimer(session.interrupted.token))
    session.interrupted, session.paused, session.paused_step, session.early = None, [], "", None


def drop_frame(walk: Walk) -> None:
    """Leaves a sub-flow; the way back into it, if there was one, goes with it."""
    session = walk.session
    if session.interrupted is not None and len(session.frames) - 1 <= session.paused_depth:
        forget(walk)
    session.frames.pop()
    walk.stand()


def back(walk: Walk, resumed: Callable[[Walk, Event], Move]) -> Move:
    """`next: resume`: asks the interrupted question again, or goes on waiting for what has not come yet."""
    session = walk.session
    wait, early = session.interrupted, session.early
    if wait is None:
        return Fail("resume")
    session.frames[session.paused_depth].step = session.paused_step
    session.frames[session.paused_depth + 1 :] = session.paused
    session.interrupted, session.paused, session.paused_step, session.early = None, [], "", None
    walk.stand()
    if wait.kind == "reply":
        return Go(wait.step, "start")
    session.wait = wait
    if early is None:
        set_expiry(walk, wait)
    return wait if early is None else resumed(walk, wire.load_event(early))


def set_timers(walk: Walk, wait: Wait) -> None:
    """Starts the timer of a new wait, and the session's own."""
    if wait.until is not None:
        walk.do(StartTimer(wait.token, wait.until))
    set_expiry(walk, wait)


def set_expiry(walk: Walk, wait: Wait) -> None:
    """The session's own timer counts from when the wait is over; none runs while a person has the conversation."""
    session, expires = walk.session, walk.top.expires
    if expires is None or wait.kind == "answer":
        return
    if wait.kind == "person":
        if session.expires_at is not None:
            walk.do(CancelTimer("expire"))
            session.expires_at = None
        return
    session.expires_at = max(wait.until or walk.now, walk.now) + expires
    walk.do(StartTimer("expire", session.expires_at))
