"""The emulator, a local WhatsApp Cloud API: runs it, moves its clock, shows what passed through it."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pytake_cli.cli import emulator_api as api
from pytake_cli.cli import emulator_meta, emulator_people, emulator_say, emulator_start, emulator_traffic
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _
from pytake_cli.nearby import read_emulator

app = typer.Typer(add_completion=False, rich_markup_mode=None)

STOP_SECONDS = 5.0
STATUS_FIELDS = {
    "url": "Address of the emulator.",
    "now": "Its clock.",
    "frozen": "Whether the clock stands.",
    "speed": "How fast the clock runs.",
    "numbers": "Business numbers.",
    "customers": "People it knows.",
    "accepted": "Sends it took.",
    "refused": "Requests it refused.",
    "said": "Messages customers wrote.",
    "posts": "Webhook requests.",
    "delivered": "Updates the receiver took.",
    "queued": "Updates that wait.",
    "retrying": "Webhooks that will be tried again.",
    "median_ms": "The receiver's usual answer time.",
    "p99_ms": "Its slowest hundredth.",
    "faults": "Faults in force.",
    "idle": "Whether nothing is under way.",
}


def stop() -> None:
    """Stops the emulator of this home.

    $ pytake emulator stop
    """
    state = read_emulator(api.run_directory())
    if state is None:
        say(_("no emulator runs in this home"))
        return
    try:
        os.kill(int(state["pid"]), signal.SIGTERM)
    except ProcessLookupError:
        (api.run_directory() / "emulator.json").unlink(missing_ok=True)
    end = time.monotonic() + STOP_SECONDS
    while read_emulator(api.run_directory()) is not None and time.monotonic() < end:
        time.sleep(0.05)
    done(_("the emulator is stopped"))


def status() -> None:
    """Shows whether it runs, its clock, what it took and how quickly the daemon answers webhooks.

    $ pytake emulator status
    $ pytake emulator status --json --fields accepted,idle
    """
    found = api.look()
    receivers = found["receivers"]
    row = (
        found["counts"]
        | found["webhooks"]
        | {
            "url": found["url"],
            "now": _moment(found["clock"]["now"]),
            "frozen": found["clock"]["frozen"],
            "speed": found["clock"]["speed"],
            "numbers": [number["display_phone_number"] for number in found["numbers"]],
            "customers": found["customers"],
            "queued": sum(receiver["queued"] for receiver in receivers),
            "median_ms": max((receiver["median_ms"] or 0 for receiver in receivers), default=None),
            "p99_ms": max((receiver["p99_ms"] or 0 for receiver in receivers), default=None),
            "faults": found["faults"],
            "idle": found["idle"],
        }
    )
    emit(row, STATUS_FIELDS)


def reset(
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Begins as a new emulator with this seed.")
    ] = None,
) -> None:
    """Forgets messages, people, templates and faults; ids are not used again unless --seed is given.

    $ pytake emulator reset
    """
    api.ask("reset", seed=seed)
    done(_("the emulator is as new"))


def clock(
    action: Annotated[
        str, typer.Argument(metavar="[+SPAN|freeze|resume|xN|TIME]", help="What to do; nothing shows it.")
    ] = "",
) -> None:
    """Shows or moves the emulator's clock: windows close, pauses end, media expire as it says.

    $ pytake emulator clock
    $ pytake emulator clock +25h
    $ pytake emulator clock freeze
    $ pytake emulator clock x10
    $ pytake emulator clock 2026-03-10T14:20:00Z
    """
    found = api.ask("clock", **_clock_change(action)) if action else api.look("clock")
    row = {"now": _moment(found["now"]), "frozen": found["frozen"], "speed": found["speed"], "timers": found["timers"]}
    emit(
        row,
        {
            "now": "Its time.",
            "frozen": "Whether it stands.",
            "speed": "How fast it runs.",
            "timers": "What waits for it.",
        },
    )


def _clock_change(action: str) -> dict[str, Any]:
    if action in ("freeze", "resume"):
        return {action: True}
    if action.startswith(("+", "-")):
        return {"advance": action}
    if action.startswith("x"):
        return {"speed": action[1:]}
    try:
        moment = datetime.fromisoformat(action)
    except ValueError as error:
        raise UsageError(
            "PT-EMULATOR-CLOCK", "{action} is not a change of the clock", fix="pytake emulator clock +2h", action=action
        ) from error
    return {"set": (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def config(
    settings: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]", help="Settings to change.")] = None,
) -> None:
    """Shows the emulator's settings, or changes some while it runs.

    $ pytake emulator config
    $ pytake emulator config latency=50ms..2s p_duplicate=0.05
    """
    wanted = emulator_start.changes_of(settings or [])
    found = api.ask("config", **wanted) if wanted else api.look("config")
    shown = {name: value for name, value in found.items() if not wanted or name in wanted}
    emit([{"name": name, "value": value} for name, value in shown.items()], {"name": "Setting.", "value": "Its value."})


# in the order of the help
app.command("start")(emulator_start.start)
app.command("stop")(stop)
app.command("status")(status)
app.command("say")(emulator_say.say_)
app.command("deliver")(emulator_people.deliver)
app.command("read")(emulator_people.read)
app.command("fail")(emulator_people.fail)
app.command("customers")(emulator_people.customers)
app.command("customer")(emulator_people.customer)
app.command("prefer")(emulator_people.prefer)
app.command("clock")(clock)
app.command("template")(emulator_meta.template)
app.command("quality")(emulator_meta.quality)
app.command("number")(emulator_meta.number)
app.command("fault")(emulator_meta.fault)
app.command("event")(emulator_meta.event)
app.command("token")(emulator_meta.token)
app.command("ledger")(emulator_traffic.ledger)
app.command("webhooks")(emulator_traffic.webhooks)
app.command("requests")(emulator_traffic.requests)
app.command("record")(emulator_traffic.record)
app.command("replay")(emulator_traffic.replay)
app.command("test")(emulator_traffic.test_payload)
app.command("state")(emulator_traffic.state)
app.command("config")(config)
app.command("reset")(reset)
