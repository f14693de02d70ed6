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
from pytake_cli.cli.passwords import asked
from pytake_cli.errors import UsageError
from pytake_cli.locale import _
from pytake_cli.services import accounts, people, sessions
from pytake_cli.services.principals import local
from pytake_cli.store import users

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "email": "E-mail address, what a person is named by.",
    "name": "Name.",
    "role": "What they may do: pytake role show ROLE.",
    "active": "False: switched off.",
    "id": "Row id.",
    "created_at": "When the person was added.",
}
SHOWN = ("email", "name", "role", "active")
INVITED = {**FIELDS, "setup_token": "Sets the first password, once, within three days."}
SESSION = {
    "id": "Number of the session.",
    "agent": "The program that logged in.",
    "address": "Where from.",
    "kind": "password, or local: opened by the CLI on this machine.",
    "created_at": "When they logged in.",
    "seen_at": "When the login was last renewed.",
    "expires_at": "When it ends by itself.",
}
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Reads the password from the first line of stdin.")
]
Email = Annotated[str, typer.Argument(help="E-mail address.")]


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
    role: Annotated[str, typer.Option(help="A role, as `pytake role list` shows them.")] = "AGENT",
    name: Annotated[str, typer.Option(help="Name, as customers and colleagues know it.")] = "",
    password: PasswordStdin = False,
) -> None:
    """Adds a person to the organisation. No e-mail is sent: hand over the token, with which they set a password once.

    $ pytake user invite bia@example.com --role AGENT --name Bia
    $ pytake user invite bia@example.com --password-stdin < password.txt
    """
    here = context()
    given = asked("", from_stdin=True) if password else None
    who = local(here.org_id)
    with here.store.write(here.org_id) as db:
        user = people.invite(db, who, email, here.now, name=name, role=role)
        if given is not None:
            people.check_password(db, user, given)
        row = {**user.model_dump(), "setup_token": people.reset(db, who, user, here.now) if given is None else ""}
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        row["setup_token"] = ""
    elif given is not None:
        people.set_password(here.store, who, user, given, here.now)
    emit(row, INVITED, default=(*SHOWN, "setup_token") if row["setup_token"] else SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    done(_("{email} belongs to {org} now").format(email=row["email"], org=here.org.slug))
    if row["setup_token"]:
        say(_("the token sets a password once, within three days: pytake auth setup"))


@app.command("set")
def set_(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    role: Annotated[str | None, typer.Option(help="A role, as `pytake role list` shows them.")] = None,
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
        changed = people.change(db, local(here.org_id), user, here.now, **changes)
        row = user.model_dump()
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    tell_changes(row["email"], changed)


@app.command("set-password")
def set_password(email: Email, stdin: PasswordStdin = False) -> None:
    """Gives a person a password, asked for twice or read from stdin; their sessions end.

    $ pytake user set-password rita@example.com
    $ pytake user set-password rita@example.com --password-stdin < password.txt
    """
    here = context()
    with here.store.read(here.org_id) as db:
        user = accounts.find_user(db, here.org_id, email)
    password = asked(_("Password of {email} (not shown): ").format(email=user.email), from_stdin=stdin, twice=True)
    if here.dry_run:
        with here.store.read(here.org_id) as db:
            people.check_password(db, user, password)
        say(_("nothing was changed (--dry-run)"))
        return
    people.set_password(here.store, local(here.org_id), user, password, here.now)
    done(_("the password of {email} is set").format(email=user.email))


@app.command("reset-password")
def reset_password(email: Email) -> None:
    """Takes a person's password and sessions away; the token that is shown sets a new one, once, within three days.

    $ pytake user reset-password bia@example.com --yes
    """
    here = context()
    with here.store.read(here.org_id) as db:
        user = accounts.find_user(db, here.org_id, email)
    question = _("Take away the password of {email} and end their sessions?").format(email=user.email)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    with here.store.write(here.org_id) as db:
        token = people.reset(db, local(here.org_id), accounts.find_user(db, here.org_id, email), here.now)
    emit({"email": user.email, "setup_token": token}, INVITED, default=("email", "setup_token"))
    say(_("the token sets a password once, within three days: pytake auth setup"))


@app.command("sessions")
def list_sessions(
    email: Email, end: Annotated[bool, typer.Option("--end", help="Ends them all, from the next request on.")] = False
) -> None:
    """Shows where a person is logged in, and ends that where asked.

    $ pytake user sessions bia@example.com
    $ pytake user sessions bia@example.com --end --yes
    """
    here = context()
    with here.store.read(here.org_id) as db:
        user = accounts.find_user(db, here.org_id, email)
        rows = [row.model_dump() for row in sessions.listed(db, user.id or 0, here.now)]
    emit(rows, SESSION, empty=_("{email} is logged in nowhere").format(email=user.email))
    if not end or not rows:
        return
    if here.dry_run or not confirm.ordinary(_("End the sessions of {email}?").format(email=user.email)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        ended = sessions.end_all(db, local(here.org_id), user.id or 0, "admin", here.now)
    done(_("{count} sessions ended").format(count=ended))
