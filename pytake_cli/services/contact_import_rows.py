"""Rows of a list become contacts to be: phones in E.164, values in the types of their fields, or why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pytake_cli.errors import InvalidData
from pytake_cli.policy import field_values, phones, spreadsheets
from pytake_cli.policy.field_values import LONGEST_TEXT, Misfit
from pytake_cli.policy.import_columns import CONSENT, LEFT_OUT, UNDECIDED, Column
from pytake_cli.policy.people import storable
from pytake_cli.services import directory
from pytake_cli.services.contact_import_files import Cells, Row, Unreadable
from pytake_cli.services.fields import Known
from pytake_cli.store.tags import name_of

_SHORTENED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)  # what Excel makes of long numbers
_FLOAT = re.compile(r"(\+?\d+)[.,]0")


@dataclass(slots=True)
class Entry:
    """A row that can be taken: who it is and what it says about them; `cells` are kept for the rejects."""

    line: int
    cells: Sequence[str]
    spellings: tuple[str, ...]  # of the phone; none where the person is known by a BSUID alone
    bsuid: str
    own: dict[str, Any]  # columns of contact
    fields: dict[str, Any]
    tags: Sequence[str]
    consent: bool | None

    @property
    def key(self) -> int:
        """The same for every spelling of one phone number."""
        return int(min(self.spellings))


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not taken, as it stood, and why."""

    line: int
    cells: Sequence[str]
    reason: str
    slug: str = "value"  # what such rows are counted under


Reader = Callable[[str], Any]


class Reading:
    """How the rows of one file are read; made once, used for every row."""

    def __init__(self, columns: Sequence[Column], known: Known, country: str | None) -> None:
        self._width = len(columns)
        self._country = country
        self._plan: list[tuple[int, str, str, Reader | None]] = []
        self._phone = self._bsuid = -1
        for place, column in enumerate(columns):
            if column.target == "phone":
                self._phone = place
            elif column.target == "bsuid":
                self._bsuid = place
            elif column.target not in (LEFT_OUT, UNDECIDED):
                self._plan.append((place, column.target, column.field, _reader(column, known)))

    def entry(self, row: Row) -> Entry | Reject:
        """What the row says, or why it cannot be taken."""
        line, cells = row
        if isinstance(cells, Unreadable):
            return Reject(line, [cells.text], cells.reason, "unreadable")
        if len(cells) != self._width:
            if any(cells[self._width :]):
                reason = f"{len(cells)} cells under {self._width} columns: is a quote missing around one of them?"
                return Reject(line, cells, reason, "columns")
            cells = (cells + [""] * self._width)[: self._width]
        try:
            return self._read(line, cells)
        except Misfit as misfit:
            return Reject(line, cells, str(misfit))
        except InvalidData as error:
            why = f"{error.message}: {error.why}" if error.why else error.message
            return Reject(line, cells, why.format(**error.values), "phone")

    def _read(self, line: int, cells: Cells) -> Entry:
        phone = _text(cells[self._phone]) if self._phone >= 0 else ""
        bsuid = _text(cells[self._bsuid]) if self._bsuid >= 0 else ""
        if not phone and not bsuid:
            raise InvalidData("PT-PHONE", "the phone number is missing", fix="--map COLUMN=phone")
        spellings = phones.variants(self._digits(phone)) if phone else ()
        entry = Entry(line, cells, spellings, bsuid, {}, {}, (), None)
        for place, target, field, read in self._plan:
            text = cells[place]
            if not text or not (text := _text(text)):
                continue
            try:
                value: Any = read(text) if read is not None else text
            except Misfit as misfit:
                raise Misfit(f"{target}: {text!r}: {misfit}") from None
            if field:
                entry.fields[field] = value
            elif target == "tags":
                entry.tags = value
            elif target == CONSENT:
                entry.consent = value
            else:
                entry.own[target] = value
        return entry

    def _digits(self, typed: str) -> str:
        if _SHORTENED.fullmatch(typed):
            raise InvalidData(
                "PT-PHONE",
                "{typed} is not a phone number",
                why="a spreadsheet has shortened it; make the column text and write it again",
                fix="pytake contact import -h",
                typed=typed,
            )
        float_ = _FLOAT.fullmatch(typed)
        return phones.parse(float_[1] if float_ else typed, self._country)[1:]


def _text(cell: str) -> str:
    """A cell as it is kept: without the guard against formulas and what databases cannot hold."""
    text = cell.strip() if cell.isascii() and cell.isprintable() else storable(cell).strip()
    if text[:1] == "'":
        text = spreadsheets.unguarded(text)
    if len(text) > LONGEST_TEXT:
        raise Misfit(f"a cell is longer than {LONGEST_TEXT} characters")
    return text


def _reader(column: Column, known: Known) -> Reader | None:
    """What reads the values of a column; None for text that is taken as it is."""
    if not column.field:
        return _OWN[column.target]
    field = known.types.get(column.field)
    type_, choices = (field.type, field.choices) if field else (column.type, [])
    if type_ == "text":
        return None
    return partial(field_values.read, type_, choices=choices, month_first=known.month_first, tz=known.tz)


def _whole(text: str) -> int:
    value = field_values.read("number", text)
    if not isinstance(value, int):
        raise Misfit("it is no whole number")
    return value


def _tags(text: str) -> list[str]:
    return list(dict.fromkeys(name_of(each) for each in spreadsheets.split(text)))


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise Misfit("there is no such time zone") from None


def _language(text: str) -> str:
    if not directory.is_language(text):
        raise Misfit("there is no such language")
    return text


_truth = partial(field_values.read, "bool")
_OWN: dict[str, Reader | None] = {
    "name": None,
    "stage": None,
    "language": _language,
    "tz": _zone,
    "score": _whole,
    "vip": _truth,
    "tags": _tags,
    CONSENT: _truth,
}
