"""Automations: when something happens, if this holds, then that; files of automations/, published like flows.

$ pytake automation check
$ pytake automation dry-run automations/fecha-parados.yaml --since 7d
$ pytake automation publish
$ pytake automation runs fecha-parados
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import automation_files, confirm, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.automations import Automation, AutomationRun

app = typer.Typer(no_args_is_help=False)

FIELDS = {
    "name": "name",
    "title": "what it is for",
    "enabled": "whether it is on",
    "number": "how often it was published",
    "waiting": "runs that are not due yet",
    "when": "what sets it off",
    "then": "what it does, step by step",
    "published_at": "when it was published",
    "source": "the file as it was published",
}
SHOWN = ("name", "title", "enabled", "when", "waiting", "published_at")
RUN_FIELDS = {
    "id": "row id",
    "automation": "the automation",
    "conversation": "number of the conversation",
    "event": "what set it off",
    "state": "pending, done, skipped, refused or cancelled",
    "reason": "why it was not done",
    "did": "what it has done",
    "due_at": "when it is or was due",
    "created_at": "when it began",
    "ended_at": "when it was over",
}
RUN_SHOWN = ("created_at", "automation", "conversation", "event", "state", "reason", "did")
PROBLEM_FIELDS = ("path", "line", "column", "severity", "slug", "message", "fix")
WOULD_FIELDS = {
    "at": "when it would have begun",
    "conversation": "number of the conversation",
    "contact": "row id of the contact",
    "event": "what would have set it off",
    "outcome": "would run, skipped, cancelled or waiting",
    "reason": "why it would not have been done",
    "steps": "what it would have done",
}
WOULD_SHOWN = ("at", "conversation", "event", "outcome", "reason", "steps")
Files = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE…]", help="Files, folders or names; by default automations/.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The automation.")]
Limit = Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")]


@app.command("list")
def list_() -> None:
    """Lists the automations that were published.

    $ pytake automation list
    """
    from pytake_cli.store import automations

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [_row(db, row) for row in automations.everyone(db, here.org_id)]
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no automations yet"))


@app.command("show")
def show(name: Name) -> None:
    """Shows a published automation.

    $ pytake automation show fecha-parados
    $ pytake automation show fecha-parados --fields source
    """
    from pytake_cli.services import automations

    here = context()
    with here.store.read(here.org_id) as db:
        card = _row(db, automations.find(db, here.org_id, name))
    emit(card, FIELDS)


@app.command("check")
def check(files: Files = None) -> None:
    """Checks files: every mistake with its line and column; exit code 65 if there is one.

    $ pytake automation check
    $ pytake automation check automations/vip.yaml --json
    """
    from pytake_cli.cli.flow_report import problem_line
    from pytake_cli.services import automations
    from pytake_cli.services.automation_files import AutomationErrors

    here = context()
    drafts = automation_files.drafts(files or [])
    with here.store.read(here.org_id) as db:
        problems = automations.check(db, here.org_id, drafts)
    if here.output.form in ("json", "jsonl"):
        emit([each.to_json() for each in problems], PROBLEM_FIELDS)
    else:
        for each in problems:
            data(problem_line(each))
    if problems:
        raise AutomationErrors(problems)
    done(_("{count} automations are fine").format(count=number(len(drafts))))


@app.command("publish")
def publish(files: Files = None) -> None:
    """Publishes files, all or none. A new automation is on at once, for what happens from now on.

    $ pytake automation publish --dry-run
    $ pytake automation publish automations/fecha-parados.yaml
    """
    from pytake_cli.services import automations

    here = context()
    drafts = automation_files.drafts(files or [])
    with here.store.write(here.org_id) as db:
        made = automations.publish(db, here.org_id, drafts, by=selectors.author(db), now=here.now)
        rows = [{**_row(db, each.row), "same": each.same} for each in made]
        if here.dry_run:
            db.rollback()
    emit(rows, {**FIELDS, "same": "whether it was published like that already"}, default=SHOWN)
    changed = [row["name"] for row in rows if not row["same"]]
    _told(_("published: {names}").format(names=", ".join(changed)) if changed else _("nothing was new"))


@app.command("enable")
def enable(name: Name) -> None:
    """Switches an automation on, for what happens from now on.

    $ pytake automation enable fecha-parados
    """
    _switch(name, True)


@app.command("disable")
def disable(name: Name) -> None:
    """Switches an automation off, and calls off what it waits for.

    $ pytake automation disable fecha-parados
    """
    _switch(name, False)


def _switch(name: str, on: bool) -> None:
    from pytake_cli.services import automations

    here = context()
    with here.store.write(here.org_id) as db:
        row = automations.find(db, here.org_id, name)
        changed = automations.enable(db, row, on, here.now)
        card = _row(db, row)
        if here.dry_run:
            db.rollback()
    emit(card, FIELDS, default=SHOWN)
    if not changed:
        say(_("{name} was like that already").format(name=name))
    else:
        _told(_("{name} is on").format(name=name) if on else _("{name} is off").format(name=name))


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes an automation with its history; its file stays.

    $ pytake automation delete fecha-parados --yes
    """
    from pytake_cli.services import automations

    here = context()
    with here.store.read(here.org_id) as db:
        automations.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the automation {name} and its history?").format(name=name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        automations.delete(db, automations.find(db, here.org_id, name))
        if here.dry_run:
            db.rollback()
    _told(_("the automation {name} is deleted").format(name=name))


@app.command("dry-run")
def dry_run(
    file: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A file, or a published automation.")],
    since: Annotated[str, typer.Option("--since", metavar="T", help="From when on: 7d, 2026-11-01.")] = "7d",
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Only what it would do in this one.")
    ] = None,
) -> None:
    """Says what an automation would have done with what happened, and why not otherwise; does nothing.

    $ pytake automation dry-run automations/fecha-parados.yaml --since 7d
    $ pytake automation dry-run fecha-parados --conversation 5008
    """
    from pytake_cli.services import automation_replay, automations, conversations
    from pytake_cli.services.automation_files import AutomationErrors

    here = context()
    with here.store.read(here.org_id) as db:
        draft = _draft(db, file)
        if problems := automations.check(db, here.org_id, [draft]):
            raise AutomationErrors(problems)
        rule = automations.parsed(draft.text)
        only = conversations.get(db, conversation).id if conversation else None
        found = automation_replay.replay(db, here.org_id, rule, times.past(since, here.now, here.tz), here.now)
    rows = [{name: getattr(one, name) for name in WOULD_FIELDS} for one in found if only in (None, one.conversation)]
    emit(rows, WOULD_FIELDS, default=WOULD_SHOWN, empty=_("It would have done nothing"))
    would = sum(row["outcome"] == automation_replay.WOULD for row in rows)
    say(_("it would have run {count} times; nothing was done").format(count=number(would)))


def _draft(db: Session, word: str) -> Any:
    """A file, or what was published under that name."""
    from pytake_cli.errors import NotFound
    from pytake_cli.services import automations

    try:
        return automation_files.drafts([word])[0]
    except NotFound:
        row = automations.find(db, context().org_id, word)
        return automations.Draft(row.name, row.source)


@app.command("runs")
def runs(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only of this automation.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="A,B", help="pending, done, skipped, refused, cancelled.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Lists what automations did, and why they did not, the latest first.

    $ pytake automation runs fecha-parados --state skipped,refused
    """
    from pytake_cli.services import automations
    from pytake_cli.store import automations as rows

    here = context()
    known = (rows.PENDING, rows.DONE, rows.SKIPPED, rows.REFUSED, rows.CANCELLED)
    states = selectors.some_of(state, known, "--state", "pytake automation runs -h")
    with here.store.read(here.org_id) as db:
        row = automations.find(db, here.org_id, name) if name else None
        found = rows.runs(
            db, here.org_id, automation_id=row.id if row else None, states=states, limit=here.limit(limit)
        )
        names = {each.id: each.name for each in rows.everyone(db, here.org_id)}
    emit([_run(run, names) for run in found], RUN_FIELDS, default=RUN_SHOWN, empty=_("No automation has run"))


@app.command("history")
def history(
    conversation: Annotated[str, typer.Argument(metavar="ID", help="Number of the conversation.")],
    limit: Limit = 50,
) -> None:
    """Lists what automations did in a conversation, and why they did not, the latest first.

    $ pytake automation history 5008
    """
    from pytake_cli.services import conversations
    from pytake_cli.store import automations as rows

    here = context()
    with here.store.read(here.org_id) as db:
        talk = conversations.get(db, conversation)
        found = rows.runs(db, here.org_id, conversation_id=talk.id, limit=here.limit(limit))
        names = {each.id: each.name for each in rows.everyone(db, here.org_id)}
    emit([_run(run, names) for run in found], RUN_FIELDS, default=RUN_SHOWN, empty=_("No automation has run"))


def _run(run: AutomationRun, names: dict[int | None, str]) -> dict[str, Any]:
    shown = {"automation": names.get(run.automation_id, ""), "conversation": run.conversation_id}
    return {**{name: getattr(run, name, None) for name in RUN_FIELDS}, **shown}


def _row(db: Session, row: Automation) -> dict[str, Any]:
    from pytake_cli.services import automation_events, automations
    from pytake_cli.services.automation_files import AutomationErrors

    try:
        rule = automations.parsed(row.source)
        when = [each.event for each in rule.when]
        then = [act.verb for act in rule.then]
    except AutomationErrors as error:
        when, then = [], [str(error)]
    waiting = automation_events.pending(db, row.id or 0)
    return {**row.model_dump(), "when": ", ".join(when), "then": then, "waiting": waiting}


def _told(what: str) -> None:
    say(_("would be: {what}").format(what=what)) if context().dry_run else done(what)
