"""Templates: the messages that Meta approves, as files, in the store and at Meta.

$ pytake template pull --files
$ pytake template lint
$ pytake template create templates/promo.pt_BR.yaml
$ pytake template submit promo --wait
"""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import template_compare, template_files, template_meta, template_work
from pytake_cli.cli import template_words as words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit, say
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None)


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


def show(name: words.Name, language: words.Lang = None, sender: words.From = None) -> None:
    """Shows a template with where it stands at Meta and the values that each message has to bring.

    $ pytake template show confirmacao_pedido
    $ pytake template show confirmacao_pedido --json --fields components
    """
    from pytake_cli.cli import bubble

    row = words.find(name, language, sender)
    shown = words.record(row)
    if context().output.form in ("table", "plain"):
        say(bubble.box([shown["text"]]))
    emit(shown, words.FIELDS, default=words.CARD_SHOWN)


app.command("list")(list_)
app.command("show")(show)
app.command("pull")(template_compare.pull)
app.command("diff")(template_compare.diff)
app.command("lint")(template_files.lint)
app.command("preview")(template_work.preview)
app.command("create")(template_work.create)
app.command("submit")(template_meta.submit)
app.command("edit")(template_meta.edit)
app.command("delete")(template_meta.delete)
app.command("unpause")(template_meta.unpause)
app.command("test")(template_work.try_out)
