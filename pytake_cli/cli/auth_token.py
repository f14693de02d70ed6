"""API tokens: what programs act with, in the name of a person and with some of their rights.

$ pytake auth token create crm --scope contacts:read --scope conversations:read
$ pytake auth token list
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import confirm, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import Conflict
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.principals import Principal

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Tokens for programs: shown once, with some of your rights."
)

FIELDS = {
    "id": "Number of the token.",
    "name": "What it is for.",
    "user": "In whose name it acts.",
    "scopes": "Permissions it has, as far as its owner has them.",
    "created_at": "When it was made.",
    "expires_at": "When it ends; empty: never.",
    "last_used_at": "When it was last used, to the minute.",
    "revoked_at": "When it was revoked.",
}
SHOWN = ("id", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="In whose name; by default the only user.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="PERMISSION", help="What it may do; several times.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="When it ends, such as +90d or 2027-01-31.")
    ] = None,
    as_: As = None,
) -> None:
    """Makes a token and shows it, this once: only its hash is kept.

    $ pytake auth token create crm --scope contacts:read --expires +90d
    $ pytake auth token create ci --scope flows:read --as rita@example.com --json
    """
    from pytake_cli.services import api_tokens

    here = context()
    until = times.instant(expires, here.now, here.tz) if expires else None
    with here.store.write(here.org_id) as db:
        who = _owner(db, as_)
        row, text = api_tokens.create(db, who, name, scope or [], here.now, expires_at=until)
        made = {**_row(row.model_dump(), who.name), "token": text}
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    emit(made, {"token": "The token, shown only now.", **FIELDS}, default=("token", *SHOWN))
    done(_("keep it well: it is not shown again"))


@app.command("list")
def list_() -> None:
    """Lists the tokens of everybody, the newest first.

    $ pytake auth token list
    """
    from pytake_cli.services import api_tokens
    from pytake_cli.services.principals import local
    from pytake_cli.store import users

    here = context()
    with here.store.read(here.org_id) as db:
        names = {user.id: user.email for user in users.everyone(db)}
        found = api_tokens.listed(db, local(here.org_id), everybody=True)
        rows = [_row(row.model_dump(), names.get(row.user_id, "")) for row in found]
    emit(rows, FIELDS, default=SHOWN, empty=_("There are no tokens: pytake auth token create NAME --scope PERMISSION"))


@app.command("revoke")
def revoke(token: Annotated[int, typer.Argument(metavar="ID", help="Number of the token.")]) -> None:
    """Ends a token for good, from the next request on.

    $ pytake auth token revoke 3 --yes
    """
    from pytake_cli.services import api_tokens
    from pytake_cli.services.principals import local

    here = context()
    if not here.dry_run and not confirm.ordinary(_("Revoke the token {id}?").format(id=token)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        row = api_tokens.revoke(db, local(here.org_id), token, here.now)
        name = row.name
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("the token {id} ({name}) is revoked").format(id=token, name=name))


def _owner(db: Session, as_: str | None) -> Principal:
    """The person in whose name the token acts, with the rights they have."""
    from pytake_cli.services import roles
    from pytake_cli.services.principals import Principal

    user = selectors.author(db, as_)
    if user is None:
        raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me=selectors.ME)
    return Principal(user.org_id, user.id, user.name or user.email, user.role, roles.rights_of(db, user), "local")


def _row(row: dict[str, Any], user: str) -> dict[str, Any]:
    return {**{name: row.get(name) for name in FIELDS}, "user": user}
