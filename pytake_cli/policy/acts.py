"""What macros and automations do in a conversation, step by step: the one table of verbs, and a step as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

Form = Literal["words", "text", "names", "name", "changes", "priority", "until", "span", "yes", "url"]


@dataclass(frozen=True, slots=True)
class Verb:
    """`form` is how its value is written; `beside` are keys that may stand next to it."""

    form: Form
    says: str  # what it does, for people
    beside: tuple[str, ...] = ()
    talks: bool = False  # the customer hears it
    by: tuple[str, ...] = ("macro", "automation")


VERBS: dict[str, Verb] = {
    "reply": Verb("words", "answers the customer", ("or_template", "values"), talks=True),
    "canned": Verb("name", "answers with a canned reply", ("or_template", "values"), talks=True),
    "template": Verb("name", "sends a template", ("language", "values"), talks=True),
    "note": Verb("text", "writes an internal note"),
    "label": Verb("names", "puts labels on the conversation"),
    "unlabel": Verb("names", "takes labels off the conversation"),
    "tag": Verb("names", "gives the contact tags"),
    "untag": Verb("names", "takes tags from the contact"),
    "set": Verb("changes", "changes the contact's values"),
    "assign": Verb("name", "gives the conversation to somebody, @me or @none"),
    "team": Verb("name", "gives the conversation to a team"),
    "priority": Verb("priority", "sets the priority"),
    "snooze": Verb("until", "puts the conversation away for a time"),
    "resolve": Verb("yes", "closes the conversation"),
    "takeover": Verb("yes", "takes the conversation from the flow", by=("macro",)),
    "handback": Verb("yes", "gives the conversation back to the bot"),
    "flow": Verb("name", "begins a flow in the conversation", talks=True),
    "notify": Verb("text", "tells the team in the inbox", ("to",), by=("automation",)),
    "webhook": Verb("url", "calls an address with what happened", by=("automation",)),
    "wait": Verb("span", "waits before the next step", by=("automation",)),
}
PRIORITIES = ("urgent", "high", "normal", "low")


@dataclass(frozen=True, slots=True)
class Act:
    """One step: {"reply": "Ainda está aí?", "or_template": "retomar"}."""

    verb: str
    value: Any  # words: {language: text}; names: [..]; changes: {..}; span and until: timedelta, or "reply"
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def talks(self) -> bool:
        return VERBS[self.verb].talks


def stages(acts: tuple[Act, ...]) -> tuple[tuple[timedelta, tuple[Act, ...]], ...]:
    """The steps cut at every `wait`: (how long before them, the steps)."""
    found: list[tuple[timedelta, tuple[Act, ...]]] = []
    pause = timedelta()
    steps: tuple[Act, ...] = ()
    for act in acts:
        if act.verb != "wait":
            steps = (*steps, act)
            continue
        if steps:
            found.append((pause, steps))
            pause, steps = timedelta(), ()
        pause += act.value
    return (*found, (pause, steps)) if steps or not found else tuple(found)
