"""Business hours: whether a shop is open, and when it opens next. Pure; schedules come from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class Schedule:
    """Open spans by weekday (0 = Monday) in `tz`; `holidays` are closed whatever the day, `special` replaces a day.

    [flows.hours.shop]
    tz = "America/Sao_Paulo"
    mon-fri = ["09:00-12:00", "13:30-18:00"]
    sat = ["09:00-13:00"]
    holidays = ["2026-12-25"]
    """

    tz: str
    days: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[tuple[time, time], ...]] = field(default_factory=dict)


def is_open(schedule: Schedule, now: datetime) -> bool:
    raise NotImplementedError


def is_holiday(schedule: Schedule, now: datetime) -> bool:
    raise NotImplementedError


def next_open(schedule: Schedule, now: datetime) -> datetime | None:
    """`now` if it is open, else the next opening within 400 days."""
    raise NotImplementedError
