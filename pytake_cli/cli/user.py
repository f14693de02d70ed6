"""People: who belongs to the organisation and what they may do.

$ pytake user list
$ pytake user invite bia@example.com --role AGENT --name Bia
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pytake_cli.cli import confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.org import tell_changes
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _
from pytake_cli.services import accounts
from pytake_cli.store import users

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "email": "E-mail address, what a person is named by.",
    "name": "Name.",
    "role": "SUPER_ADMIN, ORG_ADMIN, AGENT or VIEWER.",
    "active": "False: switched off.",
    "id": "Row id.",
    "created_at": "When the person was added.",
}
SHOWN = ("email", "name", "role", "active")


@app.command("list")
def list_() -> None:
    """Lists the people of the organisation.

    $ pytake user list
    $ pytake user list --json --fields email,role
    """
    with context().store.read(context().org_id) as db:
        rows = [user.model_dump() for user in users.everyone(db)]
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no users yet: pytake user invite EMAIL"))


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    role: Annotated[str, typer.Option(help="SUPER_ADMIN, ORG_ADMIN, AGENT or VIEWER.")] = "AGENT",
    name: Annotated[str, typer.Option(help="Name, as customers and colleagues know it.")] = "",
) -> None:
    """Adds a person to the organisation. No e-mail is sent.

    $ pytake user invite bia@example.com --role AGENT --name Bia
    """
    here = context()
    with here.store.write(here.org_id) as db:
        user = accounts.invite(db, org_id=here.org_id, email=email, name=name, role=role, now=here.now)
        row = user.model_dump()
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("{email} belongs to {org} now").format(email=row["email"], org=here.org.slug))


@app.command("set")
def set_(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    role: Annotated[str | None, typer.Option(help="SUPER_ADMIN, ORG_ADMIN, AGENT or VIEWER.")] = None,
    name: Annotated[str | None, typer.Option(help="Name.")] = None,
    enable: Annotated[bool, typer.Option("--enable", help="Switches a disabled person on again.")] = False,
) -> None:
    """Changes a person's role or name.

    $ pytake user set bia@example.com --role ORG_ADMIN
    $ pytake user set bia@example.com --enable
    """
    if role is None and name is None and not enable:
        raise UsageError("PT-USAGE-NOTHING", "there is nothing to change", fix="pytake user set -h")
    _change(email, role=role, name=name, active=True if enable else None)


@app.command("disable")
def disable(email: Annotated[str, typer.Argument(help="E-mail address.")]) -> None:
    """Switches a person off; what they did stays.

    $ pytake user disable bia@example.com --yes
    """
    here = context()
    with here.store.read(here.org_id) as db:
        user = accounts.find_user(db, here.org_id, email)
    if not here.dry_run and not confirm.ordinary(_("Disable {email}?").format(email=user.email)):
        say(_("nothing was changed"))
        return
    _change(email, active=False)


def _change(email: str, **changes: Any) -> None:
    here = context()
    with here.store.write(here.org_id) as db:
        user = accounts.find_user(db, here.org_id, email)
        changed = accounts.set_user(db, user, **changes)
        row = user.model_dump()
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    tell_changes(row["email"], changed)
