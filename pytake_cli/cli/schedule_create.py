"""`pytake schedule create` and `set`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import schedule_command, schedule_when, schedule_words, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.neighbour import running, wake
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.schedule_when import When
from pytake_cli.errors import UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.schedules import Schedule

SCOPE = "schedule create"
FIELDS = {**schedule_words.FIELDS, "replayed": "true: the idempotency key was used before, and nothing new was made"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(When):
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
    do: Annotated[str | None, typer.Option("--do", metavar="COMMAND", help="What to run, without pytake.")] = None
    missed: Annotated[
        Literal["skip", "run-once"], typer.Option("--missed", help="When no daemon ran at the time: not, or once late.")
    ] = "skip"
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="The same key never makes two.")
    ] = None
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who makes it.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(When):
    name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="Name or number.")]
    do: Annotated[str | None, typer.Option("--do", metavar="COMMAND", help="What to run, without pytake.")] = None
    missed: Annotated[Literal["skip", "run-once"] | None, typer.Option("--missed", help="When no daemon ran.")] = None


@filled_in
def create(given: Created) -> None:
    """Makes a schedule: the daemon runs the command whenever its time has come, once for each local time.

    The command is checked now. It runs as this program, without a shell, asks nobody, and what it prints is kept.

    $ pytake schedule create remind-due --cron "0 9 * * 1-5" --do "campaign launch remind --yes --expect any"
    $ pytake schedule create clean --every 1d --at 03:30 --do "privacy retention run" --missed run-once
    $ pytake schedule create open --every mon-fri --at 08:00 --holidays shop --do "flow enable hello"
    $ pytake schedule create party --at "2026-12-31 20:00" --do "campaign launch party --yes --expect any"
    """
    from pytake_cli.services import idempotency, schedules

    if given.do is None:
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="pytake schedule create -h", name="--do")
    here = context()
    words = schedule_command.words_of(given.do)
    tz = here.flags.tz or here.org.tz
    rule = schedule_when.rule_of(given, tz, here.now)
    assert rule is not None
    key, content = given.idempotency_key, _content(given, tz)
    with wake(here.store).write(here.org_id) as db:
        replayed = idempotency.earlier(db, here.org_id, SCOPE, key, content) if key else None
        if replayed is not None:
            schedule = schedules.find(db, here.org_id, str(replayed["id"]))
        else:
            author = selectors.author(db, given.as_)
            schedule = schedules.create(
                db, here.org_id, name=given.name, rule=rule, tz=tz, command=words, missed=given.missed,
                by=author.email if author else "", now=here.now,
            )  # fmt: skip
            if key:
                idempotency.keep(db, here.org_id, SCOPE, key, content, {"id": schedule.id}, here.now)
        if here.dry_run:
            db.expunge(schedule)  # to be shown
            db.rollback()
    _show(schedule, replayed=replayed is not None)


@filled_in
def set_(given: Changed) -> None:
    """Changes when a schedule runs or what it does; what is not given stays as it was.

    $ pytake schedule set remind-due --cron "0 10 * * 1-5"
    $ pytake schedule set remind-due --blackout 2026-12-24..2027-01-02
    $ pytake schedule set remind-due --modify 2026-11-27="campaign launch black-friday --yes --expect any"
    $ pytake schedule set remind-due --missed run-once --dry-run
    """
    from pytake_cli.services import schedules

    here = context()
    words = schedule_command.words_of(given.do) if given.do is not None else None
    with here.store.write(here.org_id) as db:
        schedule = schedules.find(db, here.org_id, given.name)
        tz = here.flags.tz or schedule.tz
        before = schedules.rule_of(schedule)
        rule = schedule_when.rule_of(given, tz, here.now, before)
        schedules.change(
            db, schedule, rule=rule, tz=here.flags.tz, command=words, missed=given.missed, now=here.now
        )  # fmt: skip
        db.flush()
        if here.dry_run:
            db.expunge(schedule)  # to be shown
            db.rollback()
    _show(schedule, replayed=False)


def _content(given: Created, tz: str) -> dict[str, Any]:
    """What the line asks for, whenever it is run."""
    ways = {"idempotency_key", "as_"}
    return {name: value for name, value in asdict(given).items() if name not in ways and value is not None} | {"tz": tz}


def _show(schedule: Schedule, *, replayed: bool) -> None:
    from pytake_cli.services import schedules

    here = context()
    if here.output.form not in ("table", "plain"):
        emit(
            {**schedule_words.row(schedule, None), "replayed": replayed},
            FIELDS,
            default=(*schedule_words.SHOWN, "replayed"),
        )
    if replayed:
        say(_("this key was used before: nothing new was made"))
    if schedule.paused_at is not None:
        done(_("{name} is paused").format(name=schedule.name))
    else:
        coming = schedule_words.first_times(schedules.coming(schedule, here.now), schedule.tz)
        done(_("{name} · next: {times}").format(name=schedule.name, times=coming))
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    if schedule.missed == "skip":
        policy = _("it runs inside pytake serve; when that does not run at the time: skipped (--missed skip|run-once)")
    else:
        policy = _(
            "it runs inside pytake serve; when that does not run at the time: once, late (--missed skip|run-once)"
        )
    say(f"  {policy}")
    if running() is None:
        say(f"  {_('the daemon does not run now: pytake serve')}")
