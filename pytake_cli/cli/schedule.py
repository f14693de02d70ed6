"""Schedules: commands that the daemon runs at their time, once for each local time, whatever the clocks do.

$ pytake schedule create remind-due --cron "0 9 * * 1-5" --do "campaign launch remind --yes --expect any"
$ pytake schedule next
$ pytake schedule runs remind-due
"""

from __future__ import annotations

import heapq
import subprocess
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import confirm, schedule_create, schedule_export, schedule_words
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import running, wake
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytake_cli.store.schedules import Schedule

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command("create")(schedule_create.create)
app.command("set")(schedule_create.set_)
app.command("export")(schedule_export.export)

Name = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Name or number.")]
SHOW_FIELDS = {**schedule_words.FIELDS, "coming": "the next times", "runs": "what became of the last ones"}
NEXT_FIELDS = {
    "schedule": "which schedule",
    "at": "when",
    "local": "the same by the clock on its wall",
    "tz": "whose clock that is",
    "offset": "from UTC",
    "note": "what is odd about the clocks then",
}


@app.command("list")
def list_() -> None:
    """Lists schedules: when each runs next, and how it went the last time.

    $ pytake schedule list
    $ pytake schedule list --fields name,next_at,last --json
    """
    from pytake_cli.services import schedules
    from pytake_cli.store.schedules import runs

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [
            schedule_words.row(each, next(iter(runs(db, here.org_id, each.id, 1)), None))
            for each in schedules.everyone(db, here.org_id)
        ]
    on_screen = here.output.form in ("table", "plain")
    shown = schedule_words.ON_SCREEN if on_screen else schedule_words.SHOWN
    emit(rows, schedule_words.FIELDS, default=shown, empty=_("There are no schedules."))


@app.command("show")
def show(name: Name) -> None:
    """Shows a schedule: when it runs, the next times, and what became of the last ones.

    $ pytake schedule show remind-due
    """
    from pytake_cli.services import schedules
    from pytake_cli.store.schedules import runs

    here = context()
    with here.store.read(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, name)
        last = runs(db, here.org_id, schedule.id, 5)
    coming = [_coming(schedule, each) for each in islice(schedules.coming(schedule, here.now), 5)]
    card = {
        **schedule_words.row(schedule, last[0] if last else None),
        "coming": [_one_line(each) for each in coming] if here.output.form in ("table", "plain") else coming,
        "runs": [{"local": each.local, "state": each.state, "reason": each.reason} for each in last],
    }
    emit(card, SHOW_FIELDS, default=(*schedule_words.SHOWN, "coming", "runs", "created_by", "created_at"))


@app.command("next")
def next_(
    name: Annotated[str | None, typer.Argument(metavar="[SCHEDULE]", help="By default all.")] = None,
    limit: Annotated[int, typer.Option("-l", "--limit", metavar="N", min=1, max=1000, help="How many.")] = 10,
) -> None:
    """Shows the next times at which schedules run, with their zone and what is odd about the clocks then.

    $ pytake schedule next
    $ pytake schedule next remind-due -l 3
    """
    from pytake_cli.services import schedules

    here = context()
    with here.store.read(here.org_id) as db:
        wanted = [schedules.find(db, here.org_id, name)] if name else schedules.everyone(db, here.org_id)
    found = heapq.merge(*(_stream(each) for each in wanted), key=lambda row: row["at"])
    emit(list(islice(found, limit)), NEXT_FIELDS, empty=_("No schedule will run."))


def _stream(schedule: Schedule) -> Any:
    from pytake_cli.services import schedules

    return (_coming(schedule, each) for each in schedules.coming(schedule, context().now))


def _coming(schedule: Schedule, occurrence: Any) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    there = occurrence.at.astimezone(ZoneInfo(schedule.tz))
    return {
        "schedule": schedule.name,
        "at": occurrence.at,
        "local": f"{there:%Y-%m-%dT%H:%M}",
        "tz": schedule.tz,
        "offset": f"{there:%z}"[:3] + ":" + f"{there:%z}"[3:],
        "note": schedule_words.note(occurrence, schedule.tz),
    }


def _one_line(coming: dict[str, Any]) -> str:
    at = schedule_words.day_and_time(coming["at"], coming["tz"])
    return f"{at} ({coming['note']})" if coming["note"] else at


@app.command("runs")
def runs_(
    name: Annotated[str | None, typer.Argument(metavar="[SCHEDULE]", help="By default all.")] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="At most so many; 0: all.")] = None,
) -> None:
    """Lists what became of each time: done, failed with its exit code, or skipped and why; the newest first.

    $ pytake schedule runs
    $ pytake schedule runs remind-due --fields local,state,output --json
    """
    from pytake_cli.services import schedules
    from pytake_cli.store.schedules import runs

    here = context()
    with here.store.read(here.org_id) as db:
        names = {each.id: each.name for each in schedules.everyone(db, here.org_id)}
        only = schedules.find(db, here.org_id, name).id if name else None
        rows = [
            schedule_words.run_row(each, names.get(each.schedule_id, ""))
            for each in runs(db, here.org_id, only, here.limit(limit))
        ]
    emit(rows, schedule_words.RUN_FIELDS, default=schedule_words.RUNS_SHOWN, empty=_("Nothing has run yet."))


@app.command("pause")
def pause(name: Name) -> None:
    """Stops a schedule from running until it is resumed.

    $ pytake schedule pause remind-due
    """
    from pytake_cli.services import schedules

    _change(name, schedules.pause, _("{name} is paused"))


@app.command("resume")
def resume(name: Name) -> None:
    """Lets a schedule run again, from its next time on; what fell into the pause is not made up for.

    $ pytake schedule resume remind-due
    """
    from pytake_cli.services import schedules

    _change(name, schedules.resume, _("{name} runs again"))


def _change(name: str, act: Callable[..., None], told: str) -> None:
    from pytake_cli.services import schedules

    here = context()
    with here.store.write(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, name)
        act(db, schedule, here.now)
        db.flush()
        if here.dry_run:
            db.expunge(schedule)  # to be shown
            db.rollback()
    if here.output.form not in ("table", "plain"):
        emit(schedule_words.row(schedule, None), schedule_words.FIELDS, default=schedule_words.SHOWN)
    done(told.format(name=schedule.name))
    if schedule.next_at is not None:
        say(f"  {schedule_words.first_times(schedules.coming(schedule, here.now), schedule.tz)}")
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a schedule and the history of its runs.

    $ pytake schedule delete remind-due --yes
    """
    from pytake_cli.services import schedules
    from pytake_cli.store import schedules as rows

    here = context()
    with here.store.read(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, name)
    if here.dry_run:
        say(_("{name} would be deleted (--dry-run)").format(name=schedule.name))
        return
    if not confirm.ordinary(_("Delete the schedule {name} and its history?").format(name=schedule.name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        rows.delete(db, schedules.find(db, here.org_id, str(schedule.id)))
    done(_("{name} is deleted").format(name=schedule.name))


@app.command("run")
def run(
    name: Name,
    now: Annotated[bool, typer.Option("--now", help="Here and now, without the daemon; its output is shown.")] = False,
) -> int:
    """Runs a schedule once more, whatever the time: the daemon does, or with --now this command.

    With --now the exit code is the command's own. Its times are not changed by it.

    $ pytake schedule run remind-due
    $ pytake schedule run remind-due --now
    """
    from pytake_cli.services import schedules

    here = context()
    with here.store.read(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, name)
    if here.dry_run:
        command = ["pytake", *schedules.command_at(schedule, here.now)]
        say(_("would run: {command} (--dry-run)").format(command=" ".join(command)))
        return 0
    if now:
        return _run_here(name)
    with wake(here.store).write(here.org_id) as db:
        asked = schedules.ask(db, schedules.find(db, here.org_id, name), here.now)
    emit(schedule_words.run_row(asked, schedule.name), schedule_words.RUN_FIELDS, default=schedule_words.RUNS_SHOWN)
    done(_("{name} runs now · what became of it: pytake schedule runs {name}").format(name=schedule.name))
    if running() is None:
        warn(_("the daemon does not run now: pytake serve"))
    return 0


def _run_here(name: str) -> int:
    """Runs the command as a child of this one, and notes how it ended."""
    from pytake_cli import clock
    from pytake_cli.daemon import owner
    from pytake_cli.services import schedule_runs, schedules
    from pytake_cli.store import schedules as rows

    here, me = context(), owner.mine()
    with here.store.write(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, name)
        child = schedule_runs.child_of(db, schedules.ask(db, schedule, here.now, me))
    code, said, reason = None, b"", "stopped"
    try:
        ended = subprocess.run(  # noqa: S603 - this program, with the words that were checked
            child.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=child.environment, timeout=child.most_seconds, check=False,
        )  # fmt: skip
        code, said, reason = ended.returncode, ended.stdout, ""
    except subprocess.TimeoutExpired as error:
        said, reason = error.stdout or b"", "timeout"
    finally:
        output = said.decode(errors="replace")
        schedule_runs.finish(
            here.store, child.run_id, me, exit_code=code, output=output, reason=reason, now=clock.now()
        )
    say(output.rstrip())
    with here.store.read(here.org_id) as db:
        row = schedule_words.run_row(db.get_one(rows.ScheduleRun, child.run_id), schedule.name)
    emit(row, schedule_words.RUN_FIELDS, default=schedule_words.RUNS_SHOWN)
    return 1 if code is None else code
