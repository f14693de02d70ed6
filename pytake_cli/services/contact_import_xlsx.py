"""Excel workbooks as rows of text, read as a stream; what would not fit into memory is refused before it is opened."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from pytake_cli.errors import InvalidData
from pytake_cli.locale import Phrase, _
from pytake_cli.services.contact_import_files import MAX_COLUMNS, MAX_ROW, Row, Unreadable, text_of

MAX_SHEET_BYTES = 4 << 30  # unpacked; sheets are read as a stream
MAX_PART_BYTES = 100 << 20  # unpacked; everything else, the table of texts above all, is kept in memory
MAX_PARTS = 1000


def refuse_bomb(file: BinaryIO) -> None:
    """Raises InvalidData for what is no workbook, or grows too much. A zip's own sizes hold: more is never unpacked."""
    file.seek(0)
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _unreadable(Phrase("it is no XLSX file")) from None
    if len(parts) > MAX_PARTS:
        raise _unreadable(Phrase("it has too many parts"))
    for part in parts:
        most = MAX_SHEET_BYTES if part.filename.startswith("xl/worksheets/") else MAX_PART_BYTES
        if part.file_size > most:
            raise _unreadable(Phrase("{part} grows to {size} MB", part=part.filename, size=part.file_size >> 20))


def size(file: BinaryIO) -> int:
    """How many rows the first sheet says that it has, else how many begin in it; without the header."""
    with closing(_open(file)) as book:
        sheet = book.worksheets[0]
        found = sheet.max_row or _count(file, sheet._worksheet_path)
    return max(int(found) - 1, 0)


def _count(file: BinaryIO, part: str) -> int:
    """Workbooks that are written as a stream, such as ours, do not say how long they are."""
    found, rest = 0, b""
    with zipfile.ZipFile(file) as book, book.open(part) as sheet:
        while block := sheet.read(1 << 20):
            text = rest + block
            found += text.count(b"<row")
            rest = text[-3:]
    return found


def rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of the first sheet, those that are not empty."""
    with closing(_open(file)) as book:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what programs write there is often wrong
        for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
            while values and values[-1] is None:
                values = values[:-1]
            cells = [_text(value) for value in values]
            if not any(cells):
                continue
            if len(cells) > MAX_COLUMNS or sum(map(len, cells)) > MAX_ROW:
                reason = _("more than {most} columns, or longer than 1 MB").format(most=MAX_COLUMNS)
                yield line, Unreadable(cells[0][:MAX_ROW], reason)
            else:
                yield line, cells


def _open(file: BinaryIO) -> Any:
    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile, OSError) as error:
        raise _unreadable(str(error)) from error
    if not book.worksheets:
        raise _unreadable(Phrase("it has no sheet"))
    return book


def _text(value: Any) -> str:
    match value:
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return text_of(value)


def _unreadable(why: str) -> InvalidData:
    return InvalidData(
        "PT-IMPORT-XLSX", "the workbook cannot be read: {detail}", fix="save it as CSV and import that", detail=why
    )
