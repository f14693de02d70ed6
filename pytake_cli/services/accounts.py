"""Accounts: organisations and their people; who may be made, changed and switched off."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.locale import Phrase
from pytake_cli.policy import phones
from pytake_cli.services import roles
from pytake_cli.store import audit, organisations
from pytake_cli.store.buckets import RateBucket
from pytake_cli.store.media import Media
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.rows import Row
from pytake_cli.store.users import User

ADMINS = ("SUPER_ADMIN", "ORG_ADMIN")
LANGUAGES = ("en", "pt-BR")
# what `org set` may change -> what it is
ORGANISATION_FIELDS = {
    "name": "what the company is called",
    "tz": "time zone, such as America/Sao_Paulo",
    "lang": "language of the company: en or pt-BR",
    "country": "two letters, for phone numbers typed without a country code",
    "dpo": "who answers people's questions about their data: a name, an e-mail address or a link",
    "second_person_above": "campaigns to more people than this are approved by another person first; 0: none are",
    "acknowledgement": "text that answers the first message of a conversation; empty: none",
}
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+")
_LONGEST_NAME = 120


def slug_of(name: str) -> str:
    """The short name made of a long one: `Loja São João & Cia` -> `loja-sao-joao-cia`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63].rstrip("-") or "org"


def create_organisation(
    db: Session,
    *,
    name: str,
    now: datetime,
    slug: str | None = None,
    tz: str = "America/Sao_Paulo",
    lang: str = "pt-BR",
    country: str = "BR",
    acknowledgement: str = "",
) -> Organisation:
    """Makes an organisation; its slug comes from the name and is taken by nobody else."""
    wanted = check_slug(slug) if slug is not None else slug_of(name)
    if organisations.by_slug(db, wanted) is not None:
        raise Conflict("PT-ORG-EXISTS", "there is already an organisation {org}", fix="pytake org list", org=wanted)
    organisation = Organisation(
        slug=wanted,
        name=check_field("name", name),
        tz=check_field("tz", tz),
        lang=check_field("lang", lang),
        country=check_field("country", country),
        acknowledgement=check_field("acknowledgement", acknowledgement),
        created_at=now,
    )
    db.add(organisation)
    db.flush()
    return organisation


def find_organisation(db: Session, slug: str) -> Organisation:
    found = organisations.by_slug(db, slug)
    if found is not None:
        return found
    near = difflib.get_close_matches(slug, [each.slug for each in organisations.everyone(db)], 1, 0.5)
    raise NotFound(
        "PT-ORG",
        "there is no organisation {org}",
        why="did you mean {near}?" if near else "",
        fix="pytake org list",
        org=slug,
        near=near[0] if near else "",
    )


def set_organisation(db: Session, organisation: Organisation, changes: Mapping[str, str]) -> list[str]:
    """Changes fields by name; returns the names of those that differ now."""
    changed: list[str] = []
    for field, value in changes.items():
        checked: str | int = check_field(field, value)
        if field == "second_person_above":
            checked = int(checked)
        if getattr(organisation, field) != checked:
            setattr(organisation, field, checked)
            changed.append(field)
    db.add(organisation)
    db.flush()
    return changed


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with an organisation: rows by table, the media files nobody else has, the scopes of its secrets."""

    rows: dict[str, int]
    files: tuple[str, ...]
    phone_number_ids: tuple[str, ...]


def delete_organisation(db: Session, organisation: Organisation) -> Deleted:
    """Deletes an organisation and every row of it. Files and secrets are the caller's, once this is committed."""
    own = select(Media.path).where(Media.org_id == organisation.id)
    others = select(Media.path).where(Media.org_id != organisation.id)
    files = set(db.exec(own).all()) - set(db.exec(others).all()) - {""}
    numbers = list(db.exec(select(Number).where(Number.org_id == organisation.id)))
    db.execute(delete(RateBucket).where(col(RateBucket.key).in_([f"number:{number.id}" for number in numbers])))
    entries = audit.erase(db, organisation.id or 0)
    rows = {"audit_entry": entries} if entries else {}
    for table in reversed(Row.metadata.sorted_tables):
        if "org_id" in table.columns:
            count = db.connection().execute(table.delete().where(table.c.org_id == organisation.id)).rowcount
            if count:
                rows[table.name] = count
    db.connection().execute(delete(Organisation).where(col(Organisation.id) == organisation.id))
    return Deleted(rows, tuple(sorted(files)), tuple(number.phone_number_id for number in numbers))


def check_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise InvalidData(
            "PT-ORG-SLUG",
            "{short} cannot be a short name: small letters, digits and hyphens, at most 63",
            fix="pytake org create NAME --slug {near}",
            short=slug,
            near=slug_of(slug),
        )
    return slug


def check_field(field: str, value: str) -> str:
    """The value as it is stored, or why it cannot be one."""
    value = value.strip()
    match field:
        case "name":
            return _check_name(value)
        case "tz":
            return check_zone(value)
        case "lang":
            if value not in LANGUAGES:
                raise _refused(field, value, Phrase("one of {choices}", choices=", ".join(LANGUAGES)))
            return value
        case "country":
            if not phones.is_country(value.upper()):
                raise _refused(field, value, Phrase("two letters of a country, such as BR"))
            return value.upper()
        case "dpo":
            if len(value) > _LONGEST_NAME or not value.isprintable():
                raise _refused(field, f"{value[:20]}…", Phrase("one line of at most 120 characters"))
            return value
        case "second_person_above":
            return _check_count(field, value)
        case "acknowledgement":
            if len(value) > 4096:  # Meta's limit for a text message
                raise _refused(field, f"{value[:20]}…", Phrase("at most 4096 characters"))
            return value
        case _:
            near = difflib.get_close_matches(field, ORGANISATION_FIELDS, 1, 0.4)
            raise InvalidData(
                "PT-ORG-FIELD",
                "an organisation has no field {field}",
                why="did you mean {near}?" if near else "",
                fix="pytake org set -h",
                field=field,
                near=near[0] if near else "",
            )


def _check_count(field: str, value: str) -> str:
    if not re.fullmatch(r"[0-9]{0,9}", value):
        raise _refused(field, value, Phrase("a number of people, such as 5000; 0: none"))
    return str(int(value or 0))


def check_zone(name: str) -> str:
    """An IANA time zone by its name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidData(
            "PT-TZ", "there is no time zone {tz}", fix="--tz America/Sao_Paulo", tz=name or "(empty)"
        ) from None
    return name


def _check_name(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise _refused("name", name[:20], Phrase("1 to 120 characters on one line"))
    return name


def _refused(field: str, value: str, wanted: Phrase) -> InvalidData:
    return InvalidData(
        "PT-ORG-VALUE",
        "{field} cannot be {value}: {wanted}",
        fix="pytake org set -h",
        field=field,
        value=value or Phrase("(empty)"),
        wanted=wanted,
    )


def invite(db: Session, *, org_id: int, email: str, now: datetime, name: str = "", role: str = "AGENT") -> User:
    """Adds a person to an organisation."""
    address = check_email(email)
    if _by_email(db, org_id, address) is not None:
        raise Conflict("PT-USER-EXISTS", "{email} is already a user", fix="pytake user list", email=address)
    user = User(org_id=org_id, email=address, name=name.strip(), role=roles.check(db, org_id, role), created_at=now)
    db.add(user)
    db.flush()
    return user


def find_user(db: Session, org_id: int, email: str) -> User:
    found = _by_email(db, org_id, email.strip().lower())
    if found is not None:
        return found
    known = db.exec(select(User.email).where(User.org_id == org_id))
    near = difflib.get_close_matches(email.lower(), known, 1, 0.5)
    raise NotFound(
        "PT-USER",
        "there is no user {email} in this organisation",
        why="did you mean {near}?" if near else "",
        fix="pytake user list",
        email=email,
        near=near[0] if near else "",
    )


def set_user(
    db: Session, user: User, *, name: str | None = None, role: str | None = None, active: bool | None = None
) -> list[str]:
    """Changes a person; the last active administrator stays one. Returns the names of the changed fields."""
    wanted = {
        "name": user.name if name is None else name.strip(),
        "role": user.role if role is None else roles.check(db, user.org_id, role),
        "active": user.active if active is None else active,
    }
    stays_admin = wanted["active"] and wanted["role"] in ADMINS
    if user.active and user.role in ADMINS and not stays_admin and _admins(db, user.org_id) == 1:
        raise Conflict(
            "PT-USER-LAST-ADMIN",
            "the only administrator left is {email}",
            fix="pytake user set SOMEBODY-ELSE --role ORG_ADMIN",
            email=user.email,
        )
    changed = [field for field, value in wanted.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, wanted[field])
    db.add(user)
    db.flush()
    return changed


def check_email(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise InvalidData(
            "PT-EMAIL",
            "{email} is not an e-mail address",
            fix="pytake user invite ana@loja.com.br",
            email=email or "(empty)",
        )
    return address


def _by_email(db: Session, org_id: int, email: str) -> User | None:
    return db.exec(select(User).where(User.org_id == org_id, User.email == email)).first()


def _admins(db: Session, org_id: int) -> int:
    query = select(func.count()).select_from(User)
    return db.exec(query.where(User.org_id == org_id, col(User.active), col(User.role).in_(ADMINS))).one()
