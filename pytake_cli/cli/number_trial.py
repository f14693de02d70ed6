"""`pytake number test`: one message to a phone of your own, followed until it has arrived."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

import typer

from pytake_cli import clock
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import running, wake
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import DaemonDown, Pending, UpstreamError
from pytake_cli.locale import _
from pytake_cli.policy import phones
from pytake_cli.services import contacts, numbers, outbound
from pytake_cli.store.messages import RANK, Message
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp import template_messages
from pytake_cli.whatsapp.webhooks import Person

POLL_SECONDS = 0.2
FIELDS = {
    "id": "Its id here.",
    "to": "Who it went to.",
    "status": "How far it got.",
    "wamid": "Meta's id.",
    "seconds": "How long it took.",
    "error": "What Meta said against it.",
    "error_code": "Meta's error code.",
}


def trial(
    to: Annotated[str, typer.Option("--to", metavar="PHONE", help="A phone that you can look at.")],
    number: Annotated[
        str | None, typer.Argument(metavar="NUMBER", help="Which number; not needed for the only one.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("-t", "--template", metavar="NAME", help="An approved template without variables.")
    ] = None,
    language: Annotated[str, typer.Option("--language", metavar="LANG", help="Of the template.")] = "en_US",
    text: Annotated[
        str, typer.Option("-m", "--text", help="Text, if the person wrote within 24 hours.")
    ] = "PyTake: 1, 2, 3",
    wait: Annotated[
        Literal["sent", "delivered", "read"], typer.Option("--wait", help="How far to follow it.")
    ] = "sent",
) -> None:
    """Sends one message from the number and follows it.

    Outside the 24-hour window only a template can be sent: --template hello_world, which every account has.

    $ pytake number test --to +5511968184101 --template hello_world --wait delivered
    $ pytake number test --to +5511968184101 -m "teste"
    """
    here = context()
    outgoing = template_messages.template(template, language) if template else wire.text(text)
    shown = _queue(number, to, outgoing)
    if here.dry_run:
        emit(shown, FIELDS)
        say(_("nothing was sent (--dry-run)"))
        return
    if running() is None:
        warn(_("the daemon does not run: the message waits in the queue"))
        raise DaemonDown("PT-DAEMON", "nobody sends: the daemon does not run", fix="pytake serve")
    emit(_follow(shown["id"], wait), FIELDS)
    done(_("the number can send"))


def _queue(number: str | None, to: str, outgoing: wire.Outgoing) -> dict[str, Any]:
    here = context()
    with wake(here.store).write(here.org_id) as db:
        row = numbers.find(db, here.org_id, number)
        country = db.get_one(Organisation, here.org_id).country
        digits = phones.parse(to, country).removeprefix("+")
        person = Person(wa_id=digits, user_id=None, parent_user_id=None, name=None, username=None)
        contact_id = contacts.resolve(db, here.org_id, row.portfolio_id, [person], here.now)[0]
        message = outbound.queue(db, number=row, contact_id=contact_id, outgoing=outgoing, origin="agent", now=here.now)
        shown = _record(message, 0.0)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    return shown


def _follow(message_id: int, wait: str) -> dict[str, Any]:
    """Looks until the message is as far as wished; says each step once."""
    here = context()
    started = clock.monotonic()
    told = ""
    while True:
        with here.store.read(here.org_id) as db:
            message = db.get_one(Message, message_id)
        seconds = round(clock.monotonic() - started, 1)
        if message.status != told and message.status not in ("queued", "sending"):
            told = message.status
            say(_("{status} after {seconds} s").format(status=message.status, seconds=seconds))
        if message.status in ("failed", "cancelled"):
            raise UpstreamError(
                f"PT-WA-{message.error_code}" if message.error_code else "PT-MESSAGE-FAILED",
                "not delivered: {reason}",
                fix="pytake trace {id}",
                reason=message.error or message.status,
                id=message_id,
            )
        if message.rank >= RANK[wait] and message.status not in ("held",):
            return _record(message, seconds)
        if seconds > here.timeout_seconds:
            raise Pending(
                "PT-WAIT",
                "message {id} is {status} after {seconds:g} s",
                fix="pytake trace {id}",
                id=message_id,
                status=message.status,
                seconds=seconds,
            )
        time.sleep(POLL_SECONDS)


def _record(message: Message, seconds: float) -> dict[str, Any]:
    return {**message.model_dump(), "to": message.address, "seconds": seconds}
