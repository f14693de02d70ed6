"""Sets and lists secrets; their values are never shown."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from pytake_cli import secrets
from pytake_cli.cli.confirm import ordinary
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import secrets_changed
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import InputNeeded, NotFound, UsageError
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="app_secret, verify_token, access_token, or a name of your own.")
]
Scope = Annotated[str | None, typer.Option("--scope", metavar="ID", help="Only for this phone number id or app id.")]


@app.command("set")
def set_(
    name: Name,
    source: Annotated[
        str, typer.Argument(metavar="-", help="- reads the value from stdin; without it you are asked.")
    ] = "",
    scope: Scope = None,
    to: Annotated[Literal["keyring", "file"] | None, typer.Option("--to", help="Where to keep it.")] = None,
) -> None:
    """Keeps a secret in the keyring, or in a sealed file where there is none.

    The value is read from stdin or asked for, never taken from the command line, which other users can see.

    $ pytake secret set access_token --scope 106540352242922 - < token.txt
    $ pytake secret set app_secret
    """
    secrets.check(name, scope)
    if source not in ("", "-"):
        raise UsageError(
            "PT-SECRET-ARGUMENT",
            "a secret is never taken from the command line",
            why="other users of this machine and the history of the shell would have it",
            fix="pytake secret set {name} - < FILE",
            name=name,
        )
    value = _value(name, source)
    if context().dry_run:
        done(_("would set {name}").format(name=name))
        return
    kept = secrets.put(name, value, scope, to=to)
    secrets_changed()
    done(
        _("{name} is in the keyring").format(name=name)
        if kept == "keyring"
        else _("{name} is in the sealed file").format(name=name)
    )
    found = secrets.where(name, scope)
    if found not in (None, "keyring", "sealed file"):
        warn(_("but {where} wins as long as it is there").format(where=found))


@app.command("list")
def list_() -> None:
    """Lists the secrets that are set and where each one is.

    $ pytake secret list
    """
    rows = [{"name": name, "scope": scope, "where": where} for name, scope, where in secrets.entries()]
    fields = {
        "name": "Name of the secret.",
        "scope": "Phone number id or app id; empty: all.",
        "where": "Where it is kept.",
    }
    emit(rows, fields, empty=_("no secret is set; the first ones: pytake number add"))


@app.command("where")
def where(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name of the secret; without it, all.")] = None,
    scope: Scope = None,
) -> None:
    """Shows where a secret comes from, never its value.

    $ pytake secret where
    $ pytake secret where access_token
    """
    if name is None:
        list_()
        return
    found = secrets.where(name, scope)
    if found is None:
        raise NotFound("PT-SECRET-MISSING", "the secret {name} is not set", fix="pytake secret set {name} -", name=name)
    emit({"name": name, "scope": scope, "where": found}, ("name", "scope", "where"), default=("where",))


@app.command("delete")
def delete(name: Name, scope: Scope = None) -> None:
    """Removes a secret from the keyring or the sealed file.

    $ pytake secret delete access_token --scope 106540352242922 --yes
    """
    found = secrets.where(name, scope)
    if found is None:
        raise _not_here(name, found)
    if context().dry_run:
        done(_("would delete {name}").format(name=name))
        return
    if not ordinary(_("Delete the secret {name}?").format(name=name)):
        return
    if not secrets.delete(name, scope):
        raise _not_here(name, found)
    secrets_changed()
    done(_("{name} is deleted").format(name=name))


def _not_here(name: str, found: str | None) -> NotFound:
    return NotFound(
        "PT-SECRET-MISSING",
        "the secret {name} is in neither the keyring nor the sealed file",
        why="it comes from {where}; remove it there" if found else "",
        fix="pytake secret list",
        name=name,
        where=found or "",
    )


@app.command("move")
def move(
    name: Name,
    to: Annotated[Literal["keyring", "file"], typer.Option("--to", help="Where it should be.")],
    scope: Scope = None,
) -> None:
    """Moves a secret between the keyring and the sealed file.

    $ pytake secret move access_token --to keyring
    """
    value = secrets.require(name, scope)
    if not context().dry_run:
        secrets.put(name, value, scope, to=to)
    done(_("{name} is in {where}").format(name=name, where=secrets.where(name, scope)))


def _value(name: str, source: str) -> str:
    if source == "-":
        if sys.stdin.isatty():
            say(_("Paste the value of {name}, then Enter and Ctrl-D.").format(name=name))
        return sys.stdin.read().strip("\r\n")
    if context().no_input:
        raise InputNeeded(
            "PT-INPUT", "the value of {name} is needed", fix="pytake secret set {name} - < FILE", name=name
        )
    import getpass

    return getpass.getpass(_("Value of {name} (not shown): ").format(name=name))
