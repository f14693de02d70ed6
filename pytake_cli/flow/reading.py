"""Reads the answer to an `ask`: the value that is saved, and the choice that decides where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytake_cli.flow import answers
from pytake_cli.flow.answers.choices import choose, yes_or_no
from pytake_cli.flow.answers.outcomes import Accepted, Choice, Options, Refused
from pytake_cli.flow.patterns import compile_pattern
from pytake_cli.flow.presentation import choice_of
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Wait
from pytake_cli.flow.walk import StepFailed, Walk, zone

if TYPE_CHECKING:
    from pytake_cli.flow.steps.ask import Ask


def read(ask: Ask, walk: Walk, wait: Wait, reply: Reply) -> tuple[Any, str | None] | Refused:
    """(value, id of the choice or None), or why it is no answer. Numbers, dates and times are the contact's way."""
    choices = tuple(Choice(ident, title) for ident, title in wait.offered)
    known = reply.choice is None or any(reply.choice == choice.id for choice in choices)
    if not known and choice_of(reply.choice or "")[0]:
        return Refused("old")  # a tap on this question has lost the step's name by now
    if ask.expected == "yes_no" and choices:
        return _yes_no(reply, choices)
    if not known and ask.expected != "yes_no":
        return Refused("old")
    options = Options(
        choices=choices,
        min=walk.value(ask.min),
        max=walk.value(ask.max),
        pattern=compile_pattern(ask.pattern, ignore_case=ask.case == "folded") if ask.pattern else None,
        country=ask.country,
    )
    try:
        read = answers.read(ask.expected, reply, options, walk.now.astimezone(zone(walk.context.tz)), walk.language)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise StepFailed("bounds", f"{ask.min} {ask.max}: {type(error).__name__}") from None
    if not isinstance(read, Accepted):
        return read
    return read.value, read.value if ask.expected == "choice" and isinstance(read.value, str) else None


def _yes_no(reply: Reply, choices: tuple[Choice, ...]) -> tuple[Any, str | None] | Refused:
    """The first of two choices is yes, the second no, unless their ids say otherwise: `{nao: Não, sim: Sim}`."""
    if reply.kind not in ("text", "button", "interactive"):
        return Refused("kind")
    first = yes_or_no(Reply("text", choices[0].id))
    second = yes_or_no(Reply("text", choices[1].id))
    backwards = first is False or (second is True and first is not True)
    yes, no = (choices[1], choices[0]) if backwards else (choices[0], choices[1])
    chosen = choose(reply, choices)
    if not isinstance(chosen, Refused):
        return chosen.id == yes.id, chosen.id
    said = yes_or_no(reply)
    if isinstance(said, Refused):
        return said
    return said, yes.id if said else no.id
