"""What becomes of schedules: which are due, what was missed, how each run ended. The daemon runs the commands."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from pytake_cli import settings
from pytake_cli.locale import Phrase
from pytake_cli.log import redact
from pytake_cli.policy.recurrence import MOST_COUNTED, Occurrence, newest, next_after
from pytake_cli.services import incidents
from pytake_cli.services.schedules import command_on, rule_of
from pytake_cli.store import Store, schedules
from pytake_cli.store.events import Event
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.schedules import DONE, FAILED, RUN_ONCE, SKIPPED, Schedule, ScheduleRun
from pytake_cli.store.work import poke
from pytake_cli.text import clean

log = logging.getLogger(__name__)

AT_ONCE = 100  # schedules in a transaction
OUTPUT_CHARS = 8_000  # of the end of what a command printed


@dataclass(frozen=True, slots=True)
class Child:
    """A command to be run: the same program, no shell."""

    run_id: int
    name: str
    words: list[str]
    environment: dict[str, str]
    most_seconds: float
    argv: list[str] = field(default_factory=list)


def fire_due(store: Store, now: datetime) -> int:
    """Queues a run of every schedule that is due, or notes why there is none; how many schedules were looked at."""
    with store.write() as db:
        rows = schedules.due(db, now, AT_ONCE)
        for row in rows:
            _fire(db, row, now)
    return len(rows)


def _fire(db: Session, row: Schedule, now: datetime) -> None:
    """One schedule: the newest of its times that have come decides; the ones before it were missed."""
    assert row.next_at is not None
    rule = rule_of(row)
    following = next_after(rule, row.tz, now)
    came = Occurrence(row.next_at, row.next_local)
    if not schedules.advance(db, row, following.at if following else None, following.local if following else ""):
        return
    last, count = newest(rule, row.tz, came, now)
    late = now - last.at > timedelta(seconds=settings.current().schedule.late_seconds)
    if late and row.missed != RUN_ONCE:
        _skip(db, row, last, "missed", _missed(row, came, count), now)
        return
    if count > 1:
        log.warning("times of a schedule were missed", extra={"schedule": row.name, "count": count - 1})
        if row.missed != RUN_ONCE:
            _skip(db, row, came, "missed", _missed(row, came, count - 1), now)
    before = schedules.open_run(db, row.id or 0)
    if before is not None:
        _skip(db, row, last, "overlap", Phrase("the run of {at} was not over", at=before.local), now)
        return
    id_ = schedules.add_run(db, row, last.local, last.at, reason="late" if late else "")
    if id_ is not None:
        poke(db, "schedule", id_, "report")


def _missed(row: Schedule, came: Occurrence, count: int) -> Phrase:
    told = {"name": row.name, "at": came.local, "count": min(count, MOST_COUNTED)}
    if count == 1:
        return Phrase("{name} was to run at {at}, and no daemon ran then: skipped (--missed skip)", **told)
    if count > MOST_COUNTED:
        return Phrase(
            "{name} was to run more than {count} times from {at} on, and no daemon ran then: skipped (--missed skip)",
            **told,
        )
    return Phrase(
        "{name} was to run {count} times from {at} on, and no daemon ran then: skipped (--missed skip)", **told
    )


def _skip(db: Session, row: Schedule, which: Occurrence, reason: str, why: Phrase, now: datetime) -> None:
    said = str(why)
    id_ = schedules.add_run(db, row, which.local, which.at, state=SKIPPED, reason=reason, output=said, ended_at=now)
    if id_ is None:
        return
    log.warning("a run of a schedule was skipped", extra={"schedule": row.name, "local": which.local, "reason": reason})
    if reason == "missed":
        incidents.tell(db, row.org_id, "PT-SCHEDULE-MISSED", why, now)
    _tell(db, db.get_one(ScheduleRun, id_), row.name, now)


def queued(store: Store) -> list[int]:
    """Runs that nobody has begun."""
    with store.read() as db:
        return schedules.queued(db, AT_ONCE)


def is_due(db: Session, now: datetime) -> bool:
    return bool(schedules.due(db, now, 1))


def begin(store: Store, run_id: int, me: str, now: datetime) -> Child | None:
    """Claims a queued run; None if it is another's, or its schedule was deleted."""
    with store.write() as db:
        taken = schedules.take(db, run_id, me, now)
        if taken is None:
            return None
        return child_of(db, taken)


def child_of(db: Session, taken: ScheduleRun) -> Child:
    """How the command of a run is started: by this program, for this organisation, and nobody is asked anything."""
    row, org = db.get_one(Schedule, taken.schedule_id), db.get_one(Organisation, taken.org_id)
    assert taken.id is not None
    words = command_on(row, taken)
    profile = settings.current().profile
    environment = {**os.environ, "PYTAKE_NO_INPUT": "1", "PYTAKE_ORG": org.slug, "PYTAKE_COLOR": "never"}
    if profile:
        environment["PYTAKE_PROFILE"] = profile
    return Child(
        taken.id,
        row.name,
        words,
        environment,
        settings.current().schedule.most_seconds,
        [sys.executable, "-m", "pytake_cli", *words],
    )


def finish(
    store: Store, run_id: int, me: str | None, *, exit_code: int | None, output: str, reason: str = "", now: datetime
) -> None:
    """Notes how a run ended; a failure is told to people."""
    with store.write() as db:
        before = db.get(ScheduleRun, run_id)
        if before is None:
            return
        state = DONE if exit_code == 0 else FAILED
        said = redact(clean(output))[-OUTPUT_CHARS:]
        values = {"state": state, "exit_code": exit_code, "output": said, "ended_at": now}
        if not schedules.end(db, run_id, me, reason=reason or before.reason, **values):
            return
        db.expire_all()
        after, row = db.get_one(ScheduleRun, run_id), db.get_one(Schedule, before.schedule_id)
        _tell(db, after, row.name, now)
        if state == FAILED:
            told = {"name": row.name, "at": after.local, "why": _why(after)}
            what = Phrase("the run of schedule {name} at {at} failed: {why}", **told)
            incidents.tell(db, row.org_id, "PT-SCHEDULE-FAILED", what, now)


def _why(run: ScheduleRun) -> Phrase:
    match run.reason:
        case "timeout":
            return Phrase("it took too long")
        case "stopped" | "died":
            return Phrase("the daemon ended while it ran")
        case _:
            last = next((line for line in reversed(run.output.splitlines()) if line.strip()), "")
            told = {"code": run.exit_code, "last": last.strip()[:200]}
            return Phrase("exit code {code}; {last}" if last else "exit code {code}", **told)


def _tell(db: Session, run: ScheduleRun, name: str, now: datetime) -> None:
    payload = {
        "schedule": name,
        "run": run.id,
        "local": run.local,
        "state": run.state,
        "reason": run.reason,
        "exit_code": run.exit_code,
    }
    db.add(Event(org_id=run.org_id, kind="schedule:run", payload=payload, at=now))
    log.info("schedule run", extra={**payload, "org": run.org_id})


def recover(store: Store, now: datetime, is_dead: Callable[[str], bool]) -> None:
    """Runs whose daemon is gone have failed: nobody knows how far they got, and nobody repeats them."""
    longest = timedelta(seconds=settings.current().schedule.most_seconds + 60)
    with store.read() as db:
        running = schedules.running(db)
    for run in running:
        gone = (
            run.claim is None or is_dead(run.claim) or (run.started_at is not None and now - run.started_at > longest)
        )
        if gone and run.id is not None:
            finish(store, run.id, run.claim, exit_code=None, output=run.output, reason="died", now=now)


def realign(store: Store, now: datetime) -> None:
    """Works out again when each schedule is next: after the clock was set back that may be sooner than it says.

    What has run already does not run again: its local time is taken.
    """
    with store.write() as db:
        for row in schedules.ahead(db, now):
            first = next_after(rule_of(row), row.tz, now)
            if first is not None and row.next_at is not None and first.at < row.next_at:
                schedules.advance(db, row, first.at, first.local)
