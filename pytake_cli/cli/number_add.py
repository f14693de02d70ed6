"""`pytake number add`: asks Meta about the number, keeps it and its token, subscribes to its webhooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli import secrets
from pytake_cli.cli.context import context
from pytake_cli.cli.meta import ask
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.number_fields import FIELDS, SHOWN, record
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import InputNeeded, InvalidData, NotFound, SendError
from pytake_cli.locale import _
from pytake_cli.services import numbers, template_events
from pytake_cli.whatsapp import numbers as at_meta
from pytake_cli.whatsapp.client import Graph
from pytake_cli.whatsapp.numbers import Phone

LONGEST_TOKEN = 4096  # characters; Meta's have some 200


def add(
    waba: Annotated[str, typer.Option("--waba", metavar="ID", help="Meta's id of the WhatsApp account.")],
    phone_id: Annotated[str | None, typer.Option("--phone-id", metavar="ID", help="Meta's id of the number.")] = None,
    token_file: Annotated[
        str | None, typer.Option("--token-file", metavar="F|-", help="File with the access token; - reads stdin.")
    ] = None,
    app_id: Annotated[str, typer.Option("--app-id", metavar="ID", help="Only this app may speak for the number.")] = "",
    portfolio: Annotated[str, typer.Option(metavar="ID", help="Business portfolio; the account stands in.")] = "",
    subscribe: Annotated[bool, typer.Option(help="Has the account's webhooks sent to the token's app.")] = True,
) -> None:
    """Connects a business number: asks Meta about it and keeps its token as a secret of its own.

    $ pytake number add --waba 1045… --phone-id 1098… --token-file meta.token
    $ cat meta.token | pytake number add --waba 1045… --token-file -  # the only number of the account
    """
    here = context()
    org_id = here.org_id
    given = read_token(token_file) if token_file else None
    token = given or (secrets.get("access_token", phone_id) if phone_id else secrets.get("access_token"))
    if token is None:
        raise InputNeeded(
            "PT-INPUT", "an access token is needed", fix="pytake number add --token-file FILE …", what="access_token"
        )
    phone, refused = ask(token, lambda graph: _look(graph, waba, phone_id, subscribe=subscribe and not here.dry_run))
    with wake(here.store).write(org_id) as db:
        number = numbers.add(db, org_id, phone, here.now, waba_id=waba, portfolio_id=portfolio, app_id=app_id)
        template_events.pull_soon(db, number, "", here.now)
        row = record(number)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    if given and not here.dry_run:
        place = secrets.put("access_token", given, phone.id)
        row["token"] = secrets.where("access_token", phone.id)
        say(_("the token is in the keyring") if place == "keyring" else _("the token is in the sealed file"))
    _tell(row, refused)


async def _look(graph: Graph, waba: str, phone_id: str | None, *, subscribe: bool) -> tuple[Phone, str]:
    """The number, and why the account could not be subscribed, if so."""
    phone = await _the_phone(graph, waba, phone_id)
    if subscribe:
        try:
            await at_meta.subscribe(graph, waba)
        except SendError as error:
            return phone, str(error)
    return phone, ""


def _tell(row: dict[str, Any], refused: str) -> None:
    emit(row, FIELDS, default=SHOWN)
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    if row["status"] != "CONNECTED":
        warn(_("{number} is {status} at Meta and cannot send").format(number=row["display"], status=row["status"]))
    if refused:
        warn(_("could not subscribe to the account's webhooks: {reason}").format(reason=refused))
    done(_("{number} “{name}” is connected").format(number=row["display"], name=row["name"]))
    say(_("Next: pytake webhook url, which says what to enter at Meta; then pytake webhook verify --wait 5m"))


async def _the_phone(graph: Graph, waba: str, phone_id: str | None) -> Phone:
    if phone_id is not None:
        return await at_meta.get(graph, phone_id)
    found = [phone async for phone in at_meta.every(graph, waba)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            "PT-NUMBER-WABA", "the account {waba} has no numbers at Meta", fix="pytake number add --waba ID", waba=waba
        )
    raise InvalidData(
        "PT-NUMBER-CHOICE",
        "the account has {count} numbers: {numbers}",
        fix="--phone-id {first}",
        count=len(found),
        numbers=", ".join(f"{phone.display} ({phone.id})" for phone in found[:5]),
        first=found[0].id,
    )


def read_token(source: str) -> str:
    """The token in a file or on stdin, without the line break that editors add."""
    if source == "-":
        if sys.stdin.isatty():
            say(_("Paste the access token, then Enter and Ctrl-D."))
        text = sys.stdin.read(LONGEST_TOKEN + 1)
    else:
        try:
            text = Path(source).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise InvalidData(
                "PT-TOKEN-FILE",
                "cannot read {path}: {reason}",
                fix="pytake number add --token-file FILE",
                path=source,
                reason=reason,
            ) from None
    token = text.strip()
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidData(
            "PT-TOKEN-FILE", "{path} does not hold one token", fix="pytake number add --token-file FILE", path=source
        )
    return token
