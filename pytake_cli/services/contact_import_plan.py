"""What the columns of a list become: guessed from their headers and values, or as `--map` says."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from pytake_cli.errors import InvalidData, UsageError
from pytake_cli.policy import import_columns, phones
from pytake_cli.policy.import_columns import CONSENT, LEFT_OUT, TARGETS, UNDECIDED, Column
from pytake_cli.policy.spreadsheets import folded, unguarded
from pytake_cli.services import fields
from pytake_cli.services.contact_import_files import SAMPLE_ROWS, Source, Unreadable
from pytake_cli.services.fields import Known
from pytake_cli.store.fields import TYPES

KEY_TYPES = ("text", "number")  # of fields by which people are told apart
FIELD_TYPES = tuple(name for name in TYPES if name != "choice")


def plan(
    db: Session, org_id: int, source: Source, given: Mapping[str, str], country: str | None, key: str = "phone"
) -> list[Column]:
    """What becomes of each column; raises UsageError for a mapping or a key that does not fit the file."""
    known = fields.known(db, org_id)
    sample = [cells for _, cells in itertools.islice(source.rows(), SAMPLE_ROWS) if not isinstance(cells, Unreadable)]
    guessed = _guessed(source, sample, country)
    columns = [Column(header, target) for header, target in zip(source.columns, guessed, strict=True)]
    for header, target in given.items():
        place = _place(source.columns, header)
        columns = [_freed(column, target) for column in columns]
        columns[place] = _as_given(source.columns[place], target)
    _refuse_doubles(columns)
    if not any(column.target in ("phone", "bsuid", key) for column in columns):
        raise InvalidData(
            "PT-IMPORT-PHONE",
            "{name} has no column that is known as the phone number",
            why="there are {columns}",
            fix="--map COLUMN=phone",
            name=source.name,
            columns=", ".join(source.columns),
        )
    typed = [_typed(column, _values(sample, place), known) for place, column in enumerate(columns)]
    if key != "phone":
        _refuse_key(typed, key, source)
    return typed


def agreed_at(
    columns: Sequence[Column], everybody: bool, where: str, at: datetime | None, now: datetime
) -> datetime | None:
    """When the people of a list agreed, if it brings any consent; raises UsageError where its proof is missing."""
    if not everybody and all(column.target != CONSENT for column in columns):
        return None
    if not where or at is None:
        raise UsageError(
            "PT-IMPORT-CONSENT",
            "consent needs its proof: where and when these people agreed",
            fix='--consent-source "loja física" --consent-date 2026-03-02',
        )
    if at > now:
        raise UsageError("PT-IMPORT-CONSENT", "nobody has agreed in the future", fix="--consent-date 2026-03-02")
    return at


def key_named(text: str) -> str:
    """What `--key` says as a target: `cpf` is the field `f.cpf`."""
    return text if text in ("phone", "bsuid") or text.startswith("f.") else f"f.{text}"


def _refuse_key(columns: Sequence[Column], key: str, source: Source) -> None:
    found = [column for column in columns if column.target == key]
    if found and (key == "bsuid" or found[0].type in KEY_TYPES):
        return
    raise UsageError(
        "PT-IMPORT-IDENTITY",
        "people of {name} cannot be known by {key}",
        why="it is a {type}, which tells nobody apart" if found else "the columns become {targets}",
        fix="--key FIELD, of type text or number" if found else "--map COLUMN={key}",
        name=source.name,
        key=key,
        type=found[0].type if found else "",
        targets=", ".join(column.target for column in columns),
    )


def examples(source: Source) -> list[str]:
    """The first value of each column."""
    rows = [cells for _, cells in itertools.islice(source.rows(), SAMPLE_ROWS) if not isinstance(cells, Unreadable)]
    return [next(_values(rows, place), "") for place in range(len(source.columns))]


def _values(rows: Sequence[Sequence[str]], place: int) -> Iterator[str]:
    for cells in rows:
        if place < len(cells) and (text := unguarded(cells[place].strip())):
            yield text


def _guessed(source: Source, sample: Sequence[Sequence[str]], country: str | None) -> list[str]:
    if source.has_header:
        return import_columns.guess(source.columns)
    width = range(len(source.columns))
    are_phones = [sum(_is_phone(value, country) for value in _values(sample, place)) for place in width]
    best = are_phones.index(max(are_phones))
    return ["phone" if place == best and are_phones[place] else LEFT_OUT for place in width]


def _is_phone(text: str, country: str | None) -> bool:
    try:
        return bool(phones.parse(text, country))
    except InvalidData:
        return False


def _place(headers: Sequence[str], wanted: str) -> int:
    for same in (lambda header: header == wanted, lambda header: folded(header) == folded(wanted)):
        found = [place for place, header in enumerate(headers) if same(header)]
        if len(found) == 1:
            return found[0]
    near = difflib.get_close_matches(wanted, headers, 1)
    raise UsageError(
        "PT-IMPORT-MAP",
        "the file has no column {wanted}",
        why="did you mean {near}?" if near else "there are {headers}",
        fix="--map COLUMN=FIELD",
        wanted=wanted,
        near=near[0] if near else "",
        headers=", ".join(headers),
    )


def _freed(column: Column, target: str) -> Column:
    """A guess gives way to what is said."""
    return replace(column, target=LEFT_OUT) if column.target == target and not column.given else column


def _as_given(header: str, target: str) -> Column:
    name, _, type_ = target.partition(":")
    if name in (*TARGETS, CONSENT, LEFT_OUT):
        return Column(header, name, given=True)
    field = name.removeprefix("f.")
    if name.startswith("f.") and import_columns.field_name(field) == field and (not type_ or type_ in FIELD_TYPES):
        return Column(header, name, type_, given=True)
    raise UsageError(
        "PT-IMPORT-MAP",
        "a column cannot become {target}",
        why="there are {targets}, and f.NAME or f.NAME:TYPE for fields of your own; - leaves a column out",
        fix="--map 'Cidade=f.cidade'",
        target=target,
        targets=", ".join((*TARGETS, CONSENT)),
    )


def _refuse_doubles(columns: Sequence[Column]) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        if column.target in (LEFT_OUT, UNDECIDED):
            continue
        if column.target in seen:
            raise UsageError(
                "PT-IMPORT-MAP",
                "{first} and {second} cannot both become {target}",
                fix="--map '{second}=-'",
                first=seen[column.target],
                second=column.header,
                target=column.target,
            )
        seen[column.target] = column.header


def _typed(column: Column, values: Iterator[str], known: Known) -> Column:
    if not column.field:
        return column
    if column.field in known.types:
        return replace(column, type=known.types[column.field].type)
    guess = column.type or import_columns.type_of(column.header, list(values), month_first=known.month_first)
    return replace(column, type=guess, new=True)
