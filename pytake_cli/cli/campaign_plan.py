"""`pytake campaign plan`: what a launch would do, at what price, and why some people get nothing."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli.cli import campaign_folder, campaign_words, problems, times
from pytake_cli.cli.changes import split
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, page, say
from pytake_cli.cli.progress import Progress
from pytake_cli.errors import InputNeeded, UsageError, WouldFail
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.policy.campaigns import Definition
    from pytake_cli.services.campaign_rows import Found
    from pytake_cli.store.campaigns import Plan

MANY = 5000  # people; to look at fewer takes no time
FIELDS = {
    "id": "plan id, for campaign launch --plan; the same content has the same",
    "name": "the campaign",
    "recipients": "people who would be in it",
    "audience": "people of the segment or file",
    "exclusions": "how many are left out for which reason, each person once",
    "lacking": "recipients without a value for the template: they are skipped",
    "arms": "how many fall into each variant",
    "number": "from which number",
    "templates": "each template with its status, category and quality",
    "samples": "messages of five people, as they would read them",
    "cost": "what it costs at least and at most, an estimate",
    "quota": "what Meta's limit of people in 24 hours leaves",
    "duration": "when it would begin and end",
    "recurrence": "of one that recurs, the next times; all else is about the first of them",
    "query": "the audience in the segment language",
    "file": "what became of the rows of a file",
    "problems": "what would stop the launch",
    "warnings": "what else to know",
    "expires_at": "until when it can be launched",
}
SKIPPED_FIELDS = {
    "contact_id": "number of the contact",
    "name": "what the contact is called",
    "reason": "why the contact is left out",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says."""

    campaign: Annotated[
        str | None, typer.Argument(metavar="[FILE|NAME]", help="A campaign file, or one of campaigns/.")
    ] = None
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name, where no file has one.")] = None
    template: Annotated[str | None, typer.Option("-t", "--template", metavar="NAME", help="An approved template.")] = (
        None
    )
    language: Annotated[
        str | None, typer.Option("--template-lang", metavar="LANG", help="The template's language, if it has several.")
    ] = None
    flow: Annotated[str | None, typer.Option("--flow", metavar="NAME", help="A flow to start instead.")] = None
    number: Annotated[
        str | None, typer.Option("--number", metavar="NUMBER", help="The number to send from, if there are several.")
    ] = None
    segment: Annotated[str | None, typer.Option("--segment", metavar="NAME", help="A saved segment.")] = None
    where: Annotated[str | None, typer.Option("-w", "--where", metavar="EXPR", help="Who, as segments say it.")] = None
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE|-", help="People by phone, with columns for --var k=@column.")
    ] = None
    everybody: Annotated[bool, typer.Option("--all", help="Every contact.")] = False
    var: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=TEXT", help="A value of the template; @column, {{ … }}. Repeatable."),
    ] = None
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When it begins.")] = None
    rate: Annotated[str | None, typer.Option("--rate", metavar="N/s", help="Messages a second, at most.")] = None
    max_cost: Annotated[
        str | None, typer.Option("--max-cost", metavar="AMOUNT", help="'USD 800': more is refused.")
    ] = None
    max_recipients: Annotated[
        int | None, typer.Option("--max-recipients", metavar="N", min=1, help="More people are refused.")
    ] = None
    quiet_hours: Annotated[
        str | None,
        typer.Option("--quiet-hours", metavar="SPAN", help="20:00-08:00, by each person's clock; none."),
    ] = None
    show: Annotated[
        Literal["skipped"] | None, typer.Option("--show", metavar="WHAT", help="skipped: who is left out, and why.")
    ] = None


@filled_in
def plan(given: Given) -> None:
    """Says what a launch would do: who gets it, what it says, costs and takes. Sends nothing.

    Exit 3 when something would stop the launch. A plan is kept for 24 hours.

    $ pytake campaign plan black-friday
    $ pytake campaign plan campaigns/black-friday.yaml --json
    $ pytake campaign plan --template promo -w 'tag=vip' --var 1='{{ contact.first_name }}' --max-cost 'USD 80'
    $ pytake campaign plan --template promo --file clientes.csv --var 1=@nome --var 2=@cupom
    $ pytake campaign plan black-friday --show skipped
    """
    with ExitStack() as stack:
        definition, found = defined(given, stack)
    if given.show == "skipped":
        _skipped(definition)
        return
    made = planned(definition, found, keep=not context().dry_run)
    shown(made)
    if made.content["problems"]:
        raise typer.Exit(WouldFail.exit_code)


def defined(given: Given, stack: ExitStack) -> tuple[Definition, Found | None]:
    """The campaign that the line means, with the rows of its file kept."""
    from pytake_cli.services import campaign_files

    if given.campaign is None:
        definition, folder = of_line(given), Path()
    else:
        given_flags = flags(given)
        path = campaign_folder.named(given.campaign)
        shown_path = campaign_folder.shown(path)
        definition = campaign_files.read(campaign_folder.read(path), shown_path, context().tz, given_flags)
        folder = Path() if given.file else path.parent
    if definition.audience.kind != "file":
        return definition, None
    return _with_rows(definition, folder, stack)


def of_line(given: Given) -> Definition:
    """The campaign that is all flags."""
    from pytake_cli.services import campaign_files

    given_flags = flags(given)
    given_flags.setdefault("name", ("--name", _name(given)))
    return campaign_files.of_flags(given_flags, context().tz)


def _with_rows(definition: Definition, folder: Path, stack: ExitStack) -> tuple[Definition, Found]:
    from pytake_cli.services import campaign_rows, contact_import_files

    text = definition.audience.text
    if text == "-" and sys.stdin.isatty():
        raise InputNeeded(
            "PT-INPUT-STDIN",
            "- reads {what} from stdin, and stdin is this terminal",
            fix="… --file - < clientes.csv",
            what="CSV",
        )
    source = stack.enter_context(contact_import_files.source(sys.stdin.buffer if text == "-" else folder / text))
    here = context()
    return campaign_rows.read(here.store, here.org_id, definition, source, here.now)


def planned(definition: Definition, found: Found | None = None, *, keep: bool = True) -> Plan:
    """Makes the plan, with its progress on stderr."""
    from pytake_cli.services import campaign_audience, campaign_plans

    here = context()
    with here.store.read(here.org_id) as db:
        total = campaign_audience.size(db, here.org_id, definition, here.now)
    progress = Progress("plan", total)
    tell = progress.at if total > MANY else None
    try:
        return campaign_plans.make(here.store, here.org_id, definition, here.now, tell, file=found, keep=keep)
    finally:
        progress.end()


def shown(made: Plan) -> None:
    """Writes a plan: a page for people, one object for programs; its problems last."""
    from pytake_cli.services import campaign_checks

    output = context().output
    if output.form not in ("table", "plain") or output.fields:
        emit(record(made), FIELDS)
        if output.form in ("json", "jsonl"):
            return
    else:
        page(campaign_words.page(made))
    for each in made.content["warnings"]:
        say(campaign_words.warning(each))
    for each in made.content["problems"]:
        problems.tell(campaign_checks.of_json(each), context().flags)
    if made.recipients and not made.content["problems"] and not context().dry_run:  # which keeps none
        done(_("{plan} holds for 24 hours; launch it with:").format(plan=made.id))
        say(f"  pytake campaign launch --plan {made.id} --expect {made.recipients}")


def record(made: Plan) -> dict[str, Any]:
    """A plan as programs read it."""
    from pytake_cli.services import campaign_checks
    from pytake_cli.telling import texts

    def told(found: dict[str, Any]) -> dict[str, str]:
        message, why, fix = texts(campaign_checks.of_json(found))
        return {"slug": found["slug"], "message": message, "why": why, "fix": fix}

    content = {name: value for name, value in made.content.items() if name in FIELDS}
    return {
        **content,
        "id": made.id,
        "name": made.name,
        "expires_at": made.expires_at,
        "problems": [told(each) for each in content["problems"]],
        "warnings": [told(each) for each in content["warnings"]],
    }


def _skipped(definition: Definition) -> None:
    """Lists who is left out."""
    from pytake_cli.services import campaign_audience

    here = context()
    with here.store.read(here.org_id) as db:
        rows, total = campaign_audience.skipped(db, here.org_id, definition, here.now, here.limit(None))
    emit(rows, SKIPPED_FIELDS, total=total, empty=_("Nobody is left out"))


def flags(given: Given) -> dict[str, tuple[str, Any]]:
    """(flag, value) by the key of a campaign file that each flag sets."""
    here = context()
    found: dict[str, tuple[str, Any]] = {}
    for key, flag in (
        ("name", "--name"),
        ("template", "--template"),
        ("language", "--template-lang"),
        ("flow", "--flow"),
        ("number", "--number"),
        ("rate", "--rate"),
        ("max_cost", "--max-cost"),
        ("max_recipients", "--max-recipients"),
        ("quiet_hours", "--quiet-hours"),
    ):
        if (value := getattr(given, key)) is not None:
            found[key] = (flag, value)
    if given.at is not None:
        found["at"] = ("--at", times.instant(given.at, here.now, here.tz))
    if given.var:
        found["values"] = ("--var", dict(split(each) for each in given.var))
    audiences = {"segment": given.segment, "where": given.where, "file": given.file, "all": given.everybody or None}
    named = {kind: value for kind, value in audiences.items() if value is not None}
    if len(named) > 1:
        raise UsageError("PT-USAGE-BAD", "one audience at a time: --segment, --where, --file or --all", fix="--help")
    for kind, value in named.items():
        found["audience"] = (f"--{kind}", {kind: value})
    return found


def _name(given: Given) -> str:
    """What a campaign without a file is called: like what it sends."""
    return (given.template or given.flow or "campaign").replace("_", "-")[:63]
