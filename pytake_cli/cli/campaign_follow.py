"""How far a campaign is, on stderr while it goes on; `pytake campaign watch`; and what its end means for a script."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import confirm, neighbour
from pytake_cli.cli.context import context
from pytake_cli.cli.output import emit, row_stream, say, warn
from pytake_cli.cli.progress import Progress
from pytake_cli.errors import DaemonDown
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.campaigns import Campaign

FIELDS = {
    "id": "row id, for campaign:ID",
    "name": "the campaign",
    "status": "freezing, scheduled, recurring, running, paused, finished or cancelled",
    "reason": "slug of why it is paused",
    "detail": "the same in words",
    "recipients": "people in its ledger",
    "done": "people whose fate is told",
    "waiting": "people whose turn is still to come",
    "queued": "messages on their way to Meta",
    "sent": "messages that Meta took",
    "delivered": "of these, on a device",
    "read": "of these, read",
    "failed": "messages that Meta refused",
    "unknown": "messages of which nobody knows whether Meta took them",
    "starts_at": "when it begins",
    "resume_at": "when it goes on by itself",
    "finished_at": "when it was over",
    "stopped_by": "why it stopped before its end",
}
DEFAULT = (
    *("name", "status", "reason", "recipients", "done", "waiting", "sent", "delivered", "read", "failed", "unknown"),
    *("resume_at", "stopped_by"),
)
POLL_SECONDS = 0.5
SECOND_CTRL_C_SECONDS = 2.0
PARTIAL, PENDING, LIMIT, UPSTREAM = 7, 8, 9, 10
OF_META = ("PT-CAMP-REFUSED", "PT-CAMP-FAILURES", "PT-CAMP-TEMPLATE", "PT-CAMP-NUMBER", "PT-CAMP-QUALITY")


def look(campaign: Campaign) -> dict[str, Any]:
    """How far it is now."""
    from pytake_cli.services import campaign_watch
    from pytake_cli.store.campaigns import Campaign

    here = context()
    with here.store.read(here.org_id) as db:
        found = campaign_watch.progress(db, db.get_one(Campaign, campaign.id))
    return {**found, "stopped_by": found["reason"] if found["status"] in ("paused", "cancelled") else None}


def until_over(campaign: Campaign, *, shows: bool, write: Any = None) -> dict[str, Any]:
    """Waits until it is over or paused; Ctrl-C only ends the waiting."""
    progress = Progress("launch", campaign.recipients) if shows else None
    try:
        while True:
            found = look(campaign)
            if progress is not None:
                counts = {name: found[name] for name in ("failed", "unknown") if found[name]}
                progress.at(found["done"], **counts)
            if write is not None:
                write(found)
            if found["status"] in ("finished", "cancelled", "paused"):
                break
            _refuse_without_daemon(found)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        if progress is not None:
            progress.end()
        _detach(campaign)
        raise typer.Exit(130) from None
    if progress is not None:
        progress.end()
    if found["status"] == "paused":
        until = f" resume_at={found['resume_at']:%Y-%m-%dT%H:%M:%SZ}" if found["resume_at"] else ""
        warn(
            f"paused reason={found['reason'] or 'person'}{until}" + (f": {found['detail']}" if found["detail"] else "")
        )
    return found


def _refuse_without_daemon(found: dict[str, Any]) -> None:
    if neighbour.running() is None:
        raise DaemonDown(
            "PT-CAMP-DAEMON",
            "{name} is launched, but the daemon that would send it is not running",
            fix="pytake serve, then pytake campaign watch {name}",
            name=found["name"],
        )


def _detach(campaign: Campaign) -> None:
    """Says that the campaign goes on; a second Ctrl-C at once asks whether it should not."""
    say(_("{name} goes on without you · look again: pytake campaign watch {name}").format(name=campaign.name))
    if context().no_input:
        return
    try:
        time.sleep(SECOND_CTRL_C_SECONDS)
    except KeyboardInterrupt:
        if confirm.ordinary(_("Cancel {name}?").format(name=campaign.name)):
            from pytake_cli.cli import campaign_control

            campaign_control.cancel_now(campaign.name)


def leave(found: dict[str, Any]) -> None:
    """Ends with the exit code that tells how the campaign stands."""
    if found["status"] == "paused":
        raise typer.Exit(UPSTREAM if found["reason"] in OF_META else PENDING)
    if found["failed"] or found["unknown"] or found["status"] == "cancelled":
        raise typer.Exit(PARTIAL)


def watch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A campaign that was launched.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Ends with 7, 8 or 10 as launch --wait does.")] = False,
) -> None:
    """Follows a campaign until it is over or paused. Ctrl-C ends the watching only.

    $ pytake campaign watch black-friday
    $ pytake campaign watch black-friday --jsonl | jq .sent
    """
    from pytake_cli.services import campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        campaign = campaigns.get(db, here.org_id, name)
    streams = here.output.form in ("jsonl", "tsv", "csv", "format")
    write = row_stream(FIELDS, default=DEFAULT) if streams else None
    found = until_over(campaign, shows=not streams, write=write)
    if not streams:
        emit(found, FIELDS, default=DEFAULT)
    if exit_code:
        leave(found)
