"""What of a contact's message a session hears: answers, taps, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pytake_cli.flow.limits import SECOND_TAP
from pytake_cli.flow.presentation import MORE, choice_of
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session, Wait

GESTURES = frozenset({"reaction", "edit", "revoke", "system"})  # Meta's types that are about a message, not an answer


def deaf(session: Session, reply: Reply, now: datetime) -> str:
    """Why nothing hears this; "" when something may."""
    if session.status == "ended":
        return "ended"
    if reply.kind in GESTURES:
        return reply.kind
    wait = session.wait
    if wait is not None and wait.kind == "person":
        return "person"
    if reply.choice and session.answered and not (wait is not None and taps(wait, reply)):
        step, choice, at = session.answered
        if choice_of(reply.choice) == (step, choice) and now.timestamp() - at <= SECOND_TAP.total_seconds():
            return "repeated"
    return ""


def taps(wait: Wait, reply: Reply) -> bool:
    """True for a tap on an option of the question that is asked."""
    if wait.kind != "reply" or not reply.choice:
        return False
    if reply.choice == MORE or any(reply.choice == offered[0] for offered in wait.offered):
        return True
    step, choice = choice_of(reply.choice)
    return step == wait.step and (choice == MORE or any(choice == offered[0] for offered in wait.offered))


def bare(wait: Wait, reply: Reply) -> Reply:
    """The tap with the choice's own id: `odonto`, not `ask_service:odonto`."""
    step, choice = choice_of(reply.choice or "")
    return replace(reply, choice=choice) if step == wait.step else reply
