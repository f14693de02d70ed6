"""`pytake flow import`: flow files out of an export of Typebot, RapidPro or TextIt, with a list of what is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer

from pytake_cli.cli import flow_files
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, paint, say, warn
from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.imports.report import Imported
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.locale import _, is_ascii, language
from pytake_cli.text import clean

MAX_BYTES = 20 * 1024 * 1024
NAME = re.compile(r"[a-z0-9-]{1,40}")
IMPORT_FIELDS = {
    "status": "kept, changed, lost or unused.",
    "flow": "The flow that it is a part of.",
    "kind": "What it is in the export: a block, an action, a router.",
    "title": "What it is called there.",
    "id": "Its id there.",
    "step": "The step that it became.",
    "why": "How it was changed, or why it was lost.",
}
_SIGNS = {
    "kept": ("✓", "ok:", "ok"),
    "changed": ("~", "~", "warn"),
    "lost": ("✗", "lost:", "error"),
    "unused": ("·", "-", "dim"),
}


def import_(
    maker: Annotated[Literal["typebot", "rapidpro"], typer.Argument(metavar="typebot|rapidpro", help="Who made it.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="The export, a JSON file.")],
    out: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where files go; by default the project's flows."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the flow is called, if the export has one.")
    ] = None,
) -> None:
    """Converts an export of Typebot, RapidPro or TextIt, and lists what became of each part.

    What cannot be carried over goes to people, or stands where `pytake flow check` stops; then it exits with 65.

    $ pytake flow import typebot padaria.json
    $ pytake flow import rapidpro export.json -o flows/drafts --dry-run
    $ pytake flow import typebot padaria.json --name encomendas --json
    """
    found = _converted(maker, _read(Path(file)), _named(name))
    place = Path(out) if out is not None else flow_files.folder()
    paths = [place / f"{each.name}.yaml" for each in found]
    _refuse_overwriting(paths)
    if not context().dry_run:
        place.mkdir(parents=True, exist_ok=True)
        for each, path in zip(found, paths, strict=True):
            path.write_text(each.source, encoding="utf-8")
    _tell(found)
    for each, path in zip(found, paths, strict=True):
        _conclude(each, path)
    if any(each.lost for each in found):
        raise typer.Exit(FlowErrors.exit_code)


def _refuse_overwriting(paths: list[Path]) -> None:
    for path in paths:
        if path.exists():
            there = flow_files.shown(path)
            raise Conflict("PT-FLOW-EXISTS", "{path} is there already", fix="-o DIR", path=there)


def _named(name: str | None) -> str:
    if name is not None and not NAME.fullmatch(name):
        raise InvalidData(
            "PT-FLOW-SLUG",
            "{name} is no name for a flow",
            why="it has small letters, digits and hyphens, at most 40",
            fix="--name NAME",
            name=name,
        )
    return name or ""


def _read(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotFound(
            "PT-FLOW-FILE",
            "{path} cannot be read: {detail}",
            fix="pytake flow import -h",
            path=str(path),
            detail=error.strerror or "",
        ) from None
    if len(content) > MAX_BYTES:
        raise InvalidData(
            "PT-FLOW-IMPORT", "{path} is larger than 20 MB", fix="export fewer flows at once", path=str(path)
        )
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "{path} is no JSON: {detail}",
            fix="pytake flow import -h",
            path=str(path),
            detail=str(error),
        ) from None


def _converted(maker: str, export: object, name: str) -> list[Imported]:
    from pytake_cli.flow.imports import rapidpro, typebot

    convert = typebot.convert if maker == "typebot" else rapidpro.convert
    return convert(export, name=name, language=language())


def _tell(found: list[Imported]) -> None:
    """What became of each part: all of it for programs, what is not simply kept for people."""
    rows = [row for each in found for row in each.rows()]
    if context().output.form not in ("table", "plain"):
        emit(rows, IMPORT_FIELDS)
        return
    for row in rows:
        if row["status"] != "kept":
            data(_line(row))


def _line(row: dict[str, Any]) -> str:
    """`✗ agenda  payment input "Pagar" (b7) → pagar: why`."""
    output = context().output
    sign, ascii_sign, role = _SIGNS[row["status"]]
    place = " ".join(
        part
        for part in (
            f"{row['kind']}",
            f'"{row["title"]}"' if row["title"] else "",
            f"({row['id']})" if row["id"] else "",
            f"-> {row['step']}" if row["step"] else "",
        )
        if part
    )
    told = clean(f"{row['flow']}  {place}: {row['why']}", newlines=False)
    return f"{paint(ascii_sign if is_ascii() else sign, role, output.color_out)} {told}"


def _conclude(found: Imported, path: Path) -> None:
    counts = {status: sum(item.status == status for item in found.items) for status in ("kept", "changed", "lost")}
    told = _("{kept} kept, {changed} changed, {lost} lost").format(**counts)
    text = f"{flow_files.shown(path)}: {told}"
    (warn if counts["lost"] else done)(text)
    if any(problem.severity == "error" for problem in found.problems):
        say(_("next: pytake flow check {path}").format(path=flow_files.shown(path)))
