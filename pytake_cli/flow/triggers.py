"""Which flow a message starts: every trigger that fits is a candidate, the most specific one wins, and why is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pytake_cli.flow.definition import Flow, Trigger
from pytake_cli.flow.patterns import PatternError, compile_pattern
from pytake_cli.flow.words import bare, fold

# The most specific kind first. An advertisement or a button says exactly what the person wants; words say it more or
# less; that somebody is new says nothing about it.
SPECIFICITY = (
    "button",
    "ad",
    "keyword whole",
    "keyword starts",
    "keyword regex",
    "keyword contains",
    "any ad",
    "new_contact",
    "new_conversation",
    "any",
)
# What takes a conversation from a flow that waits in it: the person has asked for something else, by name.
TAKES_OVER = frozenset({"button", "ad"})
# … and these too, while the flow waits for something else than the person's words.
TAKES_FROM_SILENT = TAKES_OVER | {"keyword whole", "keyword starts", "keyword regex", "keyword contains"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What triggers look at."""

    text: str = ""
    button: str | None = None  # the payload of a template's button, the id of a tapped one
    ad: str | None = None  # the source id of the advertisement that the message came from
    new_contact: bool = False
    new_conversation: bool = False
    numbers: tuple[str, ...] = ()  # what the business number is called: its name, its digits, its id


@dataclass(frozen=True, slots=True)
class Offer:
    """A published flow that may be started."""

    flow: Flow
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trigger of one flow: whether it fits, and why it won or lost."""

    flow: str
    ref: str
    trigger: str  # "keyword agendar"
    kind: str  # one of SPECIFICITY
    fits: bool
    chosen: bool = False
    why: str = ""
    priority: int = 0


def choose(offers: Iterable[Offer], heard: Heard, in_scope: Callable[[Flow], str]) -> list[Candidate]:
    """Every trigger of every flow, the best first; at most one is `chosen`.

    `in_scope` returns why a flow is not for this contact, or nothing. Of several that fit, the most specific kind wins,
    then the higher `priority`, then the longer keyword, then the flow's name.
    """
    found = [one for offer in offers for one in _of_flow(offer, heard, in_scope)]
    found.sort(key=_order)
    if not found or not found[0].fits:
        return found
    winner = replace(found[0], chosen=True, why=_won(found))
    return [winner, *(replace(one, why=_lost(one, winner)) if one.fits else one for one in found[1:])]


def chosen(candidates: Iterable[Candidate]) -> Candidate | None:
    """The one that won."""
    return next((one for one in candidates if one.chosen), None)


def _order(one: Candidate) -> tuple[bool, int, int, int, str]:
    return not one.fits, SPECIFICITY.index(one.kind), -one.priority, -len(one.trigger), one.flow


def _of_flow(offer: Offer, heard: Heard, in_scope: Callable[[Flow], str]) -> list[Candidate]:
    flow = offer.flow
    found = [_of_trigger(flow, trigger, heard) for trigger in flow.triggers]
    if not any(one.fits for one in found):
        return found
    outside = "the flow is paused" if offer.paused else _of_number(flow, heard) or in_scope(flow)
    return [replace(one, fits=False, why=outside) if one.fits and outside else one for one in found]


def _of_number(flow: Flow, heard: Heard) -> str:
    numbers = flow.scope.numbers
    if not numbers or {fold(number) for number in numbers} & {fold(number) for number in heard.numbers}:
        return ""
    return f"its scope is the numbers {', '.join(numbers)}"


def _of_trigger(flow: Flow, trigger: Trigger, heard: Heard) -> Candidate:
    kind, label, fits, why = _look(trigger, heard)
    return Candidate(flow.name, flow.ref, label, kind, fits, why="" if fits else why, priority=flow.priority)


def _look(trigger: Trigger, heard: Heard) -> tuple[str, str, bool, str]:
    """(kind, label, whether it fits, why not)."""
    if trigger.keyword:
        word = next((word for word in trigger.keyword if says(heard.text, word, trigger.mode)), None)
        label = f"keyword {word if word is not None else ', '.join(trigger.keyword)}"
        return f"keyword {trigger.mode}", label, word is not None, f"the words do not match ({trigger.mode})"
    if trigger.button is not None:
        return "button", f"button {trigger.button}", heard.button == trigger.button, "another button, or none"
    if trigger.ad is not None:
        kind = "any ad" if trigger.ad == "*" else "ad"
        fits = heard.ad is not None and trigger.ad in ("*", heard.ad)
        return kind, f"ad {trigger.ad}", fits, "it did not come from that advertisement"
    if trigger.new_contact:
        return "new_contact", "new_contact", heard.new_contact, "the contact is known"
    if trigger.new_conversation:
        return "new_conversation", "new_conversation", heard.new_conversation, "the conversation goes on"
    return "any", "any", trigger.any, "it says nothing"


def says(text: str, word: str, mode: str) -> bool:
    """Whether the words of a message are, start with, contain or match a keyword; case and accents do not count."""
    if mode == "regex":
        try:
            return compile_pattern(word).search(text)
        except PatternError:
            return False  # refused when the flow was checked
    said, wanted = bare(text), bare(word)
    if not wanted:
        return False
    match mode:
        case "starts":
            return said == wanted or said.startswith(wanted + " ")
        case "contains":
            return f" {wanted} " in f" {said} ".translate(_PUNCTUATION)
        case _:
            return said == wanted


_PUNCTUATION = str.maketrans(dict.fromkeys(".,;:!?()[]{}\"'", " "))


def _won(found: list[Candidate]) -> str:
    if len(found) < 2 or not found[1].fits:
        return "the only trigger that fits"
    first, second = found[0], found[1]
    if first.kind != second.kind:
        return f"{first.kind} is more specific than {second.kind}"
    if first.priority != second.priority:
        return f"priority {first.priority} against {second.priority}"
    return "the longer keyword, or the first by name"


def _lost(one: Candidate, winner: Candidate) -> str:
    if one.kind != winner.kind:
        return f"{winner.kind} of {winner.flow} is more specific"
    if one.priority != winner.priority:
        return f"{winner.flow} has the higher priority ({winner.priority})"
    return f"{winner.flow} has the longer keyword, or comes first by name"
