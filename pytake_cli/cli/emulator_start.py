"""Starts the emulator, in this terminal or behind it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli import settings
from pytake_cli.cli import emulator_api, neighbour
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.emulator.surroundings import look
from pytake_cli.errors import Conflict, DaemonDown, UsageError
from pytake_cli.locale import _
from pytake_cli.nearby import read_emulator

if TYPE_CHECKING:
    from pytake_cli.emulator.world import World

FIELDS = {"url": "Address of the emulator.", "webhook_url": "Where its webhooks go.", "pid": "Its process."}
DETACH_SECONDS = 15.0
FOLLOW_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    port: Annotated[int | None, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = (
        None
    )
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = None
    webhook_url: Annotated[
        str | None, typer.Option("--webhook-url", metavar="URL", help="Where webhooks go; by default to this daemon.")
    ] = None
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="The same seed gives the same ids and chances.")
    ] = None
    latency: Annotated[
        str | None,
        typer.Option("--latency", metavar="SPAN", help="Before each answer: 100ms, 50ms..2s, p50=80ms,p99=2s."),
    ] = None
    status_delay: Annotated[
        str | None,
        typer.Option("--status-delay", metavar="SPAN", help="Before sent, and again before delivered and read."),
    ] = None
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", min=1, max=1000, help="Updates a webhook holds at most.")
    ] = None
    numbers: Annotated[
        int | None, typer.Option("--numbers", metavar="N", min=1, help="How many business numbers there are.")
    ] = None
    magic: Annotated[
        bool, typer.Option("--magic/--no-magic", help="Whether the last digits of a recipient choose its fate.")
    ] = False
    limits: Annotated[bool, typer.Option("--limits/--no-limits", help="Whether Meta's rates and limits hold.")] = True
    bench: Annotated[
        bool, typer.Option("--bench", help="Quiet and fast: no limits, no magic, no logs, webhooks by the hundred.")
    ] = False
    record: Annotated[
        str | None, typer.Option("--record", metavar="FILE", help="Writes every request and webhook to a file.")
    ] = None
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any setting of `pytake emulator config`.")
    ] = None
    detach: Annotated[
        bool, typer.Option("--detach", help="Goes on behind the terminal; `pytake emulator stop` ends it.")
    ] = False


@filled_in
def start(given: Given) -> None:
    """Runs a WhatsApp Cloud API of your own until Ctrl-C; no account at Meta is needed.

    Daemon and emulator of one home find each other. With --json, one line tells when it is ready.

    $ pytake emulator start
    $ pytake emulator start --detach --port 0 --json
    $ pytake emulator start --latency 100ms --status-delay 300ms --batch 100 --bench
    $ pytake emulator start --set identity=bsuid --set p_duplicate=0.1 --seed 7
    """
    state = read_emulator(emulator_api.run_directory())
    if state is not None and emulator_api.is_up(str(state["url"])):
        raise Conflict(
            "PT-EMULATOR-RUNNING", "the emulator runs already at {url}", fix="pytake emulator stop", url=state["url"]
        )
    if given.detach:
        _detach()
        return
    asyncio.run(_serve(given.host, given.port, given.webhook_url, _changes(given), bench=given.bench))


def _changes(given: Given) -> dict[str, Any]:
    """The emulator's settings that the flags name; --set wins over its own flag."""
    named = {name: getattr(given, name) for name in ("latency", "batch", "numbers", "seed", "record")}
    named |= dict.fromkeys(("sent_delay", "delivered_delay", "read_delay"), given.status_delay)
    named |= {"magic": True} if given.magic else {}
    named |= {} if given.limits else dict.fromkeys(("limit_throughput", "limit_pairs", "limit_tier"), False)
    return {name: value for name, value in named.items() if value is not None} | changes_of(given.set_ or [])


def changes_of(pairs: list[str]) -> dict[str, Any]:
    for pair in pairs:
        if "=" not in pair:
            raise UsageError(
                "PT-EMULATOR-SET", "--set takes NAME=VALUE, not {pair}", fix="pytake emulator config", pair=pair
            )
    return dict(pair.split("=", 1) for pair in pairs)


async def _serve(
    host: str | None, port: int | None, webhook_url: str | None, changes: dict[str, Any], *, bench: bool
) -> None:
    from pytake_cli.emulator.__main__ import BENCH, run
    from pytake_cli.emulator.config import Config

    around = look()
    chosen = webhook_url or settings.current().emulator.webhook_url
    config = Config(
        host=host or around.host,
        port=around.port if port is None else port,
        webhook_url=chosen or f"{neighbour.url()}/webhooks/whatsapp",
        app_secret=around.app_secret,
        verify_token=around.verify_token,
        home=str(around.run),
    )
    config.apply((BENCH if bench else {}) | changes)
    beside = None if chosen or "webhook_url" in changes else _follow
    await run(config, around.run, lambda url: _tell(url, str(config.webhook_url)), beside)


async def _follow(world: World) -> None:
    """Webhooks go where the daemon of this home listens, also when it starts later, or again elsewhere.

    Ends when somebody names another address, by a subscription or `pytake emulator config`.
    """
    known: neighbour.Daemon | None = None
    around, mine = look(), world.subscriptions.callback_url
    while world.subscriptions.callback_url == mine:
        daemon = neighbour.running()
        if daemon is not None and daemon != known:
            before, around, known = around, await asyncio.to_thread(look), daemon
            if (world.config.app_secret, world.config.verify_token) == (before.app_secret, before.verify_token):
                world.config.app_secret, world.config.verify_token = around.app_secret, around.verify_token
            mine = f"{daemon.url}/webhooks/whatsapp"
            world.receiver_moved(mine)
        await asyncio.sleep(FOLLOW_SECONDS)


def _tell(url: str, webhook_url: str) -> None:
    row = {"url": url, "webhook_url": webhook_url, "pid": os.getpid()}
    if context().output.form in ("json", "jsonl"):
        emit(row, FIELDS)
        sys.stdout.flush()
    say(
        _("WhatsApp emulator on {url}, webhooks to {webhook_url}; Ctrl-C stops it").format(
            url=url, webhook_url=webhook_url
        )
    )
    say(_('a customer writes: pytake emulator say +5511968184101 "oi"'))


def _detach() -> None:
    """Starts the same command line again, without --detach, in a session of its own."""
    arguments = [word for word in sys.argv[1:] if word != "--detach"]
    folder = settings.paths().state
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "emulator.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "pytake_cli", *arguments],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    end = time.monotonic() + DETACH_SECONDS
    while time.monotonic() < end and process.poll() is None:
        state = read_emulator(emulator_api.run_directory())
        if state is not None and state.get("pid") == process.pid and emulator_api.is_up(str(state["url"])):
            done(_("the emulator runs behind the terminal at {url}").format(url=state["url"]))
            emit(
                emulator_api.look() | {"pid": process.pid, "webhook_url": emulator_api.look("config")["webhook_url"]},
                FIELDS,
            )
            return
        time.sleep(0.05)
    raise DaemonDown(
        "PT-EMULATOR-START",
        "the emulator did not start",
        fix="pytake emulator start",
        why="its last words are in {log}",
        log=folder / "emulator.log",
    )
