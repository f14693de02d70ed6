"""Roles: those of the house, and named sets of permissions of your own.

$ pytake role list
$ pytake role create supervisor --like AGENT --permission analytics:read
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _
from pytake_cli.policy.permissions import EVERYTHING, PERMISSIONS
from pytake_cli.services import roles
from pytake_cli.services.principals import local

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "name": "What people have it by.",
    "about": "What it is for.",
    "people": "How many have it.",
    "builtin": "True: of the house; it stays as it is.",
    "permissions": "What it allows.",
}
SHOWN = ("name", "people", "builtin", "about")
PERMISSION = {"permission": "Its name.", "about": "What whoever has it may do.", "held": "True: the role has it."}
Name = Annotated[str, typer.Argument(metavar="ROLE", help="Name of the role.")]
Add = Annotated[list[str] | None, typer.Option("--permission", metavar="P", help="A permission it has; several times.")]
About = Annotated[str | None, typer.Option("--about", help="What it is for, in a line.")]


@app.command("list")
def list_() -> None:
    """Lists the roles and how many people have each.

    $ pytake role list
    $ pytake role list --fields name,permissions --json
    """
    here = context()
    with here.store.read(here.org_id) as db:
        rows = [_translated(asdict(each)) for each in roles.listed(db, here.org_id)]
    emit(rows, FIELDS, default=SHOWN)


@app.command("show")
def show(
    name: Name,
    everything: Annotated[bool, typer.Option("--all", help="Also the permissions that it lacks.")] = False,
) -> None:
    """Shows what a role allows, permission by permission.

    $ pytake role show AGENT
    $ pytake role show supervisor --all
    """
    here = context()
    with here.store.read(here.org_id) as db:
        found = roles.find(db, here.org_id, name)
    held = set(PERMISSIONS) if EVERYTHING in found.permissions else set(found.permissions)
    rows = [
        {"permission": each, "about": _(about), "held": each in held}
        for each, about in PERMISSIONS.items()
        if everything or each in held
    ]
    emit(rows, PERMISSION, default=("permission", "held", "about") if everything else ("permission", "about"))


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="ROLE", help="Small letters, digits, - and _.")],
    permission: Add = None,
    like: Annotated[str | None, typer.Option("--like", metavar="ROLE", help="Begins with what that one has.")] = None,
    about: About = None,
) -> None:
    """Makes a role of your own.

    $ pytake role create supervisor --like AGENT --permission analytics:read --about "Coordena a equipe"
    """
    here = context()
    with here.store.write(here.org_id) as db:
        wanted = set(permission or ())
        if like:
            wanted |= set(roles.find(db, here.org_id, like).permissions) - {EVERYTHING}
        role = roles.create(db, local(here.org_id), name, sorted(wanted), here.now, about=about or "")
        row = asdict(roles.row(role))
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=("name", "permissions", "about"))
    _told(_("the role {role} is there: pytake user set EMAIL --role {role}").format(role=name))


@app.command("set")
def set_(
    name: Name,
    permission: Add = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="P", help="A permission it loses; several times.")
    ] = None,
    about: About = None,
) -> None:
    """Gives a role permissions or takes some away; its people have it from their next request on.

    $ pytake role set supervisor --permission audit:read --without contacts:read
    """
    if permission is None and without is None and about is None:
        raise UsageError("PT-USAGE-NOTHING", "there is nothing to change", fix="pytake role set -h")
    here = context()
    with here.store.write(here.org_id) as db:
        present = roles.find(db, here.org_id, name)
        wanted = (set(present.permissions) | set(permission or ())) - set(without or ())
        role = roles.change(db, local(here.org_id), name, sorted(wanted), here.now, about=about)
        row = asdict(roles.row(role, present.people))
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=("name", "permissions", "about"))
    _told(_("the role {role} is changed").format(role=row["name"]))


@app.command("delete")
def delete(name: Name) -> None:
    """Removes a role that nobody has any more.

    $ pytake role delete supervisor --yes
    """
    here = context()
    with here.store.read(here.org_id) as db:
        found = roles.find(db, here.org_id, name)
    if not here.dry_run and not confirm.ordinary(_("Delete the role {role}?").format(role=found.name)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        roles.delete(db, local(here.org_id), name, here.now)
        if here.dry_run:
            db.rollback()
    _told(_("the role {role} is deleted").format(role=found.name))


def _translated(row: dict[str, object]) -> dict[str, object]:
    return {**row, "about": _(str(row["about"])) if row["builtin"] else row["about"]}


def _told(what: str) -> None:
    if context().dry_run:
        say(_("would be: {what}").format(what=what))
    else:
        done(what)
