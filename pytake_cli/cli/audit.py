"""The audit log: who did what, and whether anything of it was altered.

$ pytake audit list --since -1d
$ pytake audit verify
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pytake_cli.cli import times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit
from pytake_cli.errors import InvalidData
from pytake_cli.locale import _, number
from pytake_cli.services import audit

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "serial": "1, 2, 3 … within the organisation.",
    "at": "When.",
    "actor": "Whose name it was then.",
    "kind": "session, token, or local: the CLI on the store's machine.",
    "action": "What was done.",
    "target": "To what.",
    "details": "What exactly; never a phone or a name of a contact.",
    "user_id": "Row id of the person, if it was one.",
    "hash": "Seal over this entry and the one before.",
}
SHOWN = ("serial", "at", "actor", "action", "target", "details")
VERDICT_FIELDS = {
    "entries": "How many entries hang together.",
    "head": "The last one's number and seal: keep it elsewhere, and verify against it later.",
    "wrong": "What is wrong, if something is.",
    "serial": "The first entry that is not as it was written.",
}


@app.command("list")
def list_(
    actor: Annotated[str, typer.Option("--actor", metavar="NAME", help="Only what this one did.")] = "",
    action: Annotated[str, typer.Option("--action", metavar="A", help="Only this; user. is all that begins so.")] = "",
    target: Annotated[str, typer.Option("--target", metavar="T", help="Only to this, such as user:3.")] = "",
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only since then, such as -7d.")] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many at most; 0: all.")] = None,
) -> None:
    """Lists who did what, the newest first.

    $ pytake audit list
    $ pytake audit list --action user. --since -7d
    $ pytake audit list --actor rita@example.com --jsonl --limit 0
    """
    here = context()
    start = times.past(since, here.now, here.tz) if since else None
    wanted = audit.Filter(actor, action, target, start)
    with here.store.read(here.org_id) as db:
        rows = [row.model_dump() for row in audit.listed(db, here.org_id, wanted, here.limit(limit))]
    emit(rows, FIELDS, default=SHOWN, empty=_("There is nothing of that in the audit log."))


@app.command("verify")
def verify(
    head: Annotated[
        str, typer.Option("--head", metavar="N:HASH", help="A head from earlier that has to be in the log.")
    ] = "",
) -> None:
    """Checks every entry of the log against the one before; exit code 65 when something was altered or is missing.

    $ pytake audit verify
    $ pytake audit verify --head 812:9f86d081884c7d65…
    """
    here = context()
    with here.store.read(here.org_id) as db:
        verdict = audit.verify(db, here.org_id, head)
    emit(asdict(verdict), VERDICT_FIELDS)
    if verdict.wrong:
        raise InvalidData(
            "PT-AUDIT-BROKEN",
            "the audit log is not as it was written: {wrong} (entry {serial})",
            why="{entries} entries before it are",
            fix="compare with a backup: pytake db restore -h",
            wrong=_(verdict.wrong),
            serial=verdict.serial,
            entries=verdict.entries,
        )
    done(_("{count} entries hang together").format(count=number(verdict.entries)))
