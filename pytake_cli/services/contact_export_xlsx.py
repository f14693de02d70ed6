"""Contacts as a workbook: written as a stream, every text typed as text, so that nothing in it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from pytake_cli.errors import InvalidData
from pytake_cli.services import contact_export

MOST_ROWS = 1_048_576  # of a sheet, the header included


def write(file: BinaryIO, names: Sequence[str], found: Iterator[Mapping[str, Any]], tell: Callable[[int], None]) -> int:
    """Writes the contacts and returns how many they are."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("contacts")
    sheet.append([_cell(sheet, name) for name in names])
    done = 0
    for done, row in enumerate(found, 1):
        if done == MOST_ROWS:
            raise InvalidData("PT-EXPORT-ROWS", "a sheet has at most {most} rows", fix="--format csv", most=MOST_ROWS)
        sheet.append([_cell(sheet, contact_export.value_of(row, name)) for name in names])
        if done % contact_export.PAGE == 0:
            tell(done)
    book.save(file)
    return done


def _cell(sheet: Any, value: Any) -> Any:
    """Numbers and yes or no as they are; all else is text, whatever it begins with."""
    if value is None or isinstance(value, bool | int | float):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", contact_export.cell_text(value)))
    cell.data_type = "s"
    return cell
