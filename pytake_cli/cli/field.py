"""Fields: what you keep about your contacts besides what WhatsApp knows, each with a type.

$ pytake field add plan --type choice --choices basic,gold
$ pytake contact set +5511968184101 f.plan=gold
$ pytake field list
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pytake_cli.cli import changes, confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, number

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "name": "name; in segments and commands f.NAME",
    "type": "text, number, date, bool or choice",
    "label": "what people read",
    "choices": "the choices of a choice",
    "indexed": "whether segments find its people without looking through all",
    "created_at": "when the field was declared",
}
SHOWN = ("name", "type", "label", "choices", "indexed")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _.")]


@app.command("list")
def list_() -> None:
    """Lists your fields.

    $ pytake field list
    """
    from pytake_cli.services import fields

    here = context()
    with here.store.read(here.org_id) as db:
        rows = fields.listed(db, here.org_id)
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no fields yet"))


@app.command("add")
def add(
    name: Name,
    type_: Annotated[Literal["text", "number", "date", "bool", "choice"], typer.Option("--type", help="The type.")],
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="What people read.")] = "",
    choices: Annotated[str, typer.Option("--choices", metavar="A,B", help="The choices of a choice.")] = "",
    indexed: Annotated[
        bool, typer.Option("--indexed", help="Keep an index, so that segments answer quickly among a million people.")
    ] = False,
) -> None:
    """Declares a field. What contacts hold under its name already becomes its type, or the field is refused.

    $ pytake field add city --type text
    $ pytake field add plan --type choice --choices basic,gold --label "Plano"
    $ pytake field add due --type date --indexed
    """
    from pytake_cli.services import fields

    here = context()
    with here.store.write(here.org_id) as db:
        options = [choice for choice in choices.split(",") if choice.strip()]
        field = fields.add(db, here.org_id, name, type_, here.now, label=label, choices=options, indexed=indexed)
        row = {**field.model_dump(), "indexed": indexed}
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    _told(_("{name} is a field now · set it: pytake contact set CONTACT f.{name}=…").format(name=name))


@app.command("set")
def set_(
    name: Name,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="What people read.")] = None,
    indexed: Annotated[
        bool | None,
        typer.Option("--indexed/--no-indexed", help="Whether an index is kept, for segments among a million people."),
    ] = None,
) -> None:
    """Changes a field's label, or turns its index on or off: seconds for a million contacts, and writes wait meanwhile.

    $ pytake field set cidade --indexed
    $ pytake field set plan --label "Plano"
    """
    from pytake_cli.services import fields

    here = context()
    with here.store.write(here.org_id) as db:
        field, changed = fields.change(db, here.org_id, name, label=label, indexed=indexed)
        [row] = [one for one in fields.listed(db, here.org_id) if one["name"] == field.name]
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    changes.tell(_("the field {name}").format(name=name), changed)


@app.command("rename")
def rename(
    name: Name,
    to: Annotated[str, typer.Argument(metavar="NEW", help="What it is called from now on.")],
) -> None:
    """Calls a field otherwise; the contacts' values go along. Flow files that name it are yours to change.

    $ pytake field rename cidade city
    """
    from pytake_cli.services import fields

    here = context()
    with here.store.write(here.org_id) as db:
        field = fields.rename(db, here.org_id, name, to)
        [row] = [one for one in fields.listed(db, here.org_id) if one["name"] == field.name]
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    _told(_("{name} is {to} now").format(name=name, to=to))


@app.command("delete")
def delete(name: Name) -> None:
    """Deletes a field and what your contacts hold in it.

    $ pytake field delete plan --yes
    """
    from pytake_cli.services import fields

    here = context()
    with here.store.read(here.org_id) as db:
        fields.find(fields.known(db, here.org_id), name)
    question = _("Delete the field {name} and what every contact holds in it?").format(name=name)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        count = fields.delete(db, here.org_id, name)
        if here.dry_run:
            db.rollback()
    _told(_("{name} is deleted; {count} contacts held something in it").format(name=name, count=number(count)))


def _told(what: str) -> None:
    if context().dry_run:
        say(_("would be: {what}").format(what=what))
    else:
        done(what)
