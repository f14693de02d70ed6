"""Promised times: how soon people are answered, and how well that is kept.

$ pytake sla create padrao --first-reply 15m --next-reply 1h --resolution 2d
$ pytake sla create vip --team ouro --priority urgent --first-reply 2m
$ pytake sla report --period 7d --by team
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import changes, confirm, times
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from pytake_cli.store.sla import SlaPolicy

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "slug": "name of the policy",
    "team": "whose conversations; empty: everybody's",
    "priority": "urgent, high, normal or low; empty: all",
    "label": "with which label; empty: all",
    "first_reply": "seconds until a person has answered first",
    "next_reply": "seconds until each later message is answered",
    "resolution": "seconds until it is resolved",
    "business_hours": "whether only the team's hours count",
    "warn_percent": "how much of the time is over when people are warned",
    "version": "rises with each change",
    "id": "row id",
}
SHOWN = ("slug", "team", "priority", "label", "first_reply", "next_reply", "resolution", "business_hours")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The policy.")]
Span = Annotated[str | None, typer.Option(metavar="SPAN", help="15m, 1h, 2d; 0 promises nothing.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What a line says about a policy."""

    policy: Name
    team: Annotated[str | None, typer.Option("--team", metavar="TEAM", help='Whose conversations; "" for all.')] = None
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="P", help='urgent, high, normal, low; "" for all.')
    ] = None
    label: Annotated[str | None, typer.Option("--label", metavar="L", help='With that label; "" for all.')] = None
    first_reply: Annotated[
        str | None, typer.Option("--first-reply", metavar="SPAN", help="Until a person answers first: 15m; 0: none.")
    ] = None
    next_reply: Annotated[
        str | None, typer.Option("--next-reply", metavar="SPAN", help="Until each later message is answered.")
    ] = None
    resolution: Annotated[
        str | None, typer.Option("--resolution", metavar="SPAN", help="Until the conversation is resolved.")
    ] = None
    business_hours: Annotated[
        bool | None, typer.Option("--business-hours/--all-hours", help="Whether only the team's hours count.")
    ] = None
    warn: Annotated[
        int | None, typer.Option("--warn", metavar="PERCENT", help="Warn when so much of the time is over.")
    ] = None

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        spans = {name: getattr(self, name) for name in ("first_reply", "next_reply", "resolution")}
        return {
            "team": self.team,
            "priority": self.priority,
            "label": self.label,
            "business_hours": self.business_hours,
            "warn_percent": self.warn,
            **{name: None if text is None else _seconds(text) for name, text in spans.items()},
        }


def _seconds(text: str) -> int:
    return 0 if text.strip() == "0" else int(times.duration(text.lstrip("+")).total_seconds())


@app.command("list")
def list_() -> None:
    """Lists the policies.

    $ pytake sla list
    """
    from pytake_cli.services import sla_policies
    from pytake_cli.store import sla

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [sla_policies.card(db, each) for each in sla.everyone(db, here.org_id)]
    emit(rows, FIELDS, default=SHOWN, empty=_("Nothing is promised yet: pytake sla create NAME --first-reply 15m"))


@app.command("create")
@filled_in
def create(given: Given) -> None:
    """Promises times; of several policies that fit, the one that says most holds: label, then priority, then team.

    $ pytake sla create padrao --first-reply 15m --next-reply 1h --resolution 2d
    $ pytake sla create vip --priority urgent --first-reply 2m --all-hours
    """

    def work(db: Session) -> SlaPolicy:
        from pytake_cli.services import sla_policies

        return sla_policies.create(db, context().org_id, given.policy, context().now, **given.values())

    _write(work)
    what = _("the policy {name} holds from now on").format(name=given.policy)
    say(_("would be: {what}").format(what=what)) if context().dry_run else done(what)


@app.command("set")
@filled_in
def set_(given: Given) -> None:
    """Changes a policy; running clocks are set anew.

    $ pytake sla set padrao --first-reply 10m --resolution 0
    """
    changed: list[str] = []

    def work(db: Session) -> SlaPolicy:
        from pytake_cli.services import sla_policies

        row = sla_policies.find(db, context().org_id, given.policy)
        changed.extend(sla_policies.change(db, row, context().now, **given.values()))
        return row

    _write(work)
    changes.tell(_("the policy {name}").format(name=given.policy), changed)


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a policy; what was broken stays in the report.

    $ pytake sla delete vip --yes
    """
    from pytake_cli.services import sla_policies

    here = context()
    with here.store.read(here.org_id) as db:
        sla_policies.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the policy {name}?").format(name=name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        sla_policies.delete(db, sla_policies.find(db, here.org_id, name))
        if here.dry_run:
            db.rollback()
    what = _("the policy {name} is deleted").format(name=name)
    say(_("would be: {what}").format(what=what)) if here.dry_run else done(what)


@app.command("report")
def report(
    period: Annotated[str, typer.Option("--period", metavar="P", help="7d, 2026-W47, 2026-11 or 2026-11-23.")] = "7d",
    by: Annotated[Literal["clock", "team", "agent"], typer.Option("--by", help="What is counted apart.")] = "clock",
) -> None:
    """Says how many of the promises that were due in a period were kept.

    $ pytake sla report --period 2026-W47
    $ pytake sla report --by team
    """
    from pytake_cli.services import periods, sla

    here = context()
    span = periods.read(period, here.now, here.tz)
    with here.store.read(here.org_id) as db:
        rows = sla.report(db, here.org_id, span.since, span.until, here.now, by=by)
    fields = {
        by: "what is counted",
        "total": "promises that were due",
        "met": "kept",
        "broken": "not kept",
        "running": "not yet over",
        "percent": "kept of those that are over",
    }
    emit(rows, fields, empty=_("nothing was due in that time"))


def _write(work: Callable[[Session], SlaPolicy]) -> None:
    from pytake_cli.services import sla_policies

    here = context()
    with here.store.write(here.org_id) as db:
        card = sla_policies.card(db, work(db))
        if here.dry_run:
            db.rollback()
    emit(card, FIELDS, default=SHOWN)
