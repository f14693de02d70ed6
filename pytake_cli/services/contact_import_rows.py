"""Rows of a list become contacts to be: phones in E.164, values in the types of their fields, or why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pytake_cli.errors import InvalidData
from pytake_cli.locale import _
from pytake_cli.policy import field_values, phones, spreadsheets
from pytake_cli.policy.field_values import LONGEST_TEXT, Misfit
from pytake_cli.policy.import_columns import CONSENT, LEFT_OUT, UNDECIDED, Column
from pytake_cli.policy.people import storable
from pytake_cli.services import contact_values
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
    key: int  # the same for every spelling of one phone number
    bsuid: str
    own: dict[str, Any]  # columns of contact
    fields: dict[str, Any]
    tags: Sequence[str]
    consent: bool | None
    identity: str = ""  # the value by which `--key` finds the person, folded; empty for phones
    holders: Sequence[int] = ()  # the contacts that have it


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not taken, as it stood, and why."""

    line: int
    cells: Sequence[str]
    reason: str
    slug: str = "value"  # what such rows are counted under


Reader = Callable[[str], Any]
REMEMBERED = 2000  # different cells of a column whose values are kept: cities and tags come again and again
_NEW: Any = object()


class Reading:
    """How the rows of one file are read; made once, used for every row."""

    def __init__(
        self, columns: Sequence[Column], known: Known, country: str | None, *, is_guarded: bool, key: str = "phone"
    ) -> None:
        self.key = key
        self._width = len(columns)
        self._country = country
        self._text = _unguarded_text if is_guarded else _text
        places = {column.target: place for place, column in enumerate(columns)}
        self._phone, self._bsuid = places.get("phone", -1), places.get("bsuid", -1)
        used = [(place, column) for place, column in enumerate(columns) if column.target not in _APART]
        self._own = [
            _Cell(place, column.target, _reader(column, known), self._text)
            for place, column in used
            if not column.field
        ]
        self._fields = [
            _Cell(place, column.field, _reader(column, known), self._text) for place, column in used if column.field
        ]
        self._tags, self._consent = (
            _Cell(places[target], target, _OWN[target], self._text) if target in places else None
            for target in ("tags", CONSENT)
        )

    def entry(self, row: Row) -> Entry | Reject:
        """What the row says, or why it cannot be taken."""
        line, cells = row
        if isinstance(cells, Unreadable):
            return Reject(line, [cells.text], cells.reason, "unreadable")
        if len(cells) != self._width:
            if any(cells[self._width :]):
                reason = _("{cells} cells under {width} columns: is a quote missing around one of them?")
                reason = reason.format(cells=len(cells), width=self._width)
                return Reject(line, cells, reason, "columns")
            cells = (cells + [""] * self._width)[: self._width]
        try:
            return self._read(line, cells)
        except Misfit as misfit:
            return Reject(line, cells, str(misfit))
        except InvalidData as error:
            why = f"{_(error.message)}: {_(error.why)}" if error.why else _(error.message)
            return Reject(line, cells, why.format(**error.values), "phone")

    def _read(self, line: int, cells: Cells) -> Entry:
        phone = self._text(cells[self._phone]) if self._phone >= 0 else ""
        bsuid = self._text(cells[self._bsuid]) if self._bsuid >= 0 else ""
        fields = {cell.name: value for cell in self._fields if (value := cell.value(cells)) is not None}
        known_by = bsuid if self.key == "bsuid" else folded(fields.get(self.key[2:]))
        if not phone and not bsuid and not known_by:
            raise InvalidData("PT-PHONE", "the phone number is missing", fix="--map COLUMN=phone")
        spellings = phones.variants(self._digits(phone)) if phone else ()
        return Entry(
            line,
            cells,
            spellings,
            int(min(spellings)) if phone else 0,
            bsuid,
            {cell.name: value for cell in self._own if (value := cell.value(cells)) is not None},
            fields,
            self._tags.value(cells) or () if self._tags else (),
            self._consent.value(cells) if self._consent else None,
            known_by,
        )

    def _digits(self, typed: str) -> str:
        if ("." in typed or "," in typed) and (whole := _FLOAT.fullmatch(typed)):
            typed = whole[1]
        try:
            return phones.parse(typed, self._country)[1:]
        except InvalidData as error:
            if _SHORTENED.fullmatch(typed):
                error.why = _("a spreadsheet has shortened it; make the column text and write it again")
            raise


def folded(value: Any) -> str:
    """A key's value as it is compared: `ANA@loja.example ` is `ana@loja.example`, 12.0 is 12; empty for none."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


class _Cell:
    """One column's cells as values; None for what is empty."""

    __slots__ = ("_place", "_read", "_text", "_values", "name")

    def __init__(self, place: int, name: str, read: Reader | None, text: Callable[[str], str]) -> None:
        self.name = name
        self._place = place
        self._read = read
        self._text = text
        self._values: dict[str, Any] = {"": None}

    def value(self, cells: Cells) -> Any:
        cell = cells[self._place]
        value = self._values.get(cell, _NEW)
        if value is not _NEW:
            return value
        text = self._text(cell)
        try:
            value = self._read(text) if self._read is not None and text else text or None
        except Misfit as misfit:
            why = _(misfit.template)
            why = why.format(**misfit.values) if misfit.values else why
            raise Misfit(f"{self.name}: {text!r}: {why}") from None
        if len(self._values) < REMEMBERED:
            self._values[cell] = value
        return value


def _text(cell: str) -> str:
    """A cell as it is kept: without what databases cannot hold."""
    text = storable(cell).strip()
    if len(text) > LONGEST_TEXT:
        raise Misfit(_("a cell is longer than {most} characters").format(most=LONGEST_TEXT))
    return text


def _unguarded_text(cell: str) -> str:
    """The same of a spreadsheet's cell, which may be guarded against being run."""
    text = _text(cell)
    return spreadsheets.unguarded(text) if text[:1] == "'" else text


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
        raise Misfit(_("it is no whole number"))
    return value


def _tags(text: str) -> list[str]:
    return list(dict.fromkeys(name_of(each) for each in spreadsheets.split(text)))


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise Misfit(_("there is no such time zone")) from None


def _language(text: str) -> str:
    if not contact_values.is_language(text):
        raise Misfit(_("there is no such language"))
    return text


_truth = partial(field_values.read, "bool")
_APART = ("phone", "bsuid", "tags", CONSENT, LEFT_OUT, UNDECIDED)  # not taken over as a column of contact
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
