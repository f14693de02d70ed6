"""Promised times: which promise holds for a conversation, when it is due, and what is to be told now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytake_cli.policy.hours import Schedule, open_between, open_for

FIRST_REPLY, NEXT_REPLY, RESOLUTION = "first_reply", "next_reply", "resolution"
CLOCKS = (FIRST_REPLY, NEXT_REPLY, RESOLUTION)
WARNED, BREACHED = "warned", "breached"


@dataclass(frozen=True, slots=True)
class Promise:
    """What holds for conversations of a team, a priority and a label; what it does not name fits all."""

    id: int
    team: int | None = None
    priority: str = ""
    label: str = ""
    spans: Mapping[str, timedelta] = field(default_factory=dict)  # clock -> within how long
    business_hours: bool = True
    warn_percent: int = 80


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs."""

    name: str
    warn_at: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """What the clocks of a conversation go by."""

    people_since: datetime | None
    first_replied_at: datetime | None
    waiting_since: datetime | None
    is_over: bool = False
    is_paused: bool = False
    pauses: Sequence[tuple[datetime, datetime]] = ()  # the earlier ones, in order: what was snoozed keeps no promise


def choose(promises: Sequence[Promise], team: int | None, priority: str, labels: Collection[str]) -> Promise | None:
    """The promise that says most: a label before a priority before a team; of equals the oldest."""
    fitting = [
        one
        for one in promises
        if one.team in (None, team) and one.priority in ("", priority) and (not one.label or one.label in labels)
    ]
    if not fitting:
        return None
    return max(fitting, key=lambda one: (bool(one.label), bool(one.priority), one.team is not None, -one.id))


def clocks(promise: Promise | None, talk: Talk, schedule: Schedule | None) -> dict[str, Clock]:
    """The clocks that run in a conversation; `schedule` is when its team is open, None: always."""
    if promise is None or talk.is_over or talk.is_paused or talk.people_since is None:
        return {}
    starts = {RESOLUTION: talk.people_since}
    if talk.first_replied_at is None:
        starts[FIRST_REPLY] = talk.people_since
    elif talk.waiting_since is not None:
        starts[NEXT_REPLY] = max(talk.waiting_since, talk.first_replied_at)
    hours = schedule if promise.business_hours else None
    found = {}
    for name in CLOCKS:
        start, span = starts.get(name), promise.spans.get(name)
        if start is None or span is None:
            continue
        due = _after(hours, start, span, talk.pauses)
        warn_at = _after(hours, start, span * promise.warn_percent / 100, talk.pauses)
        if due is not None and warn_at is not None:  # a team that never opens promises nothing
            found[name] = Clock(name, warn_at, due)
    return found


def _after(
    hours: Schedule | None, start: datetime, span: timedelta, pauses: Sequence[tuple[datetime, datetime]]
) -> datetime | None:
    """When the team has been open for `span` since `start`, the pauses left out."""
    for begin, end in pauses:
        if end <= start:
            continue
        due = open_for(hours, start, span)
        if due is None or due <= begin:
            return due
        if begin > start:
            span -= open_between(hours, start, begin)
        start = end
    return open_for(hours, start, span)


def news(running: Mapping[str, Clock], told: Mapping[str, str], now: datetime) -> dict[str, str]:
    """What is to be told now: {"first_reply": "warned"}; each word once."""
    found = {}
    for name, clock in running.items():
        if now >= clock.due and told.get(name) != BREACHED:
            found[name] = BREACHED
        elif clock.warn_at <= now < clock.due and name not in told:
            found[name] = WARNED
    return found


def still_told(running: Mapping[str, Clock], told: Mapping[str, str], now: datetime) -> dict[str, str]:
    """What needs not be told again of clocks that another promise may have moved."""
    kept = {}
    for name, word in told.items():
        clock = running.get(name)
        if clock is None or now >= clock.due:
            kept[name] = word
        elif now >= clock.warn_at:
            kept[name] = WARNED
    return kept


def next_at(running: Mapping[str, Clock], told: Mapping[str, str]) -> datetime | None:
    """When there is something to tell again, given what has been told."""
    moments = [
        clock.due if told.get(name) == WARNED else clock.warn_at
        for name, clock in running.items()
        if told.get(name) != BREACHED
    ]
    return min(moments, default=None)
