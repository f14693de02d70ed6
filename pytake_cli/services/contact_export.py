"""Contacts as a list: a table for spreadsheets, or JSON; what an import reads gives the same contacts again."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy.people import BSUID, PHONE, USERNAME
from pytake_cli.policy.spreadsheets import guarded, joined
from pytake_cli.services import fields
from pytake_cli.services.contact_import_files import text_of
from pytake_cli.store import tags
from pytake_cli.store.contacts import contact, identities_of
from pytake_cli.store.tags import contact_tag, name_of, tag

Form = Literal["csv", "jsonl", "xlsx"]
PAGE = 1000  # contacts read at once

# column -> what it is; the organisation's own fields follow as f.<name>
COLUMNS = {
    "phone": "phone number",
    "name": "name that you gave",
    "language": "language",
    "tz": "time zone",
    "stage": "where they stand",
    "score": "score",
    "vip": "whether they are important",
    "tags": "tags",
    "bsuid": "WhatsApp's user id",
    "username": "username on WhatsApp",
    "profile_name": "name that the contact gave on WhatsApp",
    "id": "row id, for contact:ID",
    "blocked_at": "since when the contact is blocked",
    "marketing_granted_at": "since when the contact wants marketing",
    "marketing_stopped_at": "since when the contact wants no marketing",
    "utility_stopped_at": "since when the contact wants no utility templates",
    "opted_out_at": "since when the contact wants nothing automatic",
    "created_at": "when the contact was made",
    "updated_at": "when the contact was changed",
}
DEFAULT = ("phone", "name", "language", "tz", "stage", "score", "vip", "tags", "bsuid")
_TYPED = frozenset(COLUMNS) - {"name", "stage", "tags", "username", "profile_name"}  # hold nothing that people wrote


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts: those with the tag, those of the query of ids; all of them by default."""

    org_id: int
    tag: str | None = None
    ids: sa.Select[Any] | None = None

    def where(self) -> list[Any]:
        conditions = [
            contact.c.org_id == self.org_id,
            contact.c.merged_into_id.is_(None),
            contact.c.deleted_at.is_(None),
        ]
        if self.tag is not None:
            named = sa.select(contact_tag.c.contact_id).join(tag, tag.c.id == contact_tag.c.tag_id)
            theirs = named.where(tag.c.org_id == self.org_id, tag.c.name == name_of(self.tag))
            conditions.append(contact.c.id.in_(theirs))
        if self.ids is not None:
            conditions.append(contact.c.id.in_(self.ids))
        return conditions


def columns(db: Session, org_id: int) -> dict[str, str]:
    """Every column that there is, and what it is."""
    own = fields.known(db, org_id).types.values()
    return COLUMNS | {f"f.{field.name}": field.label or f"your field {field.name}" for field in own}


def count(db: Session, wanted: Wanted) -> int:
    return int(db.connection().execute(sa.select(sa.func.count(contact.c.id)).where(*wanted.where())).scalar_one())


def rows(db: Session, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Each contact with its columns, tags as a list and fields as a mapping, in the order in which they were made."""
    query = sa.select(contact).where(*wanted.where()).order_by(contact.c.id)
    found = db.connection().execute(query, execution_options={"yield_per": PAGE})
    for page in found.mappings().partitions():
        ids = [row["id"] for row in page]
        known, tagged = identities_of(db, ids), tags.of_contacts(db, ids)
        for row in page:
            newest = {one.kind: one.value for one in reversed(known.get(row["id"], ())) if one.retired_at is None}
            phone = newest.get(PHONE)
            yield {
                **row,
                "phone": f"+{phone}" if phone else "",
                "bsuid": newest.get(BSUID, ""),
                "username": newest.get(USERNAME, ""),
                "tags": tagged.get(row["id"], []),
            }


def write(
    file: BinaryIO,
    form: Form,
    names: Sequence[str],
    found: Iterator[Mapping[str, Any]],
    *,
    raw: bool = False,
    tell: Callable[[int], None] = lambda done: None,
) -> int:
    """Writes the contacts and returns how many they are; `raw` leaves cells alone that a spreadsheet might run."""
    match form:
        case "csv":
            return _csv(file, names, found, raw, tell)
        case "jsonl":
            return _jsonl(file, names, found, tell)
        case "xlsx":
            from pytake_cli.services import contact_export_xlsx  # late: openpyxl takes 100 ms

            return contact_export_xlsx.write(file, names, found, tell)


def _csv(
    file: BinaryIO, names: Sequence[str], found: Iterator[Mapping[str, Any]], raw: bool, tell: Callable[[int], None]
) -> int:
    out, done = csv.writer(codecs.getwriter("utf-8")(file)), 0
    out.writerow(names)
    for done, row in enumerate(found, 1):
        out.writerow([_cell(name, value_of(row, name), raw) for name in names])
        if done % PAGE == 0:
            tell(done)
    return done


def _jsonl(
    file: BinaryIO, names: Sequence[str], found: Iterator[Mapping[str, Any]], tell: Callable[[int], None]
) -> int:
    done = 0
    own = [name for name in names if not name.startswith("f.")]
    theirs = [name[2:] for name in names if name.startswith("f.")]
    for done, row in enumerate(found, 1):
        record = {name: row[name] for name in own}
        if theirs:
            record["fields"] = {name: row["fields"][name] for name in theirs if name in row["fields"]}
        file.write(orjson.dumps(record, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
        if done % PAGE == 0:
            tell(done)
    return done


def value_of(row: Mapping[str, Any], name: str) -> Any:
    """What a contact has in a column."""
    return row["fields"].get(name[2:]) if name.startswith("f.") else row[name]


def _cell(name: str, value: Any, raw: bool) -> str:
    text = cell_text(value)
    typed = name in _TYPED or not isinstance(value, str | list)
    return text if raw or typed else guarded(text)


def cell_text(value: Any) -> str:
    """A value as a cell says it."""
    if isinstance(value, list):
        return joined(value)
    return value.isoformat() if hasattr(value, "isoformat") else text_of(value)
