"""Principals: who acts, for which organisation, with which rights. Every use case asks this one whether it may."""

from __future__ import annotations

from dataclasses import dataclass

from pytake_cli.errors import Forbidden
from pytake_cli.policy import permissions as rights


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody at work: a person with a session, a program with a token, or the CLI on the store's own machine."""

    org_id: int
    user_id: int | None
    name: str
    role: str
    permissions: frozenset[str]  # such as {"conversations:read"}; "*" is everything
    kind: str  # "session", "token" or "local" (the CLI on the machine, as whoever owns the store)
    session_id: int | None = None
    token_id: int | None = None

    def may(self, permission: str) -> bool:
        return rights.allows(self.permissions, permission)

    def require(self, permission: str) -> None:
        """Raises Forbidden unless this principal has the permission."""
        if not self.may(permission):
            raise Forbidden(
                "PT-ROLE",
                "{name} may not do this: the role {role} lacks {permission}",
                why=rights.PERMISSIONS.get(permission, ""),
                fix="an administrator gives a role that has it: pytake role list",
                name=self.name,
                role=self.role,
                permission=permission,
            )


def local(org_id: int, user_id: int | None = None, name: str = "pytake") -> Principal:
    """The CLI on the machine: whoever may open the store may do everything in it."""
    return Principal(org_id, user_id, name, "SUPER_ADMIN", frozenset({rights.EVERYTHING}), "local")
