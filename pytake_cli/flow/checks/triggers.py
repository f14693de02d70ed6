"""The words that start and interrupt a flow: each must be able to be heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytake_cli.flow.checks.inquiry import Inquiry
from pytake_cli.flow.definition import Flow, Interrupt, Trigger
from pytake_cli.flow.keywords import matches
from pytake_cli.flow.positions import Path
from pytake_cli.flow.values import Text
from pytake_cli.flow.words import bare


def check(inquiry: Inquiry) -> None:
    """Everything about words that are listened for."""
    _heard(inquiry, "triggers", inquiry.flow.triggers)
    _heard(inquiry, "on", inquiry.flow.on)
    _others(inquiry)
    _choices(inquiry)
    _twice_any(inquiry)


def _words(inquiry: Inquiry, key: str, index: int, listener: Trigger | Interrupt) -> Iterator[tuple[Path, str]]:
    for place, word in enumerate(listener.keyword):
        at: Path = (key, index, "keyword", place)
        yield at if inquiry.positions.has(at) else (key, index, "keyword"), word


def _heard(inquiry: Inquiry, key: str, listeners: Sequence[Trigger | Interrupt]) -> None:
    """A word is lost when an opt-out word, or one that is tried before it, takes every message that it would."""
    before: list[tuple[str, str, int, int]] = []  # word, mode, whose it is, line
    numbered = list(enumerate(listeners))
    whole_first = sorted(numbered, key=lambda each: each[1].mode != "whole")
    for index, listener in whole_first:
        for at, word in _words(inquiry, key, index, listener):
            if not word.strip():
                inquiry.say("PT-FLOW-KEYWORD", "a keyword is empty", at)
                continue
            if listener.mode == "whole" and _opts_out(inquiry, at, word):
                continue
            for earlier, mode, whose, line in before:
                if whose != index and _covers(earlier, mode, word, listener.mode):
                    inquiry.say(
                        "PT-FLOW-SHADOWED",
                        '"{word}" is never heard here: "{earlier}" of line {line} takes it',
                        at,
                        fix="take one of them out",
                        word=word,
                        earlier=earlier,
                        line=line,
                    )
                    break
            before.append((word, listener.mode, index, inquiry.positions.value(at)[0]))


def _covers(earlier: str, earlier_mode: str, word: str, mode: str) -> bool:
    if mode == "regex" or earlier_mode == "regex":
        return mode == earlier_mode and earlier == word
    if earlier_mode == "whole":
        return mode == "whole" and bare(earlier) == bare(word)
    if earlier_mode == "starts":
        return mode == "starts" and matches(earlier, "starts", word)
    return matches(earlier, "contains", word)  # whatever says the word says the earlier one


def _opts_out(inquiry: Inquiry, at: Path, word: str) -> bool:
    for taken in inquiry.around.opt_out:
        if bare(taken) == bare(word):
            inquiry.say(
                "PT-FLOW-OPT-OUT",
                '"{word}" stops all messages to the contact before any flow hears it',
                at,
                fix="choose another word",
                word=word,
            )
            return True
    return False


def _others(inquiry: Inquiry) -> None:
    """Two flows that listen for the same word, with nothing to tell which is meant."""
    for name, other in (inquiry.around.flows or {}).items():
        if name == inquiry.flow.name or other.priority != inquiry.flow.priority or not _meet(inquiry.flow, other):
            continue
        theirs = {
            (bare(word), trigger.mode): word
            for trigger in other.triggers
            for word in trigger.keyword
            if trigger.mode != "regex"
        }
        for index, trigger in enumerate(inquiry.flow.triggers):
            for at, word in _words(inquiry, "triggers", index, trigger):
                if (bare(word), trigger.mode) in theirs:
                    inquiry.say(
                        "PT-FLOW-RIVAL",
                        '"{word}" also starts the flow {name}',
                        at,
                        severity="warning",
                        fix="give one of them a higher `priority`",
                        word=word,
                        name=name,
                    )


def _meet(one: Flow, other: Flow) -> bool:
    """False when their scopes have no number in common."""
    mine, theirs = set(one.scope.numbers), set(other.scope.numbers)
    same_people = (one.scope.only, one.scope.except_) == (other.scope.only, other.scope.except_)
    return same_people and (not mine or not theirs or bool(mine & theirs))


def _choices(inquiry: Inquiry) -> None:
    """A choice that is typed is heard by `on` first."""
    taken = {
        bare(word): interrupt.goto
        for interrupt in inquiry.flow.on
        if interrupt.mode == "whole"
        for word in interrupt.keyword
    }
    for name, step in inquiry.steps.items():
        choices = getattr(step, "choices", None)
        for key, choice in choices.items() if isinstance(choices, dict) else ():
            title = choice if isinstance(choice, Text) else getattr(choice, "title", None)
            goto = getattr(choice, "goto", None) or getattr(step, "next", None)
            if not isinstance(title, Text):
                continue
            for _language, template in title.templates():
                target = taken.get(bare(template.source))
                if target is not None and target != goto:
                    inquiry.say(
                        "PT-FLOW-INTERRUPTED",
                        'who types "{title}" goes to `{target}`: a word of `on` is heard before the choice',
                        ("steps", name, "choices", key),
                        severity="warning",
                        fix="call the choice otherwise, or let both lead to one step",
                        title=template.source,
                        target=target,
                    )
                    break


def _twice_any(inquiry: Inquiry) -> None:
    """Two triggers of one kind that say the same."""
    seen: dict[tuple[str, str], int] = {}
    for index, trigger in enumerate(inquiry.flow.triggers):
        for kind in ("new_contact", "new_conversation", "any", "ad", "button"):
            value = getattr(trigger, kind)
            if not value:
                continue
            if (kind, str(value)) in seen:
                inquiry.say(
                    "PT-FLOW-SHADOWED",
                    "this trigger is there twice",
                    ("triggers", index),
                    fix="take one of them out",
                )
            seen[kind, str(value)] = index
