"""Audience files: their rows matched to contacts by phone, kept from the plan until the launch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import InvalidData
from pytake_cli.policy import import_columns, phones
from pytake_cli.policy.campaigns import Audience, Definition
from pytake_cli.policy.people import Keys
from pytake_cli.policy.spreadsheets import folded
from pytake_cli.services.contact_import_files import Source, Unreadable
from pytake_cli.store import Store
from pytake_cli.store.campaigns import audience_row
from pytake_cli.store.contacts import match
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.rows import insert

ROWS_AT_ONCE = 1000


@dataclass(slots=True)
class Found:
    """What became of a file's rows. Strangers get nothing and are not made contacts: nobody has asked them."""

    name: str
    rows: int = 0
    people: int = 0
    strangers: int = 0  # a phone that no contact has
    repeated: int = 0  # a contact who stood in the file already; the last row counts
    unreadable: int = 0  # no phone, or no row

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(store: Store, org_id: int, definition: Definition, source: Source, now: datetime) -> tuple[Definition, Found]:
    """Keeps the rows of the audience's file; the definition with the file's digest, and what was found in it."""
    place = _phone_column(source)
    found = Found(source.name)
    with store.read(org_id) as db:
        country = db.get_one(Organisation, org_id).country
    with store.write(org_id) as db:
        _forget(db, org_id, source.digest)
    for chunk in _chunks(_numbered(source, place, country, found)):
        with store.write(org_id) as db:
            _keep(db, org_id, source.digest, chunk, found, now)
    with store.read(org_id) as db:
        found.people = _count(db, org_id, source.digest)
    found.repeated = found.rows - found.unreadable - found.strangers - found.people
    audience = Audience("file", definition.audience.text, source.digest)
    return replace(definition, audience=audience), found


def _phone_column(source: Source) -> int:
    """Which column has the phones: one that is called so, or the only one."""
    names = [folded(name) for name in source.columns]
    for wanted in import_columns.TARGETS["phone"]:
        if wanted in names:
            return names.index(wanted)
    if len(names) == 1:
        return 0
    raise InvalidData(
        "PT-CAMP-PHONES",
        "{file} has no column of phones",
        why="its columns are {columns}",
        fix="call the column phone",
        file=source.name,
        columns=", ".join(source.columns),
    )


def _numbered(source: Source, place: int, country: str, found: Found) -> Iterator[tuple[str, dict[str, str]]]:
    """(digits, values by column) of each row that has a phone."""
    for _line, cells in source.rows():
        found.rows += 1
        if isinstance(cells, Unreadable) or place >= len(cells):
            found.unreadable += 1
            continue
        try:
            digits = phones.parse(cells[place], country).removeprefix("+")
        except InvalidData:
            found.unreadable += 1
            continue
        yield digits, dict(zip(source.columns, cells, strict=False))


def _keep(
    db: Session,
    org_id: int,
    digest: str,
    chunk: list[tuple[str, dict[str, str]]],
    found: Found,
    now: datetime,
) -> None:
    ids = match(db, org_id, "", [Keys(digits) for digits, _ in chunk], now)
    found.strangers += ids.count(None)
    values = {id_: row for id_, (_, row) in zip(ids, chunk, strict=True) if id_ is not None}
    rows = [
        {"org_id": org_id, "digest": digest, "contact_id": id_, "values": row, "read_at": now}
        for id_, row in values.items()
    ]
    if rows:
        added = insert(db, audience_row)
        again = {"values": added.excluded["values"], "read_at": added.excluded.read_at}
        keys = ["org_id", "digest", "contact_id"]
        db.connection().execute(added.on_conflict_do_update(index_elements=keys, set_=again), rows)


def _forget(db: Session, org_id: int, digest: str) -> None:
    mine = (audience_row.c.org_id == org_id, audience_row.c.digest == digest)
    db.connection().execute(sa.delete(audience_row).where(*mine))


def _count(db: Session, org_id: int, digest: str) -> int:
    mine = (audience_row.c.org_id == org_id, audience_row.c.digest == digest)
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(audience_row).where(*mine)).scalar_one())


def _chunks(rows: Iterable[tuple[str, dict[str, str]]]) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """A few rows at a time."""
    left = iter(rows)
    while chunk := list(itertools.islice(left, ROWS_AT_ONCE)):
        yield chunk
