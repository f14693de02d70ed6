"""Schedules as people make and change them; `schedule_runs` is what the daemon does with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.log import redact
from pytake_cli.policy import hours
from pytake_cli.policy.recurrence import Exempt, Occurrence, Rule, next_after, occurrences
from pytake_cli.policy.recurrence_files import dump, read
from pytake_cli.policy.wall_clock import on_the_wall
from pytake_cli.store import schedules
from pytake_cli.store.schedules import RUNNING, Schedule, ScheduleRun
from pytake_cli.store.work import poke

_NAME = re.compile(r"(?!\d+$)[a-z0-9][a-z0-9._-]{0,62}")
BY_HAND = "now:"  # begins the key of a run that a person asked for
MOST_WORDS, MOST_CHARS = 200, 8_000


def create(
    db: Session,
    org_id: int,
    *,
    name: str,
    rule: Rule,
    tz: str,
    command: Sequence[str],
    missed: str,
    by: str,
    now: datetime,
) -> Schedule:
    """Makes a schedule whose first time is still to come."""
    if not _NAME.fullmatch(name):
        raise InvalidData(
            "PT-SCHEDULE-NAME",
            "{name} is no name for a schedule",
            why="names have lower case letters, digits, - . and _, and are no numbers",
            fix="pytake schedule create remind-due --every 1d --do …",
            name=name,
        )
    if schedules.by_name(db, org_id, name) is not None:
        raise Conflict(
            "PT-SCHEDULE-EXISTS", "there is a schedule {name} already", fix="pytake schedule show {name}", name=name
        )
    row = Schedule(
        org_id=org_id, name=name, tz=tz, missed=missed, created_by=by, created_at=now, updated_at=now,
    )  # fmt: skip
    _set_rule(row, rule, now)
    _set_command(row, command)
    db.add(row)
    db.flush()
    return row


def change(
    db: Session,
    row: Schedule,
    *,
    now: datetime,
    rule: Rule | None = None,
    tz: str | None = None,
    command: Sequence[str] | None = None,
    missed: str | None = None,
) -> None:
    """Changes what is given; the next time is worked out again."""
    row.tz = tz or row.tz
    row.missed = missed or row.missed
    if command is not None:
        _set_command(row, command)
    if rule is not None or tz is not None:
        _set_rule(row, rule or rule_of(row), now)
    row.updated_at = now
    db.add(row)


def pause(db: Session, row: Schedule, now: datetime) -> None:
    """Runs no more until it is resumed; what falls into the pause is not missed."""
    if row.paused_at is None:
        row.paused_at, row.next_at, row.next_local, row.updated_at = now, None, "", now
        db.add(row)


def resume(db: Session, row: Schedule, now: datetime) -> None:
    if row.paused_at is not None:
        row.paused_at, row.updated_at = None, now
        _set_rule(row, rule_of(row), now)
        db.add(row)


def find(db: Session, org_id: int, reference: str) -> Schedule:
    """By name or number."""
    row = schedules.by_name(db, org_id, reference)
    if row is None and reference.isascii() and reference.isdecimal() and len(reference) < 19:
        row = db.exec(select(Schedule).where(Schedule.org_id == org_id, Schedule.id == int(reference))).first()
    if row is None:
        raise NotFound(
            "PT-SCHEDULE", "there is no schedule {reference}", fix="pytake schedule list", reference=reference
        )
    return row


def everyone(db: Session, org_id: int) -> list[Schedule]:
    return list(db.exec(select(Schedule).where(Schedule.org_id == org_id).order_by(Schedule.name)))


def ask(db: Session, row: Schedule, now: datetime, me: str | None = None) -> ScheduleRun:
    """A run by hand, which a daemon does at once, or `me`."""
    refuse_overlap(db, row)
    mine = {"state": RUNNING, "claim": me, "started_at": now} if me else {}
    id_ = schedules.add_run(db, row, f"{BY_HAND}{now.isoformat()}", now, reason="by hand", **mine)
    if id_ is None:
        raise _overlap(row.name)
    if me is None:
        poke(db, "schedule", id_, "report")
    return db.get_one(ScheduleRun, id_)


def refuse_overlap(db: Session, row: Schedule) -> None:
    assert row.id is not None
    if schedules.open_run(db, row.id) is not None:
        raise _overlap(row.name)


def _overlap(name: str) -> Conflict:
    return Conflict(
        "PT-SCHEDULE-OVERLAP",
        "the last run of {name} is not over",
        fix="pytake schedule runs {name}",
        name=name,
    )


def rule_of(row: Schedule) -> Rule:
    return read(row.rule)


def coming(row: Schedule, after: datetime) -> Iterator[Occurrence]:
    """The times at which it will run; none while it is paused."""
    return iter(()) if row.paused_at is not None else occurrences(rule_of(row), row.tz, after)


def _set_rule(row: Schedule, rule: Rule, now: datetime) -> None:
    first = next_after(rule, row.tz, now)
    if first is None:
        raise InvalidData(
            "PT-SCHEDULE-NEVER",
            "{name} would never run: its times are over, or the limits leave none",
            fix="pytake schedule create -h",
            name=row.name,
        )
    for exempt in rule.exceptions:
        _refuse_changes(row, exempt)
    row.rule = dump(rule)
    if row.paused_at is None:
        row.next_at, row.next_local = first.at, first.local


def _refuse_changes(row: Schedule, exempt: Exempt) -> None:
    """What may be different on a day is the command."""
    command = exempt.changes.get("command", [])
    if set(exempt.changes) - {"command"} or not isinstance(command, list):
        raise InvalidData(
            "PT-RECURRENCE",
            "{key}: {given} does not fit",
            why="a schedule runs another command that day",
            fix="pytake schedule set {name} --modify {day}='status'",
            key="exceptions",
            given=", ".join(exempt.changes),
            name=row.name,
            day=exempt.day,
        )
    _checked(command)


def command_on(row: Schedule, run: ScheduleRun) -> list[str]:
    """What a run does: the schedule's command, or the one of an exception for its day."""
    return _command_of(row, _wall(row, run.due_at) if run.local.startswith(BY_HAND) else run.local)


def command_at(row: Schedule, now: datetime) -> list[str]:
    """What a run by hand would do now."""
    return _command_of(row, _wall(row, now))


def _wall(row: Schedule, at: datetime) -> str:
    return on_the_wall(at, hours.zone(row.tz)).isoformat()


def _command_of(row: Schedule, local: str) -> list[str]:
    for exempt in rule_of(row).exceptions:
        if exempt.do == "modify" and exempt.day.isoformat() == local[:10]:
            return list(exempt.changes.get("command", row.command))
    return row.command


def _set_command(row: Schedule, command: Sequence[str]) -> None:
    row.command = _checked(command)


def _checked(command: Sequence[str]) -> list[str]:
    """The words of a command; a secret has no place in a row."""
    words = [str(word) for word in command]
    if len(words) > MOST_WORDS or sum(map(len, words)) > MOST_CHARS or any("\0" in word for word in words):
        raise InvalidData("PT-SCHEDULE-COMMAND", "the command is too long", fix="pytake schedule create -h")
    if any(redact(word) != word for word in words):
        raise InvalidData(
            "PT-SCHEDULE-SECRET",
            "the command of a schedule would keep a secret where others can read it",
            why="the command that it runs finds its secrets by itself",
            fix="pytake secret set NAME -",
        )
    return words
