"""What the checks of ways ask of a verb: must it say where it goes, how long does it take, may it fail."""

from __future__ import annotations

from datetime import timedelta

from pytake_cli.flow.steps.step import Step

# these say by other keys where they go
_DECIDES = ("switch", "split", "hours", "goto_flow", "end")
RESTS = ("ask", "wait", "signal", "form")  # the customer, time or the outside comes in between
FREE_SPEECH = ("say", "ask", "form")  # needs an open 24-hour window


def lacks_way(step: Step) -> str:
    """The key that is missing for the step to go on; "" when all is said."""
    if step.next is not None:
        return ""
    if step.if_ is not None:
        return "next"
    if step.verb in _DECIDES:
        return ""
    if step.verb == "handoff":
        return ""  # ends here, or its own rule asks for `resume_at`
    if step.verb == "ask" and getattr(step, "expected", "") == "choice":
        choices = getattr(step, "choices", {})
        return "" if choices and all(choice.goto is not None for choice in choices.values()) else "next"
    return "next"


def idle_next(step: Step) -> bool:
    """True when the step never takes the `next` that it has."""
    if step.next is None or step.if_ is not None:
        return False
    return step.verb in _DECIDES or (step.verb == "handoff" and getattr(step, "resume_", "") == "never")


def may_fail(step: Step) -> bool:
    """True when the step needs an `on_error`, its own or the flow's."""
    if step.verb in ("ask", "form") and getattr(step, "on_invalid", "") is None:
        return True
    return step.may_fail


def spans(step: Step) -> dict[str, timedelta | None]:
    """Kind of way -> how long the customer may have said nothing when it is taken; None: nobody knows how long."""
    timeout = getattr(step, "timeout", None)
    match step.verb:
        case "wait":
            return {"next": None if getattr(step, "hours", None) else _wait(step)}
        case "ask" | "form":
            return {} if timeout is None else {"timeout": timeout}
        case "template" if getattr(step, "on_reply", None) is not None:
            silent = timeout or timedelta(hours=24)
            return {"timeout": silent, "next": silent}
        case "signal":
            return {"next": timeout, "timeout": timeout}
    return {}


def _wait(step: Step) -> timedelta | None:
    span = getattr(step, "for_", None)
    if isinstance(span, timedelta):
        return span
    source = getattr(getattr(step, "until", None), "source", None)
    is_clock = isinstance(source, str) and len(source) <= 8 and source[:1].isdigit() and ":" in source
    return timedelta(hours=24) if is_clock else None  # a time of day is the next one
