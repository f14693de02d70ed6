"""`pytake campaign list`, `show` and `delete`: the campaigns that were launched, and the files that were not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pytake_cli.cli import campaign_folder, confirm
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import NotFound
from pytake_cli.locale import _

FIELDS = {
    "id": "number of the campaign, once it was launched",
    "name": "name",
    "status": "file: never launched; draft, scheduled, recurring, running, paused, finished, cancelled",
    "reason": "why it is paused, or how it ended",
    "recipients": "people in it",
    "template": "what is sent",
    "at": "when it begins or began",
    "path": "its file",
}
SHOWN = ("name", "status", "recipients", "template", "at")
CARD_FIELDS = {
    **FIELDS,
    "detail": "the reason in words",
    "troubles": "what holds it up just now, in words",
    "waiting": "people whose turn is still to come",
    "queued": "messages on their way to Meta",
    "sent": "messages that Meta took",
    "delivered": "of these, on a device",
    "read": "of these, read",
    "failed": "messages that Meta refused",
    "failures": "why they were refused: Meta's code, how many, what it means, what helps",
    "unknown": "messages of which nobody knows whether Meta took them: pytake message settle",
    "skipped": "people who got nothing, for a reason of after the launch",
    "skips": "these reasons",
    "cancelled": "people who were not written to any more",
    "holdout": "people held out to compare with",
    "started": "people whose flow was started",
    "replied": "people who answered",
    "opted_out": "people who asked for no more after it",
    "resume_at": "when it goes on by itself",
    "audience": "the people in the segment language",
    "plan_id": "the plan that was launched",
    "launched_by": "who launched it",
    "approved_by": "who approved that, where a second person has to",
    "launched_at": "when it was launched",
    "started_at": "when the first message was queued",
    "finished_at": "when it ended",
    "definition": "all that its file says",
}
CARD_SHOWN = tuple(name for name in CARD_FIELDS if name != "definition")
Name = Annotated[str, typer.Argument(metavar="NAME", help="A campaign, or its file.")]


def list_(
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="file, draft, running, paused, finished …")
    ] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
) -> None:
    """Lists campaigns, the newest first, and the files of campaigns that were never launched.

    $ pytake campaign list
    $ pytake campaign list --status running --json
    """
    from pytake_cli.services import campaign_list

    here = context()
    with here.store.read(here.org_id) as db:
        known = campaign_list.rows(db, here.org_id)
    names = {row["name"] for row in known}
    found = [row for path in campaign_folder.files() if (row := _of_file(path))["name"] not in names]
    rows = [row for row in (*known, *found) if status in (None, row["status"])]
    most = here.limit(limit)
    emit(rows[:most], FIELDS, default=SHOWN, total=len(rows), empty=_("There are no campaigns yet"))


def show(campaign: Name) -> None:
    """Shows one campaign: what it is, how far it got, and why it stands still.

    $ pytake campaign show black-friday
    $ pytake campaign show black-friday --fields definition --json
    """
    from pytake_cli.services import campaign_list

    here = context()
    with here.store.read(here.org_id) as db:
        card = campaign_list.card(db, here.org_id, campaign, here.now)
    path = campaign_folder.find(campaign)
    if card is None and path is None:
        raise NotFound("PT-CAMP-NONE", "there is no campaign {name}", fix="pytake campaign list", name=campaign)
    card = card or _of_file(path, whole=True)
    emit({**card, "path": campaign_folder.shown(path) if path else None}, CARD_FIELDS, default=CARD_SHOWN)


def delete(campaign: Name) -> None:
    """Deletes a campaign that does not run: its file, and its people's list with what became of each.

    $ pytake campaign delete black-friday
    $ pytake campaign delete black-friday --yes
    """
    from pytake_cli.services import campaign_list

    here = context()
    path = campaign_folder.find(campaign)
    with here.store.read(here.org_id) as db:
        card = campaign_list.card(db, here.org_id, campaign, here.now)
    if card is None and path is None:
        raise NotFound("PT-CAMP-NONE", "there is no campaign {name}", fix="pytake campaign list", name=campaign)
    campaign_list.refuse_live(card)
    people = card["recipients"] if card else 0
    question = _("Delete {name} and its list of {count} people?").format(name=campaign, count=people)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    if not here.dry_run:
        if card is not None:
            campaign_list.delete(here.store, here.org_id, int(card["id"]))
        if path is not None:
            path.unlink(missing_ok=True)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("{name} is deleted").format(name=campaign))


def _of_file(path: Any, *, whole: bool = False) -> dict[str, Any]:
    """A campaign that was never launched."""
    from pytake_cli.services import campaign_files

    shown = campaign_folder.shown(path)
    found: dict[str, Any] = {"id": None, "name": path.stem, "status": "file", "path": shown}
    try:
        definition = campaign_files.read(campaign_folder.read(path), shown, context().tz)
    except campaign_files.CampaignErrors as error:
        if whole:
            raise
        return {**found, "reason": error.values.get("problem")}
    template = definition.flow or ", ".join(arm.template for arm in definition.arms)
    told = {"name": definition.name, "template": template, "at": definition.at, "audience": definition.audience.query}
    return {**found, **told, "definition": definition.to_json()}
