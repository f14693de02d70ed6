"""Campaigns that were launched: pause, resume, cancel, try again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pytake_cli import clock
from pytake_cli.cli import campaign_follow, confirm, neighbour
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, number

Name = Annotated[str, typer.Argument(metavar="NAME", help="A campaign that was launched.")]


def pause(name: Name) -> None:
    """Pauses a campaign at once: what Meta has not been given waits in the ledger.

    $ pytake campaign pause black-friday
    """
    from pytake_cli.services import campaigns

    _change(name, campaigns.pause, _("{name} is paused · go on: pytake campaign resume {name}").format(name=name))


def resume(name: Name) -> None:
    """Goes on with a paused campaign. Says first who was written to and who is next; nobody gets it twice.

    $ pytake campaign resume black-friday
    $ pytake campaign resume black-friday --yes
    """
    from pytake_cli.services import campaign_watch, campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        campaign = campaigns.get(db, here.org_id, name)
        counted = campaign_watch.progress(db, campaign)
    written = counted["sent"] + counted["failed"] + counted["unknown"]
    told = _("{written} of {people} have been written to and get nothing again; {next} are next.").format(
        written=number(written),
        people=number(counted["recipients"]),
        next=number(counted["waiting"] + counted["queued"]),
    )
    recurs = campaigns.definition(campaign).recurrence is not None
    if not recurs:
        say(told)
    if counted["detail"]:
        say(_("it stands still: {why}").format(why=counted["detail"]))
    if not here.dry_run and not confirm.ordinary(_("Go on?")):
        say(_("nothing was changed"))
        return
    goes_on = _("{name} goes on · how far it is: pytake campaign watch {name}")
    _change(name, campaigns.resume, (_("{name} comes again at its times") if recurs else goes_on).format(name=name))


def cancel(name: Name) -> None:
    """Ends a campaign for good: whoever has not been written to will not be.

    $ pytake campaign cancel black-friday
    """
    from pytake_cli.services import campaign_watch, campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        campaign = campaigns.get(db, here.org_id, name)
        counted = campaign_watch.progress(db, campaign)
    left = number(counted["waiting"] + counted["queued"])
    question = _("Cancel {name}? {left} people will get nothing.").format(name=name, left=left)
    if campaigns.definition(campaign).recurrence is not None:
        question = _("Cancel {name}? It will not come again.").format(name=name)
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    cancel_now(name)


def cancel_now(name: str) -> None:
    """Cancels without asking."""
    from pytake_cli.services import campaigns

    _change(name, campaigns.cancel, _("{name} is cancelled").format(name=name))


def retry(
    name: Name,
    only: Annotated[
        list[int] | None, typer.Option("--only", metavar="CODE", help="Only those with this error; repeatable.")
    ] = None,
) -> None:
    """Writes again to those whose message failed. Messages of which nobody knows are left alone: message settle.

    $ pytake campaign retry black-friday
    $ pytake campaign retry black-friday --only 132015
    """
    from pytake_cli.services import campaign_watch, campaigns

    here = context()
    with here.store.read(here.org_id) as db:
        failures = campaign_watch.failures(db, campaigns.get(db, here.org_id, name).id or 0)
    people = sum(each["count"] for each in failures if not only or each["code"] in only)
    if not people:
        say(_("no message failed") if not only else _("no message failed with that"))
        return
    question = _("Write again to {count} people?").format(count=number(people))
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    _change(
        name,
        lambda db, campaign, now: campaigns.retry(db, campaign, now, codes=only),
        _("{count} people are written to again").format(count=number(people)),
    )


def _change(name: str, work: Any, told: str) -> None:
    """Does it in one transaction, or with --dry-run only tries; shows the campaign as it is then."""
    from pytake_cli.services import campaign_watch, campaigns

    here = context()
    with neighbour.wake(here.store).write(here.org_id) as db:
        campaign = campaigns.get(db, here.org_id, name)
        work(db, campaign, clock.now())
        db.flush()
        found = campaign_watch.progress(db, campaign)
        if here.dry_run:
            db.rollback()
            db.info.pop("pokes", None)
    emit(found, campaign_follow.FIELDS, default=[each for each in campaign_follow.DEFAULT if each in found])
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(told)
