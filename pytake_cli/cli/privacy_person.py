"""`pytake privacy export` and `erase`: what people may ask for by law, all that is held of them and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, BinaryIO

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
ACCESS_FIELDS = {
    "at": "when",
    "actor": "who it was",
    "action": "what was done: contact.read, conversation.read, privacy.exported …",
    "target": "whose data: the contact, or one of their conversations",
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

    It has every row of every table that refers to them, and who looked at their data; as FILE.zip also their photos,
    voice messages and documents. The audit log notes it.

    $ pytake privacy export +5511968184101 --out karina.json
    $ pytake privacy export +5511968184101 --out karina.zip
    $ pytake privacy export +5511968184101 --with-notes | jq .access
    $ pytake privacy export contact:412 --dry-run
    """
    from pytake_cli.services import privacy

    here = context()
    with here.store.read(here.org_id) as db:
        row = privacy.person(db, here.org_id, contact)
        if here.dry_run:
            _count(privacy.held(db, here.org_id, row))
            return
        found = privacy.export(db, here.org_id, row, notes=notes)
    rows = sum(len(each) for each in found["held"].values())
    export_rights.noted(as_, "privacy.exported", f"contact:{row.id}", {"rows": rows, "notes": notes}, privacy.RIGHT)
    body = orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"
    if out is None:
        data(body.decode().rstrip())
    else:
        _write(out, body, found["held"].get("media", []), force=force)
        done(_("{count} rows written to {path}").format(count=number(rows), path=out))


def _write(out: Path, body: bytes, media: list[dict[str, Any]], *, force: bool) -> None:
    """The document as a file, or in a ZIP with the person's files; says which of those it has not."""
    from pytake_cli.services import private_files

    packs = out.suffix.lower() == ".zip"
    with private_files.written(out, force=force) as file:
        lacking = _pack(file, body, media) if packs else len(media)
        if not packs:
            file.write(body)
    if lacking and packs:
        say(_("{count} files of theirs are here no more, or were never fetched").format(count=number(lacking)))
    elif lacking:
        say(_("{count} files of theirs are not in it: --out FILE.zip has them").format(count=number(lacking)))


def _pack(file: BinaryIO, body: bytes, media: list[dict[str, Any]]) -> int:
    """A ZIP of the document and the person's files; returns how many of those are not there."""
    from zipfile import ZIP_DEFLATED, ZipFile

    from pytake_cli.services.media import folder

    paths = dict.fromkeys(row["path"] for row in media if row["path"])
    there = [path for path in paths if (folder() / path).is_file()]
    with ZipFile(file, "w", ZIP_DEFLATED) as pack:
        pack.writestr("data.json", body)
        for path in there:
            pack.write(folder() / path, f"media/{path}")
    return sum(not row["path"] or row["path"] not in there for row in media)


def access_log(
    contact: Person,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
    as_: As = None,
) -> None:
    """Shows who looked at a person's data, changed or exported them, the newest first.

    $ pytake privacy access-log +5511968184101
    $ pytake privacy access-log contact:412 --json --limit 0
    """
    from pytake_cli.services import privacy

    here = context()
    with here.store.read(here.org_id) as db:
        export_rights.allowed(db, as_, privacy.RIGHT)
        row = privacy.person(db, here.org_id, contact)
        rows = privacy.access(db, here.org_id, row)[::-1]
    emit(
        rows[: here.limit(limit)],
        ACCESS_FIELDS,
        total=len(rows),
        empty=_("Nobody has looked at this person's data yet"),
    )


def erase(
    contact: Person,
    confirmed: Annotated[
        str | None, typer.Option("--confirm", metavar="PHONE", help="The phone number once more, as it is asked for.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: goes into the audit log.")] = "",
    as_: As = None,
) -> None:
    """Erases a person for good: contact, words, files, and every trace in webhooks, plans, jobs and outputs.

    Reports of campaigns keep their counts, and the audit log that it was done, without name or number. Imports refuse
    the number from now on, until `privacy consent set` has a new agreement. Backups from before still have the person
    until they are deleted.

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
