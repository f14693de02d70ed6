"""Quiet hours, and how long a campaign takes with them: at the number's real rate, the portfolio's tier, the canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pytake_cli.policy.campaigns import Canary, Quiet

DAY = timedelta(hours=24)
_ROUNDS = 20_000  # of the reckoning; a campaign that takes longer than that many openings takes for ever


def is_quiet(quiet: Quiet, local: time) -> bool:
    """Whether nothing is sent at this time of day; a span that ends before it begins goes past midnight."""
    if quiet.start <= quiet.end:
        return quiet.start <= local < quiet.end
    return local >= quiet.start or local < quiet.end


def loud_at(quiet: Quiet | None, zone: str, now: datetime) -> datetime:
    """`now` if something may be sent, else when the quiet hours are over, by the clock of the zone."""
    if quiet is None:
        return now
    local = now.astimezone(_zone(zone))
    if not is_quiet(quiet, local.time()):
        return now
    ends = _next(local, quiet.end)
    return ends if ends > now else now  # the clocks were put back meanwhile


def quiet_at(quiet: Quiet | None, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours begin next, for a moment outside them."""
    return None if quiet is None else _next(now.astimezone(_zone(zone)), quiet.start)


def _next(local: datetime, wanted: time) -> datetime:
    day = local.date() if wanted > local.time() else local.date() + timedelta(days=1)
    return datetime.combine(day, wanted, local.tzinfo).astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Pace:
    """What a campaign may do: `room` people are left of today's `limit` (None: no limit)."""

    rate: float  # messages a second
    quiet: Quiet | None = None
    canary: Canary | None = None
    room: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How it would go; `days_waited` is how often the tier makes it wait for the next 24 hours."""

    starts: datetime
    ends: datetime
    days_waited: int = 0

    @property
    def seconds(self) -> int:
        return round((self.ends - self.starts).total_seconds())


def followed(people: Mapping[str, int], first: Course, after: timedelta, pace: Pace) -> Course | None:
    """The same of a later message, for which everybody waits `after` from when they got the first one."""
    made = course(people, first.starts + after, pace)
    last = course(dict.fromkeys(people, 1), first.ends + after, Pace(float("inf"), pace.quiet))
    return None if made is None or last is None else replace(made, ends=max(made.ends, last.ends))


def course(people: Mapping[str, int], start: datetime, pace: Pace) -> Course | None:
    """When a campaign to so many people of each zone begins and ends; None if it would never end."""
    left = {zone: float(count) for zone, count in people.items() if count}
    now = started = min((loud_at(pace.quiet, zone, start) for zone in left), default=start)
    begun = False
    room, renewed, waited = pace.room, start + DAY, 0
    canary = pace.canary.size if pace.canary and pace.canary.size < sum(left.values()) else 0
    for _ in range(_ROUNDS):
        if not left:
            return Course(started, now, waited)
        opens = {zone: loud_at(pace.quiet, zone, now) for zone in left}
        loud = [zone for zone, at in opens.items() if at <= now]
        if not loud:
            now = min(opens.values())
            continue
        if room is not None and room < 1:
            if not pace.limit:
                return None
            now, room, waited = max(now, renewed), pace.limit, waited + 1
            renewed = now + DAY
            continue
        if not begun:
            started, begun = now, True
        changes = [at for at in opens.values() if at > now]
        changes += [at for zone in loud if (at := quiet_at(pace.quiet, zone, now)) is not None]
        can = pace.rate * (min(changes) - now).total_seconds() if changes else float("inf")
        there = sum(left[zone] for zone in loud)
        goes = min(there, max(can, 1.0), room if room is not None else there, canary or there)
        for zone in loud:
            left[zone] -= goes * left[zone] / there
        left = {zone: count for zone, count in left.items() if count > 0.01}
        now += timedelta(seconds=goes / pace.rate)
        room = None if room is None else room - round(goes)
        if canary:
            canary -= round(goes)
            if canary < 1 and pace.canary:
                canary, now = 0, now + pace.canary.wait
    return None
