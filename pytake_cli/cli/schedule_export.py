"""`pytake schedule export`: for those who want the system's clock to start things, not the daemon's."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, say, warn
from pytake_cli.errors import InvalidData, PartialFailure, UsageError
from pytake_cli.locale import _
from pytake_cli.telling import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytake_cli.store.schedules import Schedule


def export(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SCHEDULE]...", help="By default all.")] = None,
    systemd: Annotated[bool, typer.Option("--systemd", help="A timer and a service each.")] = False,
    crontab: Annotated[bool, typer.Option("--crontab", help="Lines for crontab -e.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Writes files there instead of showing them."),
    ] = None,
) -> None:
    """Writes schedules for the system's own clock, which then runs `pytake schedule run NAME --now`.

    What the system's clock cannot do is left to `pytake serve` and named; the exit code is 7 then. Pause the others
    here, or they run twice. In nights in which the clocks change, the system decides what happens.

    $ pytake schedule export --systemd -o /etc/systemd/system/
    $ pytake schedule export remind-due --crontab
    """
    from pytake_cli.services import schedules

    if systemd == crontab:
        raise UsageError(
            "PT-USAGE-MISSING",
            "{name} is missing",
            fix="pytake schedule export --crontab",
            name="--systemd | --crontab",
        )
    here = context()
    with here.store.read(here.org_id) as db:
        wanted = [schedules.find(db, here.org_id, each) for each in names or ()] or schedules.everyone(db, here.org_id)
    _export(wanted, output, systemd=systemd)


def _export(wanted: Sequence[Schedule], output: Path | None, *, systemd: bool) -> None:
    """Those that the system's clock can do; one alone that it cannot is an error."""
    files: dict[str, str] = {}
    left: dict[str, InvalidData] = {}
    for schedule in wanted:
        try:
            files.update(_units(schedule) if systemd else {f"pytake-{schedule.name}.cron": _lines(schedule)})
        except InvalidData as error:
            if len(wanted) == 1:
                raise
            left[schedule.name] = error
    if files:
        _write(files, output)
    for schedule in wanted:
        if schedule.paused_at is None and schedule.name not in left:
            warn(_("{name} runs in pytake serve too: pytake schedule pause {name}").format(name=schedule.name))
    _tell_left(left, len(wanted))


def _tell_left(left: dict[str, InvalidData], wanted: int) -> None:
    """Says which ones only the daemon's clock can do; they go on there."""
    for error in left.values():
        warn(texts(error)[0])
    if left:
        raise PartialFailure(
            "PT-SOME-FAILED",
            "{failed} of {all} did not work",
            why="only pytake serve knows {names}",
            fix="leave them to pytake serve; --systemd knows single days",
            failed=len(left),
            all=wanted,
            names=", ".join(left),
        )


def _write(files: dict[str, str], folder: Path | None) -> None:
    if folder is None:
        data("\n".join(f"# {name}\n{text}" for name, text in files.items()))
        return
    for name, text in files.items():
        path = folder / name
        if context().dry_run:
            say(_("would write {path} (--dry-run)").format(path=path))
            continue
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)  # systemd reads it, and there is no secret in it
        done(str(path))


def _units(schedule: Schedule) -> dict[str, str]:
    from pytake_cli.policy import system_clocks
    from pytake_cli.services.schedules import rule_of
    from pytake_cli.store.schedules import RUN_ONCE

    here = context()
    calendars = _said(schedule, lambda: system_clocks.calendars(rule_of(schedule), schedule.tz))
    environment = " ".join(f'"{name}={value}"' for name, value in _environment().items())
    service = [
        "[Unit]",
        f"Description=PyTake schedule {schedule.name} of {here.org.slug}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={str(Path.cwd()).replace('%', '%%')}",
        f"Environment={environment}",
        f"ExecStart={shlex.join(_command(schedule)).replace('%', '%%')}",
    ]
    timer = [
        "[Unit]",
        f"Description=When PyTake schedule {schedule.name} of {here.org.slug} runs",
        "",
        "[Timer]",
        *(f"OnCalendar={calendar}" for calendar in calendars),
        f"Persistent={'true' if schedule.missed == RUN_ONCE else 'false'}",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    name = f"pytake-{here.org.slug}-{schedule.name}"
    return {f"{name}.service": "\n".join(service) + "\n", f"{name}.timer": "\n".join(timer) + "\n"}


def _lines(schedule: Schedule) -> str:
    from pytake_cli.policy import system_clocks
    from pytake_cli.services.schedules import rule_of

    times = _said(schedule, lambda: system_clocks.crontab(rule_of(schedule)))
    words = [
        *(f"{name}={shlex.quote(value)}" for name, value in _environment().items()),
        shlex.join(_command(schedule)),
    ]
    command = f"cd {shlex.quote(str(Path.cwd()))} && {' '.join(words)}".replace("%", r"\%")
    zone = [
        f"# times of {schedule.tz}; a cron that does not know CRON_TZ takes them for its own",
        f"CRON_TZ={schedule.tz}",
    ]
    return "\n".join([*zone, *(f"{line} {command}" for line in times)]) + "\n"


def _said(schedule: Schedule, what: Callable[[], list[str]]) -> list[str]:
    try:
        return what()
    except ValueError as error:
        raise InvalidData(
            "PT-SCHEDULE-EXPORT",
            "the system's clock cannot do what {name} does: {part}",
            why="only pytake serve knows it",
            fix="pytake schedule show {name}",
            name=schedule.name,
            part=str(error),
        ) from None


def _command(schedule: Schedule) -> list[str]:
    org = context().org.slug
    return [sys.executable, "-m", "pytake_cli", "-o", org, "schedule", "run", schedule.name, "--now", "-q"]


def _environment() -> dict[str, str]:
    home = os.environ.get("PYTAKE_HOME")
    return {"PYTAKE_NO_INPUT": "1"} | ({"PYTAKE_HOME": os.path.abspath(home)} if home else {})
