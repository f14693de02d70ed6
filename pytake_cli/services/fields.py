"""Fields of the organisation's own: declared with a type, renamed, deleted; and the one door for their values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy import field_values
from pytake_cli.policy.field_values import Misfit, Value
from pytake_cli.store import fields as rows
from pytake_cli.store.fields import Field
from pytake_cli.store.organisations import Organisation

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
            "{value} does not fit the field {name} ({type}): {why}",
            fix="pytake field list",
            value=repr(given),
            name=field.name,
            type=field.type,
            why=str(error),
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
) -> Field:
    """Declares a field. Values that contacts have under its name already must fit; they are kept in the new type."""
    refuse_name(name)
    options = _choices(name, type_, choices)
    if rows.by_name(db, org_id, name) is not None:
        raise Conflict("PT-FIELD-EXISTS", "there is a field {name} already", fix="pytake field list", name=name)
    field = Field(org_id=org_id, name=name, label=label.strip(), type=type_, choices=options, created_at=now)
    db.add(field)
    db.flush()
    return field


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
