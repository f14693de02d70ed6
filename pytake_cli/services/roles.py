"""Roles: those of the house, and those that an organisation makes of its own; nobody gives more than they have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, func, select

from pytake_cli.errors import Conflict, Forbidden, InvalidData, NotFound
from pytake_cli.policy import permissions
from pytake_cli.services import audit
from pytake_cli.services.principals import Principal
from pytake_cli.store import roles
from pytake_cli.store.roles import Role
from pytake_cli.store.users import User

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")
ABOUT = {
    "SUPER_ADMIN": "Everything, in every organisation.",
    "ORG_ADMIN": "Everything in the organisation.",
    "AGENT": "Answers people.",
    "VIEWER": "Looks on.",
}
LONGEST_ABOUT = 200


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as lists show it."""

    name: str
    about: str
    permissions: list[str]
    builtin: bool
    people: int
    version: int | None = None


def rights_of(db: Session, user: User) -> frozenset[str]:
    """What a person may do now."""
    return rights(db, user.org_id, user.role)


def rights(db: Session, org_id: int, name: str) -> frozenset[str]:
    custom = None if name in permissions.ROLES else roles.by_name(db, org_id, name)
    return permissions.rights(name, custom.permissions if custom else None)


def check(db: Session, org_id: int, name: str) -> str:
    """The role's name as it is kept; raises InvalidData when there is none like it."""
    wanted = name.strip()
    if wanted.upper() in permissions.ROLES:
        return wanted.upper()
    custom = [role.name for role in roles.everything(db, org_id)]
    if wanted.lower() in custom:
        return wanted.lower()
    known = [*permissions.ROLES, *custom]
    near = difflib.get_close_matches(wanted.upper(), [each.upper() for each in known], 1, 0.4)
    raise InvalidData(
        "PT-ROLE-UNKNOWN",
        "there is no role {role}; roles are {roles}",
        fix="pytake role list",
        why="did you mean {near}?" if near else "",
        role=name,
        roles=", ".join(known),
        near=next((each for each in known if near and each.upper() == near[0]), ""),
    )


def check_grant(who: Principal, wanted: Iterable[str], what: str) -> None:
    """Raises Forbidden when `what` (a role, a person) has rights that `who` lacks."""
    if not permissions.may_grant(who.permissions, wanted):
        raise Forbidden(
            "PT-ROLE-ABOVE",
            "{what} is above what {name} may give or govern",
            why="nobody grants rights that they do not have",
            fix="somebody with these rights does it: pytake user list",
            what=what,
            name=who.name,
        )


def listed(db: Session, org_id: int) -> list[RoleRow]:
    """Every role, those of the house first."""
    people = dict(db.exec(select(User.role, func.count()).where(User.org_id == org_id).group_by(User.role)).all())
    own = [
        RoleRow(name, ABOUT[name], sorted(held), True, people.get(name, 0)) for name, held in permissions.ROLES.items()
    ]
    return own + [row(role, people.get(role.name, 0)) for role in roles.everything(db, org_id)]


def row(role: Role, people: int = 0) -> RoleRow:
    return RoleRow(role.name, role.about, sorted(role.permissions), False, people, role.version)


def find(db: Session, org_id: int, name: str) -> RoleRow:
    for each in listed(db, org_id):
        if each.name.lower() == name.strip().lower():
            return each
    known = [each.name for each in listed(db, org_id)]
    near = difflib.get_close_matches(name, known, 1, 0.4)
    raise NotFound(
        "PT-ROLE-UNKNOWN",
        "there is no role {role}",
        fix="pytake role list",
        why="did you mean {near}?" if near else "",
        role=name,
        near=near[0] if near else "",
    )


def create(db: Session, who: Principal, name: str, wanted: Sequence[str], now: datetime, *, about: str = "") -> Role:
    """A role of the organisation's own."""
    who.require("roles:manage")
    if not _NAME.fullmatch(name) or name.upper() in permissions.ROLES:
        raise InvalidData(
            "PT-ROLE-NAME",
            "{role} cannot be the name of a role: small letters, digits, - and _, at most 40",
            fix="pytake role create supervisor --permission analytics:read",
            role=name or "(empty)",
        )
    if roles.by_name(db, who.org_id, name) is not None:
        raise Conflict("PT-ROLE-EXISTS", "there is already a role {role}", fix="pytake role set {role}", role=name)
    role = Role(org_id=who.org_id, name=name, created_at=now, updated_at=now)
    _fill(role, who, wanted, about)
    db.add(role)
    db.flush()
    audit.note(db, who, "role.created", f"role:{name}", {"permissions": role.permissions}, now=now)
    return role


def change(
    db: Session, who: Principal, name: str, wanted: Sequence[str] | None, now: datetime, *, about: str | None = None
) -> Role:
    """Gives a role other permissions; whoever has it has them from their next request on."""
    who.require("roles:manage")
    role = _custom(db, who.org_id, name)
    check_grant(who, role.permissions, role.name)
    before = list(role.permissions)
    _fill(role, who, before if wanted is None else wanted, role.about if about is None else about)
    role.version += 1
    role.updated_at = now
    db.add(role)
    db.flush()
    audit.note(db, who, "role.changed", f"role:{name}", {"before": before, "after": role.permissions}, now=now)
    return role


def delete(db: Session, who: Principal, name: str, now: datetime) -> None:
    """Removes a role that nobody has any more."""
    who.require("roles:manage")
    role = _custom(db, who.org_id, name)
    check_grant(who, role.permissions, role.name)
    people = db.exec(select(User.email).where(User.org_id == who.org_id, User.role == role.name)).all()
    if people:
        raise Conflict(
            "PT-ROLE-IN-USE",
            "{count} people have the role {role}, {first} among them",
            fix="pytake user set {first} --role AGENT",
            count=len(people),
            role=role.name,
            first=people[0],
        )
    db.delete(role)
    db.flush()
    audit.note(db, who, "role.deleted", f"role:{name}", {"permissions": role.permissions}, now=now)


def _custom(db: Session, org_id: int, name: str) -> Role:
    found = find(db, org_id, name)
    role = roles.by_name(db, org_id, found.name)
    if role is None:
        raise InvalidData(
            "PT-ROLE-BUILTIN",
            "{role} is a role of the house and stays as it is",
            fix="pytake role create NAME --like {role}",
            role=found.name,
        )
    return role


def _fill(role: Role, who: Principal, wanted: Sequence[str], about: str) -> None:
    for each in permissions.unknown(wanted):
        near = difflib.get_close_matches(each, permissions.PERMISSIONS, 1, 0.4)
        raise InvalidData(
            "PT-ROLE-PERMISSION",
            "there is no permission {permission}",
            fix="pytake role show ORG_ADMIN",
            why="did you mean {near}?" if near else "",
            permission=each,
            near=near[0] if near else "",
        )
    if len(about) > LONGEST_ABOUT or (about and not about.isprintable()):
        raise InvalidData(
            "PT-ROLE-ABOUT", "what a role is for is said on one line of at most 200 characters", fix="a shorter text"
        )
    check_grant(who, wanted, role.name)
    role.permissions = sorted(set(wanted))
    role.about = about
