"""Fields of the organisation's own: declared with a type, renamed, deleted; and the one door for their values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy import field_values
from pytake_cli.policy.field_values import Misfit, Value
from pytake_cli.store import field_index, segments
from pytake_cli.store import fields as rows
from pytake_cli.store.fields import Field
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.rows import insert

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
MONTH_FIRST = ("US",)  # countries where 03/11/2026 is in March
MOST_CHOICES = 200


@dataclass(frozen=True, slots=True)
class Known:
    """An organisation's fields, and how it writes dates."""

    types: Mapping[str, Field]
    month_first: bool
    tz: ZoneInfo


def known(db: Session, org_id: int) -> Known:
    """The organisation's fields; read once for as many values as there are."""
    org = db.get_one(Organisation, org_id)
    types = {field.name: field for field in rows.everyone(db, org_id)}
    return Known(types, org.country in MONTH_FIRST, ZoneInfo(org.tz))


def parse(known: Known, name: str, given: Value) -> Value | None:
    """What somebody typed as the field's typed value, None if it is empty. Raises NotFound or InvalidData."""
    field = find(known, name)
    try:
        return field_values.read(field.type, given, choices=field.choices, month_first=known.month_first, tz=known.tz)
    except Misfit as error:
        raise InvalidData(
            "PT-FIELD-VALUE",
            "{value} does not fit the field {name} ({type})",
            why=error.template,
            fix="pytake field list",
            value=repr(given),
            name=field.name,
            type=field.type,
            **error.values,
        ) from None


def find(known: Known, name: str) -> Field:
    """The field of that name; an unknown one is refused with what comes near."""
    field = known.types.get(name)
    if field is not None:
        return field
    near = difflib.get_close_matches(name, known.types, 1, 0.6)
    addable = NAME.fullmatch(name) is not None
    raise NotFound(
        "PT-FIELD",
        "there is no field {name}",
        why="did you mean {near}?" if near else "",
        fix="pytake field add {name} --type text" if addable else "pytake field list",
        name=name,
        near=near[0] if near else "",
    )


def add(
    db: Session,
    org_id: int,
    name: str,
    type_: str,
    now: datetime,
    *,
    label: str = "",
    choices: Sequence[str] = (),
    indexed: bool = False,
) -> Field:
    """Declares a field. Values that contacts have under its name already must fit; they are kept in the new type."""
    refuse_name(name)
    options = _choices(name, type_, choices)
    if rows.by_name(db, org_id, name) is not None:
        raise Conflict("PT-FIELD-EXISTS", "there is a field {name} already", fix="pytake field list", name=name)
    field = Field(org_id=org_id, name=name, label=label.strip(), type=type_, choices=options, created_at=now)
    db.add(field)
    db.flush()
    _convert(db, org_id, field)
    if indexed:
        field_index.create(db, field)
    return field


def change(
    db: Session, org_id: int, name: str, *, label: str | None = None, indexed: bool | None = None
) -> tuple[Field, list[str]]:
    """Changes what is given; returns the field and what is different now."""
    field, changed = find(known(db, org_id), name), []
    if label is not None and label.strip() != field.label:
        field.label = label.strip()
        changed.append("label")
    if indexed is not None and indexed != (name in field_index.of(db, org_id)):
        (field_index.create if indexed else field_index.drop)(db, field)
        changed.append("indexed")
    db.add(field)
    db.flush()
    return field, changed


def listed(db: Session, org_id: int) -> list[dict[str, Any]]:
    """The fields, and which have an index."""
    indexed = field_index.of(db, org_id)
    return [{**field.model_dump(), "indexed": field.name in indexed} for field in rows.everyone(db, org_id)]


def _convert(db: Session, org_id: int, field: Field) -> None:
    """Values from before the field was declared become its type; refused when one does not fit."""
    how = known(db, org_id)
    misfits: list[int] = []
    for held in rows.holding(db, org_id, field.name):
        converted: dict[int, Value | None] = {}
        for contact_id, value in held:
            try:
                converted[contact_id] = parse(how, field.name, value if isinstance(value, Value) else str(value))
            except InvalidData:
                misfits.append(contact_id)
        rows.put(db, field.name, converted)
    if misfits:
        raise Conflict(
            "PT-FIELD-MISFIT",
            "{count} contacts hold a {name} that does not fit the type {type}, such as contact:{first}",
            fix="pytake field add {name} --type text\npytake contact show contact:{first}",
            count=len(misfits),
            name=field.name,
            type=field.type,
            first=misfits[0],
        )


def rename(db: Session, org_id: int, name: str, to: str) -> Field:
    """Calls a field otherwise; the contacts' values go along."""
    field = find(known(db, org_id), name)
    refuse_name(to)
    if rows.by_name(db, org_id, to) is not None:
        raise Conflict("PT-FIELD-EXISTS", "there is a field {name} already", fix="pytake field list", name=to)
    _refuse_used(db, org_id, name)
    indexed = name in field_index.of(db, org_id)
    field_index.drop(db, field)
    field.name = to
    db.add(field)
    db.flush()
    rows.move(db, org_id, name, to)
    if indexed:
        field_index.create(db, field)
    return field


def delete(db: Session, org_id: int, name: str) -> int:
    """Deletes a field and what contacts hold in it; returns how many did."""
    field = find(known(db, org_id), name)
    _refuse_used(db, org_id, name)
    field_index.drop(db, field)
    db.delete(field)
    db.flush()
    return rows.forget(db, org_id, name)


def _refuse_used(db: Session, org_id: int, name: str) -> None:
    """Raises Conflict while a segment asks for the field."""
    asks = re.compile(rf"(?<![\w.])f\.{name}(?!\w)")
    users = [segment.name for segment in segments.everyone(db, org_id) if asks.search(segment.query)]
    if users:
        raise Conflict(
            "PT-FIELD-USED",
            "segments ask for f.{name}: {segments}",
            fix="pytake segment show {first}",
            name=name,
            segments=", ".join(users),
            first=users[0],
        )


def declare(db: Session, org_id: int, types: Mapping[str, str], now: datetime) -> None:
    """Declares the fields of a name and a type that are not there yet; for what flows and imports bring."""
    for name in types:
        refuse_name(name)
    new = [
        {"org_id": org_id, "name": name, "label": "", "type": type_, "choices": [], "created_at": now}
        for name, type_ in types.items()
    ]
    if new:
        made = insert(db, rows.contact_field).on_conflict_do_nothing(index_elements=["org_id", "name"])
        db.connection().execute(made, new)


def refuse_name(name: str) -> None:
    """Raises InvalidData for what cannot stand after `f.`."""
    if not NAME.fullmatch(name):
        raise InvalidData(
            "PT-FIELD-NAME",
            "{name} cannot be the name of a field: those are small letters, digits and _",
            fix="pytake field add city --type text",
            name=name,
        )


def _choices(name: str, type_: str, choices: Sequence[str]) -> list[str]:
    options = list(dict.fromkeys(words for choice in choices if (words := " ".join(choice.split()))))
    if (type_ == "choice") != bool(options) or len(options) > MOST_CHOICES:
        raise InvalidData(
            "PT-FIELD-CHOICES",
            "a choice needs its choices, up to {most} of them, and no other type has any",
            fix="pytake field add {name} --type choice --choices basic,gold",
            name=name,
            most=MOST_CHOICES,
        )
    return options
