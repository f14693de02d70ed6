"""Macros: several steps under one name, done in a conversation at once, all or none.

$ pytake macro create encerra --steps encerra.yaml
$ pytake macro preview encerra 5008
$ pytake conversation macro 5008 5011 encerra
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import changes, confirm, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.macros import Macro

app = typer.Typer(no_args_is_help=False)

FIELDS = {
    "name": "name",
    "title": "what it is for",
    "steps": "what it does, in order",
    "uses": "how often it was run",
    "used_at": "when it was run last",
    "source": "the steps as they were written",
    "created_at": "when it was made",
    "updated_at": "when it was changed",
}
SHOWN = ("name", "title", "steps", "uses")
STEP_FIELDS = {
    "step": "what is done",
    "what": "with which words or values",
    "talks": "whether the customer hears it",
}
Name = Annotated[str, typer.Argument(metavar="NAME", help="The macro.")]
Steps = Annotated[str, typer.Option("--steps", metavar="FILE|-", help="A list of steps, YAML; - reads stdin.")]
Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="What it is for.")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who acts: e-mail or name of a user.")]


@app.command("list")
def list_() -> None:
    """Lists the macros, the most used first.

    $ pytake macro list
    """
    from pytake_cli.store import macros

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [_row(row) for row in macros.everyone(db, here.org_id)]
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no macros yet"))


@app.command("show")
def show(name: Name) -> None:
    """Shows a macro.

    $ pytake macro show encerra
    $ pytake macro show encerra --fields source
    """
    from pytake_cli.services import macros

    here = context()
    with here.store.read(here.org_id) as db:
        card = _row(macros.find(db, here.org_id, name))
    emit(card, FIELDS)


@app.command("create")
def create(name: Name, steps: Steps, title: Title = None) -> None:
    """Keeps steps under a name: reply, canned, template, note, label, tag, set, assign, team, priority, snooze …

    $ pytake macro create encerra --steps encerra.yaml --title "Agradece e encerra"
    $ echo '[{reply: "Obrigada!"}, {label: resolvido}, {resolve: true}]' | pytake macro create fim --steps -
    """
    from pytake_cli.services import macros

    here = context()
    with here.store.write(here.org_id) as db:
        row = macros.create(db, here.org_id, name, _source(steps), here.now, title=title or "", path=steps)
        card = _row(row)
        if here.dry_run:
            db.rollback()
    emit(card, FIELDS, default=SHOWN)
    _told(_("{name} is a macro now · run it: pytake conversation macro ID {name}").format(name=name))


@app.command("set")
def set_(
    name: Name,
    steps: Annotated[str | None, typer.Option("--steps", metavar="FILE|-", help="Other steps.")] = None,
    title: Title = None,
) -> None:
    """Changes a macro.

    $ pytake macro set encerra --steps encerra.yaml
    """
    from pytake_cli.services import macros

    here = context()
    with here.store.write(here.org_id) as db:
        row = macros.find(db, here.org_id, name)
        source = _source(steps) if steps is not None else None
        changed = macros.change(db, row, here.now, source=source, title=title, path=steps or "")
        card = _row(row)
        if here.dry_run:
            db.rollback()
    emit(card, FIELDS, default=SHOWN)
    changes.tell(_("the macro {name}").format(name=name), changed)


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a macro.

    $ pytake macro delete encerra --yes
    """
    from pytake_cli.services import macros

    here = context()
    with here.store.read(here.org_id) as db:
        macros.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the macro {name}?").format(name=name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        macros.delete(db, macros.find(db, here.org_id, name))
        if here.dry_run:
            db.rollback()
    _told(_("the macro {name} is deleted").format(name=name))


@app.command("preview")
def preview(
    name: Name,
    conversation: Annotated[str, typer.Argument(metavar="ID", help="Number of the conversation.")],
    as_: As = None,
) -> None:
    """Shows every step as it would be in a conversation, texts filled; does nothing.

    $ pytake macro preview encerra 5008
    """
    from pytake_cli.services import conversations, macros

    here = context()
    with here.store.read(here.org_id) as db:
        row, talk = macros.find(db, here.org_id, name), conversations.get(db, conversation)
        found = macros.preview(db, row, talk, selectors.author(db, as_), here.now)
    emit(found, STEP_FIELDS)


def _source(steps: str) -> str:
    from pytake_cli.errors import NotFound

    if steps == "-":
        return selectors.stdin_text("--steps")
    try:
        return Path(steps).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "PT-MACRO-STEPS",
            "{file} cannot be read: {reason}",
            fix="pytake macro create -h",
            file=steps,
            reason=str(getattr(error, "strerror", None) or error),
        ) from None


def _row(row: Macro) -> dict[str, Any]:
    from pytake_cli.services import macros

    return {**row.model_dump(), "steps": macros.steps(row)}


def _told(what: str) -> None:
    say(_("would be: {what}").format(what=what)) if context().dry_run else done(what)
