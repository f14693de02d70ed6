"""The emulator's customers: what happens to messages for them, who they are, what they prefer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli import emulator_api as api
from pytake_cli.cli.output import done, emit
from pytake_cli.locale import _

MESSAGE_FIELDS = {
    "wamid": "Id of the message.",
    "to": "The recipient's number.",
    "type": "Meta's type.",
    "status": "How far it is.",
    "error": "What it failed with.",
    "biz_opaque_callback_data": "What the sender wanted back.",
}
CUSTOMER_FIELDS = {
    "wa_id": "Their number.",
    "user_id": "Their BSUID.",
    "name": "Profile name.",
    "username": "Username.",
    "identity": "What webhooks show: phone, both, bsuid or bsuid_from.",
    "blocked": "Whether they blocked the business.",
    "offline": "Whether their phone is off.",
    "stopped_marketing": "Whether they stopped marketing.",
}
Mid = Annotated[str, typer.Argument(metavar="[MESSAGE]", help="wamid, opaque data, or `last`.")]


def _happen(message: str, status: str, **more: Any) -> None:
    row = api.ask("status", message=message, status=status, **more)
    done(_("{wamid} is {status}").format(wamid=row["wamid"], status=status))
    emit(row, MESSAGE_FIELDS, default=("wamid", "status"))


def deliver(message: Mid = "last") -> None:
    """A message arrives on the customer's phone now.

    $ pytake emulator deliver
    $ pytake emulator deliver wamid.HBgN…
    """
    _happen(message, "delivered")


def read(message: Mid = "last") -> None:
    """The customer reads a message now.

    $ pytake emulator read
    """
    _happen(message, "read")


def fail(
    message: Mid = "last",
    code: Annotated[int, typer.Option("--code", metavar="N", help="Meta's error code.")] = 131026,
) -> None:
    """A message fails now.

    $ pytake emulator fail --code 131047
    """
    _happen(message, "failed", code=code)


def customers() -> None:
    """Lists the people the emulator knows.

    $ pytake emulator customers
    """
    emit(api.look("customers"), CUSTOMER_FIELDS, empty=_("nobody yet; try: pytake emulator say +5511968184101 oi"))


def customer(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Phone number, BSUID, @username or name.")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Profile name.")] = None,
    username: Annotated[str | None, typer.Option("--username", metavar="NAME", help="Username.")] = None,
    bsuid: Annotated[str | None, typer.Option("--bsuid", metavar="ID", help="BSUID.")] = None,
    identity: Annotated[
        Literal["phone", "both", "bsuid", "bsuid_from"] | None,
        typer.Option("--identity", help="What webhooks show of them."),
    ] = None,
    blocked: Annotated[
        bool | None, typer.Option("--blocked/--unblocked", help="Whether they block the business.")
    ] = None,
    offline: Annotated[bool | None, typer.Option("--offline/--online", help="Whether their phone is off.")] = None,
) -> None:
    """Makes or changes a customer.

    $ pytake emulator customer +5511968184101 --name Karina --username karina
    $ pytake emulator customer Karina --offline
    """
    row = api.ask(
        "customers",
        contact=contact,
        name=name,
        username=username,
        user_id=bsuid,
        mode=identity,
        blocked=blocked,
        offline=offline,
    )
    emit(row, CUSTOMER_FIELDS)


def prefer(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Phone number, BSUID, @username or name.")],
    value: Annotated[
        Literal["stop", "resume", "signup"], typer.Argument(metavar="stop|resume|signup", help="What they want.")
    ],
) -> None:
    """A customer stops or resumes marketing messages in WhatsApp itself.

    $ pytake emulator prefer +5511968184101 stop
    """
    api.ask("preference", contact=contact, value=value)
    done(_("{contact} wants: {value}").format(contact=contact, value=value))
