"""`pytake status`: one screen about what runs, what waits and how the numbers stand."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from typing import Annotated, Any

import typer

from pytake_cli import clock
from pytake_cli.cli.context import context
from pytake_cli.cli.folding import fold
from pytake_cli.cli.forms import ago
from pytake_cli.cli.neighbour import running, url
from pytake_cli.cli.output import data, emit, paint, row_stream, say
from pytake_cli.locale import _, own
from pytake_cli.services import numbers, overview
from pytake_cli.text import clean

WATCH_SECONDS = 2.0
PROBE_SECONDS = 2.0
STATES = ("running", "sick", "down", "foreign", "ok", "daemon", "number", "queue")  # what the screen names
DAEMON_DOWN = 69  # the exit code of DaemonDown
FIELDS = {
    "org": "Organisation.",
    "state": "ok, or what needs somebody: daemon, number, queue.",
    "daemon": "running, sick, down, or foreign: another home's.",
    "url": "Where it listens.",
    "pid": "Its process.",
    "numbers": "Each number: display, status, quality, tier, stopped.",
    "queued": "Messages that wait to be sent.",
    "sending": "Messages being sent.",
    "unknown": "Messages that may or may not have been sent.",
    "oldest_queued_at": "Since when the oldest due one waits.",
    "failed_24h": "Messages that failed in the last 24 hours.",
    "jobs_waiting": "Jobs that wait.",
    "jobs_failed": "Jobs that failed.",
    "quarantined": "Updates that could not be applied.",
    "journal_backlog": "Webhooks stored and not yet applied.",
    "last_webhook_at": "When the newest webhook came.",
    "last_inbound_at": "When a customer last wrote.",
    "windows_open": "People who may be written to freely.",
    "windows_closing": "Of those, for less than two hours more.",
    "conversations": "Unresolved conversations by status.",
    "oldest_waiting_at": "Since when somebody waits for an answer.",
}


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds, until Ctrl-C.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="The state is the exit code: 0 well, 69 daemon down, 1 else.")
    ] = False,
) -> None:
    """Shows one screen: the daemon, the numbers, what waits, the windows, the last customer's message.

    $ pytake status
    $ pytake status --json --fields state,queued,unknown
    $ pytake status --exit-code -q > /dev/null  # for monitoring
    """
    if watch:
        _watch()
        return
    row = look()
    _show(row)
    if exit_code and row["state"] != "ok":
        raise typer.Exit(DAEMON_DOWN if row["daemon"] == "down" else 1)


def _watch() -> None:
    here = context()
    screen = here.output.form == "table"
    write = None if screen else row_stream(FIELDS)
    while True:
        here.now = clock.now()
        row = look()
        if write is None:
            sys.stdout.write("\x1b[H\x1b[2J")  # home, clear
            _show(row)
            say(_("again every {seconds:g} s · end: Ctrl-C").format(seconds=WATCH_SECONDS))
        else:
            write(row)
        time.sleep(WATCH_SECONDS)


def _show(row: dict[str, Any]) -> None:
    """One screen on a terminal, the fields everywhere else."""
    output = context().output
    if output.form != "table" or output.fields is not None:
        emit(row, FIELDS)
        return
    width = max(len(label) for label, _text in screen(row))
    for label, text in screen(row):
        told = clean(text, newlines=False)
        if output.tty:
            told = fold(told, output.width - width - 2, " " * (width + 2))
        data(f"{paint(label.ljust(width), 'dim', output.color_out)}  {told}")


def screen(row: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines of the screen: what they are about, and what there is to say."""
    daemon = _("{daemon}, pid {pid}, {url}").format_map({**row, "daemon": _(row["daemon"]), "pid": row["pid"] or "-"})
    lines = [
        (_("organisation"), f"{row['org']} {own('·')} {', '.join(map(_, row['state'].split(', ')))}"),
        (_("daemon"), daemon),
    ]
    lines += [(_("number"), _of_number(number)) for number in row["numbers"]] or [(_("number"), "-")]
    return [*lines, *_work(row)]


def _work(row: dict[str, Any]) -> list[tuple[str, str]]:
    jobs = _(
        "{jobs_waiting} waiting, {jobs_failed} failed · webhooks behind {journal_backlog}, in quarantine {quarantined}"
    )
    talks = ", ".join(f"{_(status)} {count}" for status, count in sorted(row["conversations"].items())) or "-"
    last = _("webhook {webhook} · customer {customer}")
    lines = [
        (
            _("queue"),
            _("{queued} queued, {sending} sending, {unknown} unknown, {failed_24h} failed in 24 h").format_map(row),
        ),
        (_("jobs"), jobs.format_map(row)),
        (_("windows"), _("{windows_open} open, {windows_closing} of them close within 2 h").format_map(row)),
        (_("conversations"), talks),
        (_("last"), last.format(webhook=_since(row["last_webhook_at"]), customer=_since(row["last_inbound_at"]))),
    ]
    if row["oldest_queued_at"]:
        lines.append((_("longest in the queue"), _since(row["oldest_queued_at"])))
    if row["oldest_waiting_at"]:
        lines.append((_("longest unanswered"), _since(row["oldest_waiting_at"])))
    return lines


def _of_number(number: dict[str, Any]) -> str:
    parts = [number["display"], number["status"], _("quality {quality}").format(quality=number["quality"])]
    parts += [part for part in (number["tier"], number["stopped"]) if part]
    return own(" · ").join(parts)


def _since(at: datetime | None) -> str:
    return ago(at, context().now) if at else _("never")


def look() -> dict[str, Any]:
    """The whole picture at this moment."""
    here = context()
    org = here.org
    with here.store.read(here.org_id) as db:
        view = overview.of(db, here.org_id, here.now)
    daemon = running()
    alive = probe()
    picture: dict[str, Any] = {
        "org": org.slug,
        "daemon": alive,
        "url": url(),
        "pid": daemon.pid if daemon and alive != "down" else None,
        "numbers": [
            {
                "display": number.display,
                "status": number.status,
                "quality": number.quality,
                "tier": number.tier,
                "stopped": number.stopped_reason or None,
            }
            for number in view.numbers
            if number.status != numbers.REMOVED
        ],
        **{name: view.outbox.get(name, 0) for name in overview.OUTBOX},
        "quarantined": view.quarantined,
        "conversations": view.conversations,
    }
    for name in FIELDS:
        if name not in picture and hasattr(view, name):
            picture[name] = getattr(view, name)
    picture["state"] = _state(picture, view)
    return picture


def _state(picture: dict[str, Any], view: overview.Overview) -> str:
    wrong = []
    if picture["daemon"] != "running":
        wrong.append("daemon")
    if any(number["stopped"] or number["status"] != "CONNECTED" for number in picture["numbers"]):
        wrong.append("number")
    if picture["unknown"] or picture["quarantined"] or view.jobs_failed:
        wrong.append("queue")
    return ", ".join(wrong) or "ok"


def probe() -> str:
    """`running`, `sick` or `down`, as the daemon itself says; `foreign` if what answers is not this home's."""
    try:
        with urllib.request.urlopen(f"{url()}/healthz", timeout=PROBE_SECONDS) as response:  # noqa: S310
            state = "running" if response.status == 200 else "sick"
            return state if running() else "foreign"
    except urllib.error.HTTPError as error:
        error.close()
        return "sick"
    except (OSError, ValueError):
        return "down"
