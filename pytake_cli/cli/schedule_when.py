"""When a schedule runs, as flags say it: --cron, --every or --at, and what limits them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from pytake_cli.cli import schedule_command, times
from pytake_cli.errors import UsageError
from pytake_cli.policy import hours
from pytake_cli.policy.recurrence import Every, Rule
from pytake_cli.policy.recurrence_files import dump, read
from pytake_cli.policy.wall_clock import moment, on_the_wall
from pytake_cli.services import business_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The flags, as they were typed."""

    cron: Annotated[str | None, typer.Option("--cron", metavar="LINE", help='Such as "0 9 * * 1-5".')] = None
    every: Annotated[
        str | None, typer.Option("--every", metavar="SPAN|DAYS", help="15m, 2h, 1d, 2w; or mon-fri with --at.")
    ] = None
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="Once then; with --every the first time, or its time of day."),
    ] = None
    start: Annotated[str | None, typer.Option("--from", metavar="T", help="Not before.")] = None
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Not after.")] = None
    count: Annotated[int | None, typer.Option("--times", metavar="N", min=1, help="So many times, no more.")] = None
    window: Annotated[
        list[str] | None,
        typer.Option("--window", metavar="SPAN", help="Only within: 08:00-20:00 or mon-fri=08:00-20:00; repeatable."),
    ] = None
    blackout: Annotated[
        list[str] | None, typer.Option("--blackout", metavar="DAY[..DAY]", help="Not on these days; repeatable.")
    ] = None
    holidays: Annotated[
        list[str] | None,
        typer.Option("--holidays", metavar="NAME|DAY", help="Days, or those of flows.hours.NAME as they are now."),
    ] = None
    on_holiday: Annotated[
        Literal["skip", "next-day"] | None, typer.Option("--on-holiday", help="What becomes of a run on a holiday.")
    ] = None
    skip: Annotated[list[str] | None, typer.Option("--skip", metavar="DAY", help="Not that day; repeatable.")] = None
    move: Annotated[
        list[str] | None, typer.Option("--move", metavar="DAY=T", help="That day's runs once at T; repeatable.")
    ] = None

    modify: Annotated[
        list[str] | None,
        typer.Option("--modify", metavar="DAY=COMMAND", help="That day it runs this instead; repeatable."),
    ] = None

    usual: Annotated[
        list[str] | None,
        typer.Option("--as-usual", metavar="DAY", help="Nothing is different that day any more; repeatable."),
    ] = None


LIMITS = ("start", "until", "count", "window", "blackout", "holidays", "on_holiday", "skip", "move", "modify")


def rule_of(given: When, tz: str, now: datetime, before: Rule | None = None) -> Rule | None:
    """The rule that the flags describe; `before` is the one that they change. None if they say nothing."""
    limits = _limits(given, ZoneInfo(tz), now)
    if given.cron is None and given.every is None and given.at is None:
        if before is None:
            raise UsageError(
                "PT-SCHEDULE-WHEN",
                "when? --cron, --every or --at is missing",
                fix='pytake schedule create NAME --every 1d --at 09:00 --do "…"',
            )
        return read(_changed(dump(before), limits, given), business_hours.holidays()) if limits or given.usual else None
    kept = {name: value for name, value in dump(before).items() if name in _KEPT} if before else {}
    limits = _changed(kept, limits, given)
    return read(limits | _pattern(given, ZoneInfo(tz), now, limits), business_hours.holidays())


_KEPT = ("windows", "blackout", "holidays", "on_holiday", "exceptions")


def _changed(before: dict[str, Any], limits: dict[str, Any], given: When) -> dict[str, Any]:
    """Limits over those of before; of what is different on a day, that of other days stays."""
    new = limits.get("exceptions", [])
    days = {*(each["date"] for each in new), *(given.usual or ())}
    kept = [each for each in before.get("exceptions", []) if each["date"] not in days]
    return before | limits | ({"exceptions": [*kept, *new]} if "exceptions" in before or new else {})


def _pattern(given: When, zone: ZoneInfo, now: datetime, limits: dict[str, Any]) -> dict[str, Any]:
    if given.cron is not None:
        if given.every is not None or given.at is not None:
            raise UsageError(
                "PT-SCHEDULE-WHEN",
                "--cron says all by itself: without --every and --at",
                fix="pytake schedule create -h",
            )
        return {"cron": given.cron} | _counted(given, zone, now)
    if given.every is None:
        at = times.instant(given.at or "", now, zone)
        local = on_the_wall(at, zone)
        return {"at": (local if moment(local, zone) == at else at.astimezone(zone)).isoformat()}
    days = _weekdays(given.every)
    if days is not None:
        return {"weekly": days, "at": [each.strip() for each in (given.at or "").split(",")]} | _counted(
            given, zone, now
        )
    first = limits.get("start")
    if given.at is not None:
        first = on_the_wall(times.instant(given.at, now, zone), zone).isoformat()
    elif first is None:
        first = "2000-01-01"  # only to read the span: the first time is one span from now
        pattern = read({"every": given.every, "start": first}).pattern
        assert isinstance(pattern, Every)
        first = on_the_wall(now + pattern.span, zone).replace(second=0, microsecond=0).isoformat()
    return {"every": given.every, "start": first}


def _counted(given: When, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """What counts its times counts from now on."""
    if given.count is None or given.start is not None:
        return {}
    return {"start": on_the_wall(now, zone).replace(microsecond=0).isoformat()}


def _weekdays(text: str) -> list[str] | None:
    """`mon-fri`, `seg,qua` -> days as the rules write them; None for a length of time."""
    found = []
    for part in text.lower().split(","):
        names = part.strip().split("-")
        if any(name not in times.WEEKDAYS for name in names):
            return None
        found.append("-".join(hours.DAYS[times.WEEKDAYS[name]] for name in names))
    return found


def _limits(given: When, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in (("start", given.start), ("until", given.until)):
        if text is not None:
            is_day = len(text.strip()) == len("2026-12-01") and text.strip()[4:5] == "-"
            found[name] = text.strip() if is_day else _local(text, now, zone)
    if given.count is not None:
        found["count"] = given.count
    if given.window:
        found["windows"] = _windows(given.window)
    if given.blackout:
        found["blackout"] = given.blackout
    if given.holidays:
        found["holidays"] = given.holidays
    if given.on_holiday:
        found["on_holiday"] = given.on_holiday
    exceptions: list[dict[str, Any]] = [{"date": day, "do": "skip"} for day in given.skip or ()]
    for each in given.move or ():
        day, _, to = each.partition("=")
        exceptions.append({"date": day, "do": "reschedule", "to": to})
    for each in given.modify or ():
        day, _, command = each.partition("=")
        exceptions.append({"date": day, "do": "modify", "command": schedule_command.words_of(command)})
    if exceptions:
        found["exceptions"] = exceptions
    return found


def _local(text: str, now: datetime, zone: ZoneInfo) -> str:
    return on_the_wall(times.instant(text, now, zone), zone).isoformat()


def _windows(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in given:
        days, equals, span = each.rpartition("=")
        found.setdefault(days if equals else "mon-sun", []).append(span)
    return found
