"""`pytake conversation macro`: every step of a macro, or none, in each conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import neighbour, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say
from pytake_cli.locale import _


def macro(
    ids: Annotated[list[str], typer.Argument(metavar="ID… NAME", help="Conversations, - for stdin, then the macro.")],
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who acts: e-mail or name of a user.")] = None,
) -> None:
    """Runs a macro in conversations. One whose window is closed, or where a step fails, stays as it was.

    $ pytake conversation macro 5008 encerra
    $ pytake conversation list --window closing --fields id | pytake conversation macro - encerra --dry-run
    """
    from pytake_cli.errors import UsageError
    from pytake_cli.services import conversations, macros

    here = context()
    *refs, name = ids
    if not refs:
        raise UsageError("PT-USAGE", "which conversations, and which macro?", fix="pytake conversation macro 5008 NAME")
    with here.store.read(here.org_id) as db:
        macros.find(db, here.org_id, name)

    def run(ref: str) -> None:
        with neighbour.wake(here.store).write(here.org_id) as db:
            row, talk = macros.find(db, here.org_id, name), conversations.get(db, ref)
            did = macros.run(db, row, talk, selectors.author(db, as_), here.now).did
            told = _("#{id}: {steps}").format(id=talk.id, steps=" · ".join(did))
            if here.dry_run:
                db.rollback()
                db.info.pop("pokes", None)
        say(_("would be: {what}").format(what=told)) if here.dry_run else done(told)

    every = selectors.several(refs, "ID")
    if here.dry_run:
        selectors.would(lambda: selectors.each(every, run))
    else:
        selectors.each(every, run)
