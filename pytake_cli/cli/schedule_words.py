"""How schedules are told to people: when they come, how they ran."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pytake_cli.cli.context import context
from pytake_cli.locale import _, language
from pytake_cli.policy.wall_clock import oddity

if TYPE_CHECKING:
    from pytake_cli.policy.recurrence import Occurrence
    from pytake_cli.store.schedules import Schedule, ScheduleRun

FIELDS = {
    "id": "number of the schedule",
    "name": "its name",
    "state": "active, paused or over",
    "next_at": "when it runs next",
    "next_local": "the same by the clock on its wall",
    "rule": "when it runs",
    "tz": "whose clock it goes by",
    "do": "the command that it runs",
    "missed": "what becomes of a run while no daemon runs: skip, or run-once when there is one again",
    "last": "what became of its last run: queued, running, done, failed or skipped",
    "last_at": "when that was due",
    "created_by": "who made it",
    "created_at": "when it was made",
    "updated_at": "when it was changed",
    "paused_at": "since when it is paused",
}
SHOWN = ("id", "name", "state", "next_at", "next_local", "tz", "rule", "do", "missed", "last", "last_at")
ON_SCREEN = ("name", "next_local", "tz", "state", "last", "do")
RUN_FIELDS = {
    "id": "number of the run",
    "schedule": "which schedule",
    "local": "the local time that it was for; now:… for one by hand",
    "state": "queued, running, done, failed or skipped",
    "reason": "late, missed, overlap, by hand, timeout, stopped or died",
    "due_at": "when it was due",
    "started_at": "when it began",
    "ended_at": "when it ended",
    "exit_code": "of its command",
    "output": "the end of what its command printed, or why it was skipped",
}
RUNS_SHOWN = ("id", "schedule", "local", "state", "reason", "started_at", "ended_at", "exit_code")
_LENGTHS = (("w", 10_080), ("d", 1440), ("h", 60), ("m", 1))  # in minutes
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def row(schedule: Schedule, last: ScheduleRun | None) -> dict[str, Any]:
    state = "paused" if schedule.paused_at else "active" if schedule.next_at else "over"
    return {
        **{name: getattr(schedule, name) for name in FIELDS if hasattr(schedule, name)},
        "rule": rule_line(schedule.rule) if context().output.form in ("table", "plain") else schedule.rule,
        "state": state,
        "do": " ".join(schedule.command),
        "last": last.state if last else None,
        "last_at": last.due_at if last else None,
    }


def rule_line(rule: Mapping[str, Any]) -> str:
    """`weekly: mon, thu; at: 09:00; blackout: 2026-12-24..2027-01-04`: a rule as files say it, in one line."""
    return "; ".join(f"{key}: {_rule_value(value)}" for key, value in rule.items())


def _rule_value(value: Any) -> str:
    match value:
        case {"date": day, "do": what, **more}:
            changes = [_rule_value(each) for each in more.values()]
            return " ".join([day, what, *changes])
        case dict():
            spans = {day: _rule_value(each) for day, each in value.items()}
            every_day = len(spans) == len(WEEKDAYS) and len(set(spans.values())) == 1
            return spans["mon"] if every_day else ", ".join(f"{day} {span}" for day, span in spans.items())
        case list():
            return ", ".join(map(_rule_value, value))
        case str() if found := re.fullmatch(r"(\d+)m", value):
            minutes = int(found[1])
            return next((f"{minutes // size}{unit}" for unit, size in _LENGTHS if minutes % size == 0), value)
        case str():
            return re.sub(r"(\d\d:\d\d):00$", r"\1", value)
    return str(value)


def run_row(run: ScheduleRun, schedule: str) -> dict[str, Any]:
    return {name: getattr(run, name, None) for name in RUN_FIELDS} | {"schedule": schedule}


def day_and_time(at: datetime, tz: str) -> str:
    """`Mon 2026-11-23 09:00`, `seg 23/11 09:00`."""
    there = at.astimezone(ZoneInfo(tz))
    day = f"{there:%Y-%m-%d}" if language() == "en" else f"{there:%d/%m}"
    return f"{_(WEEKDAYS[there.weekday()])} {day} {there:%H:%M}"


def first_times(coming: Iterable[Occurrence], tz: str, count: int = 3) -> str:
    """The next times, and the offset from UTC that they have."""
    found = list(islice(coming, count))
    offsets = dict.fromkeys(f"{each.at.astimezone(ZoneInfo(tz)):%z}" for each in found)
    zone = ", ".join([tz, *(f"{offset[:3]}:{offset[3:]}" for offset in offsets)])
    return f"{', '.join(day_and_time(each.at, tz) for each in found)} ({zone})"


def note(occurrence: Occurrence, tz: str) -> str:
    """What is odd about the clocks at that time."""
    if command := occurrence.changes.get("command"):
        return _("that day: {command}").format(command=" ".join(command))
    local = datetime.fromisoformat(occurrence.local)
    there = occurrence.at.astimezone(ZoneInfo(tz))
    if local.tzinfo is not None:
        return _("the second time that the clock shows this in that night")
    match oddity(local, ZoneInfo(tz)):
        case "twice":
            return _("the clock shows this twice in that night: it runs the first time")
        case "skipped":
            return _("the clocks are put on then: it runs at {time}").format(time=f"{there:%H:%M}")
        case _:
            moved = there.replace(tzinfo=None) != local
            return _("moved from {local}").format(local=occurrence.local) if moved else ""
