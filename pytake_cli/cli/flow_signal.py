"""Sends a session of a flow the signal that it waits for, as an outside service would."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from pytake_cli import clock
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import wake
from pytake_cli.cli.output import done, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _


def signal(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="The session's token, as its flow gave it out.")],
    value: Annotated[str, typer.Option("--value", metavar="JSON", help="What the signal says.")] = "",
    name: Annotated[str, typer.Option("--name", help="Which signal; by default the one that is waited for.")] = "",
    key: Annotated[str, typer.Option("--key", help="What makes it the same signal: the same key counts once.")] = "",
) -> None:
    """Sends a session the signal that it waits for.

    $ pytake flow signal 7-Zk3vQ8 --value '{"paid": true}'
    $ pytake flow signal 7-Zk3vQ8 --name paid --key order-812
    """
    from pytake_cli.services import flow_sessions, flow_signals

    here = context()
    meant = _value(value)
    if here.dry_run:
        done(_("would send the signal"))
        return
    cause = key or clock.new_id()
    store = wake(here.store)
    if flow_signals.give(store, token, name, meant, cause, here.now, flow_sessions.answered):
        done(_("the signal was taken"))
    else:
        say(_("that signal was known already"))


def _value(text: str) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise UsageError(
            "PT-FLOW-VALUE", "--value is no JSON: {detail}", fix="pytake flow signal -h", detail=str(error)
        ) from None
