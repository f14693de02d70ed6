"""Labels: words for conversations, such as vip or urgente. Giving them: pytake conversation label."""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.conversation_acts import who
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, number

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "name": "the label",
    "count": "how many conversations that go on have it",
    "id": "row id",
}
SHOWN = ("name", "count")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The label.")]


@app.command("list")
def list_() -> None:
    """Lists the labels, each with how many conversations that go on have it.

    $ pytake label list
    """
    from pytake_cli.store import labels

    here = context()
    with here.store.read(here.org_id) as db:
        rows = labels.everyone(db, here.org_id)
    emit(rows, FIELDS, default=SHOWN, empty=_("there are no labels yet · make one: pytake label create vip"))


@app.command("create")
def create(name: Name) -> None:
    """Makes a label.

    $ pytake label create vip
    """
    from pytake_cli.services import labels

    here = context()
    with here.store.write(here.org_id) as db:
        row = labels.create(db, who(db), name, here.now)
        shown = {"id": row.id, "name": row.name, "count": 0}
        if here.dry_run:
            db.rollback()
    emit(shown, FIELDS, default=SHOWN)
    _told(_("{name} is a label now · give it: pytake conversation label ID --add {name}").format(name=row.name))


@app.command("rename")
def rename(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="NEW", help="What it is called from now on.")],
) -> None:
    """Calls a label otherwise, wherever it is given.

    $ pytake label rename vip --to "muito vip"
    """
    from pytake_cli.services import labels

    here = context()
    with here.store.write(here.org_id) as db:
        row = labels.rename(db, who(db), name, to)
        if here.dry_run:
            db.rollback()
    _told(_("{name} is {to} now").format(name=name, to=row.name))


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a label, and takes it from every conversation.

    $ pytake label delete vip --yes
    """
    from pytake_cli.services import labels

    here = context()
    with here.store.read(here.org_id) as db:
        labels.find(db, who(db), name)
    question = _("Delete the label {name}, and take it from every conversation?").format(name=name)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        count = labels.delete(db, who(db), name)
        if here.dry_run:
            db.rollback()
    _told(_("{name} is deleted; {count} conversations had it").format(name=name, count=number(count)))


def _told(what: str) -> None:
    if context().dry_run:
        say(_("would be: {what}").format(what=what))
    else:
        done(what)
