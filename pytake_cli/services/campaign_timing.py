"""How long a planned campaign takes, with its later messages: at the real rate, the tier, and in nobody's night."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.policy import pacing
from pytake_cli.policy.campaigns import Definition
from pytake_cli.policy.quiet import DAY, Course, Pace, course, followed
from pytake_cli.policy.zones import zone_of
from pytake_cli.services import campaign_recurrence
from pytake_cli.services.campaign_audience import Target
from pytake_cli.store.organisations import Organisation


def of(
    db: Session,
    org: Organisation,
    found: Target,
    definition: Definition,
    written: Counter[Any],
    quota: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """The plan's `duration`, of the first time if there are several, and its `recurrence`: when those are."""
    coming = [each.at for each in campaign_recurrence.coming(db, org.id or 0, definition, now)]
    begins = coming[0] if coming else max(definition.at or now, now)
    people: Counter[str] = Counter()
    by_org = definition.quiet is not None and definition.quiet.zone == "org"
    for (tz, prefix, _arm), count in written.items():
        people[org.tz if by_org else zone_of(prefix, tz, org.tz)] += count
    rate = pacing.sending_rate(found.number.rate_per_second)
    rate = min(rate, definition.rate) if definition.rate else rate
    pace = Pace(rate, definition.quiet, definition.canary, quota["room"], quota["limit"])
    return {
        "duration": _duration(definition, people, begins, pace),
        "recurrence": {"tz": org.tz, "coming": [each.isoformat() for each in coming]} if coming else None,
    }


def _duration(definition: Definition, people: Counter[str], begins: datetime, pace: Pace) -> dict[str, Any]:
    """`{"seconds": 90, "starts": …, "ends": …, "days_waited": 0, "later": [{"place": 1, "after": 172800, …}]}`.

    `ends` is the end of the last message if nobody answers; `first_ends` that of the first ones.
    """
    first = course(people, begins, pace)
    later = [] if first is None else _later(definition, people, first, pace)
    ends = max((each.ends for each in (first, *later) if each is not None), default=None)
    if first is None or None in later or ends is None:
        return dict.fromkeys(("seconds", "starts", "ends", "first_ends", "days_waited")) | {"later": []}
    return {
        "seconds": round((ends - first.starts).total_seconds()),
        "starts": first.starts.isoformat(),
        "ends": ends.isoformat(),
        "first_ends": first.ends.isoformat(),
        "days_waited": first.days_waited,
        "later": [_told(definition, place, each) for place, each in enumerate(later) if each is not None],
    }


def _later(definition: Definition, people: Counter[str], first: Course, pace: Pace) -> list[Course | None]:
    """Within 24 hours the same people count once for the tier; later each day has its whole limit."""
    made = []
    for drip in definition.drip:
        room = pace.limit if drip.after >= DAY else None
        made.append(followed(people, first, drip.after, replace(pace, canary=None, room=room)))
    return made


def _told(definition: Definition, place: int, made: Course) -> dict[str, Any]:
    drip = definition.drip[place]
    about: dict[str, Any] = {"place": place + 1, "template": drip.template, "after": round(drip.after.total_seconds())}
    about["unless_replied"] = drip.unless_replied
    return {**about, "starts": made.starts.isoformat(), "ends": made.ends.isoformat()}
