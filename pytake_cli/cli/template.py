"""Templates: the messages that Meta approves, as files, in the store and at Meta.

$ pytake template pull
$ pytake template list
$ pytake template preview confirmacao_pedido --var 1=Karina --var 2=860198
"""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import template_words as words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PULL_FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "change": "added, changed or gone.",
    "category": "Its category now.",
    "status": "Its status now.",
    "quality": "Its quality now.",
}


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option("--status", metavar="S", help="Such as APPROVED or PAUSED.")] = None,
    category: Annotated[str | None, typer.Option("--category", metavar="C", help="Such as MARKETING.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that Meta has no more.")] = False,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
) -> None:
    """Lists the templates that are known here. Meta tells of changes by itself; pull asks for all of them.

    $ pytake template list
    $ pytake template list --status APPROVED --category MARKETING
    $ pytake template list --json --fields name,language,status,values
    """
    from pytake_cli.services import templates

    here = context()
    with here.store.read(here.org_id) as db:
        found = templates.listed(db, here.org_id, gone=everything)
    wanted = [row for row in found if not (status and row.status != status.upper())]
    wanted = [row for row in wanted if not (category and row.category != category.upper())]
    rows = [words.record(row) for row in wanted[: here.limit(limit)]]
    empty = _("No template matches") if found else _("No templates are known yet: pytake template pull")
    emit(rows, words.FIELDS, default=words.SHOWN, total=len(wanted), empty=empty)


@app.command("show")
def show(name: words.Name, language: words.Lang = None, sender: words.From = None) -> None:
    """Shows a template: its words, where it stands at Meta, and the values that each message has to bring.

    $ pytake template show confirmacao_pedido
    $ pytake template show confirmacao_pedido --json --fields components
    """
    from pytake_cli.cli import bubble

    row = words.find(name, language, sender)
    shown = words.record(row)
    if context().output.form in ("table", "plain"):
        say(bubble.box([shown["text"]]))
    emit(shown, words.FIELDS, default=words.CARD_SHOWN)


@app.command("pull")
def pull(sender: words.From = None) -> None:
    """Asks Meta for all templates of the account and keeps them. What Meta has no more is marked as gone.

    $ pytake template pull
    $ pytake template pull --dry-run  # what is different at Meta
    """
    from pytake_cli.cli.neighbour import wake
    from pytake_cli.services import template_sync

    here = context()
    with here.store.read(here.org_id) as db:
        number = words.number(db, sender)
    found = words.at_meta(number)
    with wake(here.store).write(here.org_id) as db:
        pulled = template_sync.take_in(db, here.org_id, number.waba_id, found, here.now)
        changes = {"added": pulled.added, "changed": pulled.changed, "gone": pulled.gone}
        rows = [{**row.model_dump(), "change": change} for change, of in changes.items() for row in of]
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    emit(rows, PULL_FIELDS, empty=_("Nothing is different at Meta"))
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    text = _("{count} templates at Meta: {added} new, {changed} changed, {gone} gone")
    counts = {change: len(of) for change, of in changes.items()}
    done(text.format(count=len(found), **counts))
