"""`pytake campaign recipients` and `report`: what became of everybody, one by one and added up."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pytake_cli.cli import campaign_page, export_rights
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, emit, row_stream
from pytake_cli.locale import _

FIELDS = {
    "contact_id": "number of the contact",
    "name": "what the contact is called",
    "address": "where the message went",
    "arm": "which variant",
    "state": "pending, queued, sent, delivered, read, failed, unknown, skipped, cancelled, holdout, started",
    "why": "why it was skipped or failed, in words",
    "reason": "why the contact was skipped, as one word",
    "error_code": "Meta's error",
    "error": "Meta's words",
    "message_id": "the message: pytake trace ID",
    "tries": "how many messages were made for this contact",
    "due_at": "not before",
    "sent_at": "when Meta took it",
    "delivered_at": "when it was on a device",
    "read_at": "when it was read",
    "failed_at": "when it failed",
    "replied_at": "when the contact answered",
    "opted_out_at": "when the contact asked for no more",
}
DEFAULT = ("contact_id", "name", "address", "state", "why", "sent_at", "delivered_at", "read_at", "replied_at")
REPORT_FIELDS = {
    "name": "the campaign",
    "status": "how it ended, or stands",
    "template": "what was sent",
    "query": "to whom, in the segment language",
    "recipients": "people in its ledger",
    "sent": "messages that Meta took",
    "delivered": "of these, on a device",
    "read": "of these, read",
    "replied": "people who answered",
    "opted_out": "people who asked for no more",
    "failed": "messages that Meta refused",
    "unknown": "messages of which nobody knows whether Meta took them",
    "skipped": "people who got nothing, for a reason of after the launch",
    "started": "people whose flow was started and has said nothing yet",
    "cancelled": "people who were not written to any more",
    "holdout": "people held out to compare with",
    "waiting": "people whose turn is still to come",
    "cost": "what it cost, by Meta's word of what is charged and the price table",
    "fates": "how many people there are of each fate",
    "failures": "why messages failed",
    "skips": "why people were skipped",
    "arms": "how each variant did",
    "usage": "what was charged, by market and category",
    "launched_by": "who launched it",
    "approved_by": "who approved that, where a second person has to",
    "launched_at": "when it was launched",
    "started_at": "when the first message was queued",
    "finished_at": "when it was over",
}
Name = Annotated[str, typer.Argument(metavar="NAME", help="A campaign that was launched.")]


def recipients(
    name: Name,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="failed, read, replied, unknown, skipped …; repeatable."),
    ] = None,
    code: Annotated[
        list[int] | None, typer.Option("--code", metavar="CODE", help="Only with this error of Meta's; repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
    as_: export_rights.As = None,
) -> None:
    """Lists the people of a campaign with what became of each. The audit log keeps who took the list.

    $ pytake campaign recipients black-friday --state failed --csv > falhas.csv
    $ pytake campaign recipients black-friday --state replied --fields contact_id,name,replied_at
    $ pytake campaign recipients black-friday --state unknown --json
    """
    from pytake_cli.services import campaign_report, campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        campaign = campaigns.get(db, here.org_id, name)
        took = {"states": state or [], "codes": code or [], "limit": here.limit(limit), "people": campaign.recipients}
        export_rights.noted(as_, "campaign.recipients", f"campaign:{campaign.id}", took)
        rows = campaign_report.recipients(db, campaign, state or (), code or (), here.limit(limit))
        if here.output.form in ("tsv", "jsonl"):
            write = row_stream(FIELDS, default=DEFAULT)
            for row in rows:
                write(row)
        else:
            total = campaign.recipients if not state and not code else None
            emit(list(rows), FIELDS, default=DEFAULT, total=total, empty=_("Nobody"))


def report(
    name: Name,
    format_: Annotated[
        Literal["md", "html"] | None,
        typer.Option("--as", help="md: a page to send around; html: one to print, or to save as PDF."),
    ] = None,
) -> None:
    """Shows what a campaign came to: who it reached, who answered, what it cost.

    $ pytake campaign report black-friday
    $ pytake campaign report black-friday --as md > black-friday.md
    $ pytake campaign report black-friday --as html > black-friday.html
    $ pytake campaign report black-friday --json | jq .cost
    """
    from pytake_cli.services import campaign_report, campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        found = campaign_report.report(db, campaigns.get(db, here.org_id, name), here.now)
    if format_ == "md":
        data("\n".join(campaign_page.markdown(found)))
    elif format_ == "html":
        data(campaign_page.html(found))
    else:
        if here.output.form in ("table", "plain"):  # the line above calls them waiting too; pending is a template's
            found["fates"] = {"waiting" if fate == "pending" else fate: n for fate, n in found["fates"].items()}
        emit(found, REPORT_FIELDS)
