"""The file of rejected rows: as they stood in the list, with line and reason, so that they can be put right."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from sqlmodel import Session

from pytake_cli.errors import Conflict
from pytake_cli.policy.spreadsheets import guarded
from pytake_cli.services import private_files
from pytake_cli.services.contact_import_files import Source
from pytake_cli.store import imports

LINE, REASON = "pytake_line", "pytake_reason"  # an import of the corrected file leaves these columns out


def check(path: Path, source: Source) -> None:
    """Raises Conflict if the file is there and is anything but earlier rejects."""
    if not path.exists():
        return
    with path.open("rb") as file:
        if REASON.encode() in file.readline(1 << 20) and path.resolve() != source.path:
            return
    raise Conflict("PT-IMPORT-REJECTS", "{path} is there already", fix="--rejects FILE", path=str(path))


def write(db: Session, path: Path, source: Source, import_id: int) -> None:
    """Writes the rows that the import did not take; in UTF-8, separated as the list was."""
    with private_files.written(path, force=True) as file:
        for block in _blocks(db, source, import_id):
            file.write(block.encode())


def _blocks(db: Session, source: Source, import_id: int) -> Iterator[str]:
    buffer = io.StringIO()
    out = csv.writer(buffer, delimiter=source.delimiter or ",")
    out.writerow([*source.columns, LINE, REASON])
    width = len(source.columns)
    for line, cells, reason in imports.rejected(db, import_id):
        padded = [*cells, *[""] * (width - len(cells))][: max(width, len(cells))]
        out.writerow([*(guarded(cell) for cell in padded), line, guarded(reason)])
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
