"""Business hours of teams."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from pytake_cli.cli import changes, neighbour
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import InvalidData
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="When a team is open; without hours it always is.")

FIELDS = {
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "when it is open"),
    "tz": "the time zone",
    "holidays": "days on which it is closed",
    "open": "whether it is open now",
    "next_open": "when it opens next",
}
Name = Annotated[str, typer.Argument(metavar="TEAM", help="The team.")]


@app.command("show")
def show(name: Name) -> None:
    """Shows when a team is open.

    $ pytake team hours show vendas
    """
    from pytake_cli.policy import hours
    from pytake_cli.services import teams

    here = context()
    with here.store.read(here.org_id) as db:
        team = teams.find(db, here.org_id, name)
    schedule = teams.schedule(team)
    if schedule is None:
        say(_("the team {name} is always open").format(name=team.slug))
    holidays = sorted(schedule.holidays) if schedule else []
    opens = hours.next_open(schedule, here.now) if schedule else here.now
    spans = teams.spans_of(team) or dict.fromkeys(hours.DAYS, "00:00-24:00")
    row = {**spans, "tz": schedule.tz if schedule else "", "holidays": [day.isoformat() for day in holidays]}
    emit({**row, "open": teams.is_open(team, here.now), "next_open": opens}, FIELDS)


@app.command("set")
def set_(
    name: Name,
    spans: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DAYS=HOURS]...", help="Such as mon-fri=09:00-12:00,13:30-18:00 sat=09:00-13:00."),
    ] = None,
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone; by default the organisation's.")] = "",
    holiday: Annotated[
        list[str] | None, typer.Option("--holiday", metavar="DATE", help="A day on which it is closed: 2026-12-25.")
    ] = None,
    always: Annotated[bool, typer.Option("--always", help="It is always open.")] = False,
) -> None:
    """Says when a team is open; replaces what was said before.

    $ pytake team hours set vendas mon-fri=09:00-18:00 sat=09:00-13:00 --holiday 2026-12-25
    $ pytake team hours set plantao --always
    """
    from pytake_cli.services import teams

    if not spans and not always:
        raise InvalidData(
            "PT-TEAM-HOURS",
            "these are no business hours: {detail}",
            fix="pytake team hours set {name} mon-fri=09:00-18:00 sat=09:00-13:00",
            detail="--always",
            name=name,
        )
    wanted = {day: hours.split(",") for day, hours in (changes.split(span) for span in spans or [])}
    here = context()
    with neighbour.wake(here.store).write(here.org_id) as db:
        team = teams.find(db, here.org_id, name)
        days = [_date(day) for day in holiday or []]
        teams.set_hours(db, team, {} if always else wanted, here.now, tz=tz, holidays=days)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("the hours of {name} are set · see them: pytake team hours show {name}").format(name=name))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidData(
            "PT-TEAM-HOURS",
            "these are no business hours: {detail}",
            fix="--holiday 2026-12-25",
            detail=text,
        ) from None
