"""Logging in: at the daemon of this machine or of another, and tokens for programs.

$ pytake auth login --server https://pytake.loja.com.br
$ pytake auth status
"""

from __future__ import annotations

import platform
import sys
from typing import Annotated, Any

import typer

from pytake_cli.cli import auth_token, confirm, logins, neighbour
from pytake_cli.cli.context import context
from pytake_cli.cli.logins import Saved
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.passwords import asked
from pytake_cli.errors import AuthError, DaemonDown, InputNeeded, UsageError
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.add_typer(auth_token.app, name="token")

FIELDS = {
    "server": "Where the login is good.",
    "who": "E-mail, or the token's name.",
    "current": "True: the login that counts.",
    "state": "good, ended, or not reached.",
    "role": "Role at that server.",
    "org": "Organisation at that server.",
}
SESSION = {
    "id": "Number of the session.",
    "agent": "The program that logged in.",
    "address": "Where from.",
    "created_at": "When they logged in.",
    "seen_at": "When the login was last renewed.",
    "expires_at": "When it ends by itself.",
    "current": "True: the one that asks.",
}
SHOWN = ("server", "who", "role", "org", "current", "state")
Server = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The daemon; by default that of this machine.")
]


@app.command("login")
def login(
    server: Server = None,
    email: Annotated[str | None, typer.Option("--email", help="Who you are; without it you are asked.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Reads the password from stdin.")] = False,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Reads an API token from stdin instead.")] = False,
) -> None:
    """Logs in at a daemon. What it hands out is kept in the keyring, or in a sealed file where there is none.

    On the machine of the store itself no login is needed.

    $ pytake auth login
    $ pytake auth login --server https://pytake.loja.com.br --email ana@loja.com.br
    $ pytake auth login --server https://pytake.loja.com.br --token-stdin < token.txt
    """
    if token_stdin and (email or password_stdin):
        raise UsageError("PT-AUTH-WAYS", "a token needs no e-mail and no password", fix="pytake auth login -h")
    here = context()
    address = logins.check_server(server or neighbour.url())
    if here.dry_run:
        say(_("would log in at {server}").format(server=address))
        return
    if token_stdin:
        found = Saved(address, "", here.settings.org or "", sys.stdin.read().strip())
        who = logins.call(address, "GET", "/me", bearer=found.access, org=found.org)
        found = Saved(address, who["name"], found.org, found.access)
    else:
        found = _with_password(address, email, password_stdin)
        who = logins.ask(found, "GET", "/me")
    kept = logins.keep(found)
    emit(_row(found, who, current=True), FIELDS, default=SHOWN)
    done(
        _("{who} is logged in at {server} · kept in the keyring").format(who=found.who, server=address)
        if kept == "keyring"
        else _("{who} is logged in at {server} · kept in the sealed file").format(who=found.who, server=address)
    )


def _with_password(server: str, email: str | None, from_stdin: bool) -> Saved:
    here = context()
    if email is None:
        if here.no_input:
            raise InputNeeded("PT-INPUT", "who logs in?", fix="--email ana@loja.com.br --password-stdin")
        email = confirm.ask(_("E-mail:"), default="")
    password = asked(_("Password (not shown): "), from_stdin=from_stdin)
    agent = f"pytake · {platform.node()}"[:200]
    body = {"email": email, "password": password, "org": here.settings.org or "", "agent": agent}
    given = logins.call(server, "POST", "/auth/login", json=body)
    return Saved(server, email, "", given["access_token"], given["refresh_token"])


@app.command("logout")
def logout(
    server: Server = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Ends all your sessions at that server.")] = False,
) -> None:
    """Logs out: the session ends at the server, and what was kept of it goes.

    $ pytake auth logout
    $ pytake auth logout --everywhere
    """
    found = logins.current(server)
    if context().dry_run:
        say(_("would log out of {server}").format(server=found.server))
        return
    try:
        logins.ask(found, "POST", "/auth/logout-everywhere" if everywhere else "/auth/logout")
    except (AuthError, DaemonDown) as error:
        say(_("{server} was not told: {reason}").format(server=found.server, reason=error))
    logins.forget(found)
    done(_("{who} is logged out of {server}").format(who=found.who, server=found.server))


@app.command("status")
def status() -> None:
    """Shows where you are logged in, and whether that still holds.

    $ pytake auth status
    """
    known = logins.saved()
    if not known:
        raise AuthError(
            "PT-AUTH-NONE", "you are not logged in", why="on the store's own machine no login is needed",
            fix="pytake auth login",
        )  # fmt: skip
    counting = logins.current().server if len(known) == 1 or _is_switched() else ""
    emit([_looked_at(each, counting) for each in known], FIELDS, default=SHOWN)


def _is_switched() -> bool:
    try:
        logins.current()
    except AuthError:
        return False
    return True


def _looked_at(login: Saved, counting: str) -> dict[str, Any]:
    current = login.server == counting
    try:
        return _row(login, logins.ask(login, "GET", "/me"), current=current)
    except AuthError:
        return _row(login, {}, current=current, state="ended")
    except DaemonDown:
        return _row(login, {}, current=current, state="not reached")


def _row(login: Saved, who: dict[str, Any], *, current: bool, state: str = "good") -> dict[str, Any]:
    org = who["org"]["slug"] if who else login.org
    return {
        "server": login.server,
        "who": login.who,
        "current": current,
        "state": state,
        "role": who.get("role", ""),
        "org": org,
    }


@app.command("sessions")
def sessions(
    server: Server = None,
    end: Annotated[int | None, typer.Option("--end", metavar="ID", help="Logs out there; see the list.")] = None,
) -> None:
    """Lists where you are logged in at a server, this machine and others, and ends such a login.

    $ pytake auth sessions
    $ pytake auth sessions --end 12
    """
    found = logins.current(server)
    if end is None:
        rows = logins.ask(found, "GET", "/auth/sessions")["items"]
        emit([{name: row[name] for name in SESSION} for row in rows], SESSION)
        return
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    logins.ask(found, "DELETE", f"/auth/sessions/{end}")
    done(_("session {id} has ended").format(id=end))


@app.command("switch")
def switch(
    server: Annotated[str, typer.Argument(metavar="SERVER", help="As `auth status` shows it, or only its host.")],
) -> None:
    """Makes another login the one that counts.

    $ pytake auth switch pytake.loja.com.br
    """
    found = logins.find(server)
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    logins.switch_to(found.name)
    done(_("{who} at {server} counts now").format(who=found.who, server=found.server))


@app.command("setup")
def setup(
    server: Server = None,
    stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Reads the token and then the password from two lines of stdin.")
    ] = False,
) -> None:
    """Sets your password with the token that an administrator gave you.

    $ pytake auth setup --server https://pytake.loja.com.br
    """
    address = logins.check_server(server or neighbour.url())
    token = asked(_("Token (not shown): "), from_stdin=stdin)
    password = asked(_("New password (not shown): "), from_stdin=stdin, twice=True)
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    logins.call(address, "POST", "/auth/setup", json={"token": token, "password": password})
    done(_("your password is set: pytake auth login"))


@app.command("password")
def password(
    server: Server = None,
    stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Reads the old and then the new one from two lines of stdin.")
    ] = False,
) -> None:
    """Changes your password where you are logged in; your other sessions there end.

    $ pytake auth password
    """
    found = logins.current(server)
    old = asked(_("Password of now (not shown): "), from_stdin=stdin)
    new = asked(_("New password (not shown): "), from_stdin=stdin, twice=True)
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    logins.ask(found, "POST", "/auth/password", json={"current": old, "password": new})
    logins.renew(found)
    done(_("your password is changed"))
