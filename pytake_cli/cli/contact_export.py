"""`pytake contact export`: contacts as CSV, JSONL or XLSX, for their owner's eyes, safe to open in a spreadsheet."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from pytake_cli.cli import export_rights, forms
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, named
from pytake_cli.cli.progress import Progress
from pytake_cli.errors import UsageError
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlmodel import Session

    from pytake_cli.services.contact_export import Wanted

Form = Literal["csv", "jsonl", "xlsx"]
Raw = Annotated[
    bool, typer.Option("--raw", help="For programs: no apostrophe before cells that a spreadsheet might run.")
]


def export(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Where they go; - is stdout.")] = "-",
    form: Annotated[
        Form | None, typer.Option("--format", metavar="FORM", help="csv, jsonl or xlsx; else as the file is called.")
    ] = None,
    where: Annotated[str | None, typer.Option("-w", "--where", metavar="EXPR", help="Who, as segments say it.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", metavar="TAG", help="Only who has this tag.")] = None,
    raw: Raw = False,
    force: Annotated[bool, typer.Option("--force", help="Replaces a file that is there.")] = False,
    as_: export_rights.As = None,
) -> None:
    """Writes contacts to a file that only you can read. `contact import` reads it again.

    --fields chooses the columns; --fields help tells them. The audit log keeps who took how many: pytake audit list.

    $ pytake contact export clientes.csv
    $ pytake contact export clientes.xlsx --tag vip --fields phone,name,f.cidade
    $ pytake contact export sp.csv -w 'f.cidade = "São Paulo" and consent.marketing'
    $ pytake contact export - --jsonl | jq -r .phone
    """
    from pytake_cli.services import contact_export, segments

    here = context()
    with here.store.read(here.org_id) as db:
        known = contact_export.columns(db, here.org_id)
        if here.output.fields == "help":
            emit([], known)
            return
        names, kind = _chosen(known), form or _form_of(file)
        ids = segments.ids(db, here.org_id, where, here.now) if where else None
        wanted = contact_export.Wanted(here.org_id, tag, ids)
        if here.dry_run:
            written = contact_export.count(db, wanted)
        else:
            written = _write(db, file, kind, names, wanted, as_, raw=raw, force=force)
    if file == "-" and not here.dry_run:
        return
    _conclude({"file": file, "format": kind, "rows": written, "columns": names})


def _conclude(summary: dict[str, Any]) -> None:
    if context().output.form in ("json", "jsonl"):
        data(forms.json_line(summary))
    told = (
        _("{count} contacts would be in {file} (--dry-run)") if context().dry_run else _("{count} contacts in {file}")
    )
    done(told.format(count=number(summary["rows"]), file=summary["file"]))


def _write(
    db: Session, file: str, kind: Form, names: list[str], wanted: Wanted, as_: str | None, *, raw: bool, force: bool
) -> int:
    from pytake_cli.services import contact_export, private_files

    count = contact_export.count(db, wanted)
    progress = Progress("export", count)
    with _stdout() if file == "-" else private_files.written(Path(file), force=force) as target:
        filtered = wanted.tag is not None or wanted.ids is not None
        took = {"contacts": count, "columns": names, "format": kind, "filtered": filtered}
        export_rights.noted(as_, "contacts.exported", "", took)
        found = contact_export.rows(db, wanted)
        written = contact_export.write(target, kind, names, found, raw=raw, tell=progress.at)
    progress.end()
    return written


def _form_of(file: str) -> Form:
    suffix = Path(file).suffix.lower()
    if suffix == ".xlsx":
        return "xlsx"
    return "jsonl" if suffix in (".jsonl", ".ndjson") or context().output.form in ("json", "jsonl") else "csv"


def _chosen(known: Mapping[str, str]) -> list[str]:
    from pytake_cli.services.contact_export import DEFAULT

    wanted = context().output.fields
    if wanted is None:
        return [*DEFAULT, *(name for name in known if name.startswith("f."))]
    if wanted == "all":
        return list(known)
    return named(wanted, known)


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    if sys.stdout.isatty():
        raise UsageError(
            "PT-EXPORT-TTY", "a list of contacts is no text for a terminal", fix="pytake contact export clientes.csv"
        )
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
