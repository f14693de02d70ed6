"""`pytake privacy export` and `erase`: what people may ask for by law, all that is held of them and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from pytake_cli.cli import confirm, export_rights
from pytake_cli.cli.context import context
from pytake_cli.cli.export_rights import As
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _, number

HELD_FIELDS = {
    "what": "the table",
    "rows": "how many rows of it are about the person",
}
ERASED_FIELDS = {
    "contact": "who it was",
    "rows": "how many rows were about the person",
    "held": "how many of each table",
    "erased": "whether they are gone",
}
Person = Annotated[str, typer.Argument(metavar="CONTACT", help="Phone, contact:ID or ID, @username, name.")]


def export(
    contact: Person,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; without it stdout.")] = None,
    notes: Annotated[
        bool, typer.Option("--with-notes", help="Also what colleagues wrote for each other about the person.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replaces a file that is there.")] = False,
    as_: As = None,
) -> None:
    """Writes all that is held of a person as one JSON document, for whoever asks what you know about them.

    It has every row of every table that refers to them, and who looked at their data. The audit log notes it.

    $ pytake privacy export +5511968184101 --out karina.json
    $ pytake privacy export +5511968184101 --with-notes | jq .access
    $ pytake privacy export contact:412 --dry-run
    """
    from pytake_cli.services import privacy, private_files

    here = context()
    with here.store.read(here.org_id) as db:
        row = privacy.person(db, here.org_id, contact)
        if here.dry_run:
            _count(privacy.held(db, here.org_id, row))
            return
        found = privacy.export(db, here.org_id, row, notes=notes)
    counts = {name: len(rows) for name, rows in found["held"].items()}
    rows = sum(counts.values())
    export_rights.noted(as_, "privacy.exported", f"contact:{row.id}", {"rows": rows, "notes": notes}, privacy.RIGHT)
    body = orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"
    if out is None:
        data(body.decode().rstrip())
        return
    with private_files.written(out, force=force) as file:
        file.write(body)
    done(_("{count} rows written to {path}").format(count=number(rows), path=out))
    if counts.get("media"):
        say(_("{count} files of theirs are not in it: pytake media list").format(count=number(counts["media"])))


def erase(
    contact: Person,
    confirmed: Annotated[
        str | None, typer.Option("--confirm", metavar="PHONE", help="The phone number once more, as it is asked for.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: goes into the audit log.")] = "",
    as_: As = None,
) -> None:
    """Erases a person for good: contact, words, files, and every trace in webhooks, plans, jobs and outputs.

    Numbers in reports of campaigns become smaller by one; the audit log keeps that it was done, without name or
    number. Backups from before still have the person until they are deleted.

    $ pytake privacy erase +5511968184101 --dry-run
    $ pytake privacy erase +5511968184101 --confirm +5511968184101 --reason "pedido do titular 22/11"
    """
    from pytake_cli.services import privacy

    here = context()
    with here.store.read(here.org_id) as db:
        row = privacy.person(db, here.org_id, contact)
        principal = export_rights.allowed(db, as_, privacy.RIGHT)
        name, held = privacy.name_of(db, row), privacy.held(db, here.org_id, row)
    if here.dry_run:
        _count(held)
        return
    question = _("Erase {name} with {count} rows for good?").format(name=name, count=number(sum(held.values())))
    if not confirm.severe(question, name, confirmed):
        say(_("nothing was changed"))
        return
    counts = privacy.erase(here.store, here.org_id, row.id or 0, principal, reason=reason, now=here.now)
    _tell(row.id or 0, counts)


def _tell(contact_id: int, counts: dict[str, int]) -> None:
    rows = sum(counts.values())
    if context().output.form not in ("table", "plain"):
        emit({"contact": contact_id, "rows": rows, "held": counts, "erased": True}, ERASED_FIELDS)
    done(_("contact:{id} is erased: {count} rows").format(id=contact_id, count=number(rows)))
    say(_("what the file of the store still holds of it goes with: pytake db vacuum"))
    say(_("backups from before still have it, until they are deleted"))


def _count(held: dict[str, int]) -> None:
    rows: list[dict[str, Any]] = [{"what": name, "rows": count} for name, count in sorted(held.items())]
    emit(rows, HELD_FIELDS)
    say(_("nothing was changed (--dry-run)"))
