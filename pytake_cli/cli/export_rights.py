"""Who may take lists of people out of the store by the command line; the audit log knows of it before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import selectors
from pytake_cli.cli.context import context

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.principals import Principal

RIGHT = "contacts:export"
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who takes it, with that person's rights.")]


def noted(as_: str | None, action: str, target: str, details: Mapping[str, Any], right: str = RIGHT) -> None:
    """Raises Forbidden when the person named may not; else writes that it was done. Details name nobody."""
    from pytake_cli.services import audit

    here = context()
    with here.store.write(here.org_id) as db:
        audit.note(db, allowed(db, as_, right), action, target, details, now=here.now)


def allowed(db: Session, as_: str | None, right: str) -> Principal:
    """Whoever may open the store may do everything in it, unless they say who they are."""
    from pytake_cli.services import principals, roles

    org_id, user = context().org_id, selectors.author(db, as_)
    if user is None:
        return principals.local(org_id)
    name = user.name or user.email
    if as_ is None:
        return principals.local(org_id, user.id, name)
    found = principals.Principal(org_id, user.id, name, user.role, roles.rights_of(db, user), "local")
    found.require(right)
    return found
