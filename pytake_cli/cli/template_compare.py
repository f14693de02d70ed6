"""`pytake template pull` and `diff`: files, store and Meta beside one another."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import template_files
from pytake_cli.cli import template_words as words
from pytake_cli.cli.context import context
from pytake_cli.cli.flow_files import shown
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.store.templates import Template

PULL_FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "change": "added, changed or gone; file: one was written.",
    "category": "Its category now.",
    "status": "Its status now.",
    "quality": "Its quality now.",
}
DIFF_FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "file": "Whether there is a file: same, other, or - for none.",
    "store": "Whether the store has it, the same way.",
    "meta": "Whether Meta has it: what the others are compared with, if it does.",
    "path": "The file.",
    "changes": "What the file would change, line by line.",
}
SHOWN = ("name", "language", "file", "store", "meta")
SAME, OTHER, NONE = "same", "other", "-"
Key = tuple[str, str]  # name and language


def pull(
    write_files: Annotated[
        bool, typer.Option("--files", help="Writes a file into templates/ for each that has none.")
    ] = False,
    sender: words.From = None,
) -> None:
    """Asks Meta for all templates of the account and keeps them. What Meta has no more is marked as gone.

    $ pytake template pull
    $ pytake template pull --files
    $ pytake template pull --dry-run  # what is different at Meta
    """
    from pytake_cli.services import template_sync

    here = context()
    with here.store.read(here.org_id) as db:
        number = words.number(db, sender)
    found = words.at_meta(number)
    with wake(here.store).write(here.org_id) as db:
        pulled = template_sync.take_in(db, here.org_id, number.waba_id, found, here.now)
        changes = {"added": pulled.added, "changed": pulled.changed, "gone": pulled.gone}
        rows = [{**row.model_dump(), "change": change} for change, of in changes.items() for row in of]
        wanted = _without_file(db, number.waba_id) if write_files else []
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    rows += [{**row.model_dump(), "change": "file"} for row in wanted]
    emit(rows, PULL_FIELDS, empty=_("Nothing is different at Meta"))
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    _write(wanted)
    text = _("{count} templates at Meta: {added} new, {changed} changed, {gone} gone")
    counts = {change: len(of) for change, of in changes.items()}
    done(text.format(count=len(found), **counts))


def _without_file(db: Any, waba_id: str) -> list[Template]:
    from pytake_cli.services import templates

    known = _in_files()
    return [row for row in templates.listed(db, context().org_id, waba_id) if (row.name, row.language) not in known]


def _write(rows: Iterable[Template]) -> None:
    from pytake_cli.services import template_writing

    folder = template_files.folder()
    for row in rows:
        folder.mkdir(parents=True, exist_ok=True)
        text = template_writing.text(
            row.name,
            row.language,
            row.category,
            row.components,
            parameter_format=row.parameter_format,
            ttl_seconds=row.ttl_seconds,
        )
        path = folder / template_writing.file_name(row.name, row.language)
        path.write_text(text, encoding="utf-8")
        say(_("{path} was written").format(path=shown(path)))


def _in_files() -> dict[Key, tuple[Path, dict[str, Any]]]:
    """What the project's files say, mistakes or not."""
    from pytake_cli.services.template_files import TemplateErrors, read

    found = {}
    folder = template_files.folder()
    for path in template_files.files(folder) if folder.is_dir() else []:
        try:
            draft = read(template_files.read(path), path, shown(path)).draft
        except TemplateErrors:
            continue  # pytake template lint says why
        found[str(draft["name"]), str(draft["language"])] = path, draft
    return found


def diff(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A template; by default all of them.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Files and store only: Meta is not asked.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="1 when something differs.")] = False,
    sender: words.From = None,
) -> None:
    """Compares template files and the store with what Meta has. Tells what is missing where and what differs.

    $ pytake template diff
    $ pytake template diff confirmacao_pedido
    $ pytake template diff --exit-code --json  # in a pipeline
    """
    from pytake_cli.services import templates

    here = context()
    with here.store.read(here.org_id) as db:
        number = words.number(db, sender)
        stored = {(row.name, row.language): _draft(row) for row in templates.listed(db, here.org_id, number.waba_id)}
    at_meta = {} if offline else {(one.name, one.language): _draft(one) for one in words.at_meta(number, name)}
    files = {key: draft for key, (_path, draft) in _in_files().items()}
    paths = {key: shown(path) for key, (path, _found) in _in_files().items()}
    rows = []
    for key in sorted(stored.keys() | at_meta.keys() | files.keys()):
        if name in (None, key[0]):
            sides = {"file": files.get(key), "store": stored.get(key), "meta": at_meta.get(key)}
            rows.append({"name": key[0], "language": key[1], "path": paths.get(key), **_compared(sides, offline)})
    differing = [row for row in rows if {row["file"], row["store"], row["meta"]} - {SAME, None}]
    on_screen = context().output.form in ("table", "plain")
    shown_rows = differing if name is None else rows
    emit(shown_rows, DIFF_FIELDS, default=SHOWN if on_screen else None, empty=_("Nothing differs"))
    if on_screen:
        for row in differing:
            if row["changes"]:
                data("".join(f"{clean(line, newlines=False)}\n" for line in row["changes"]))
    if differing and exit_code:
        raise typer.Exit(1)


def _draft(one: Any) -> dict[str, Any]:
    """A row, or what Meta has, as files say it."""
    found = {"category": one.category, "parameter_format": one.parameter_format, "components": list(one.components)}
    return found | {"message_send_ttl_seconds": one.ttl_seconds}


def _compared(sides: dict[str, dict[str, Any] | None], offline: bool) -> dict[str, Any]:
    """Each side beside the one that counts: Meta's, else the store's, else the file's."""
    from pytake_cli.services.template_writing import to_compare

    told = {side: to_compare(draft) for side, draft in sides.items() if draft is not None}
    counts = next(side for side in ("meta", "store", "file") if side in told)
    found: dict[str, Any] = {
        side: NONE if side not in told else SAME if told[side] == told[counts] else OTHER for side in sides
    }
    if offline:
        found["meta"] = None
    lines = difflib.unified_diff(
        told[counts].splitlines(), told.get("file", told[counts]).splitlines(), counts, "file", lineterm="", n=2
    )
    return found | {"changes": list(lines)}
