"""`pytake campaign launch`: a plan becomes messages, once, after a person or a script has said how many."""

from __future__ import annotations

import getpass
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli import clock
from pytake_cli.cli import (
    campaign_follow,
    campaign_plan,
    campaign_words,
    confirm,
    export_rights,
    forms,
    neighbour,
    selectors,
    times,
)
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.progress import Progress
from pytake_cli.errors import InputNeeded, LimitReached, UsageError
from pytake_cli.locale import Phrase, _, number
from pytake_cli.policy.audience import REASONS

if TYPE_CHECKING:
    from pytake_cli.policy.campaigns import Definition, Money
    from pytake_cli.services.campaign_launch import Order
    from pytake_cli.store.campaigns import Campaign, Plan

OF_A_LAUNCH = ("at", "max_cost", "max_recipients")  # what may be said of a plan when it is launched
RIGHT = "campaigns:launch"
WEIGHTY = 100  # more people than that: the number has to be typed
FIELDS = {
    **campaign_follow.FIELDS,
    "plan": "the plan that was launched",
    "key": "the idempotency key",
    "replayed": "whether it had been launched before, and nothing was done now",
}
DEFAULT = (*campaign_follow.DEFAULT, "plan", "key", "replayed")
TRIAL_FIELDS = {"message": "the message", "contact": "who gets it", "text": "how it reads"}


@dataclass(frozen=True, slots=True)
class Given(campaign_plan.Given):
    """What the line says: the campaign as for `plan`, or a plan; and how it is launched."""

    plan: Annotated[str | None, typer.Option("--plan", metavar="ID", help="A plan that was made before.")] = None
    key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="KEY", help="The same key again launches nothing and is no error."),
    ] = None
    again: Annotated[bool, typer.Option("--again", help="Once more, although it was launched before.")] = False
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="N|any", help="How many people you expect; others are refused.")
    ] = None
    max_drift: Annotated[
        float, typer.Option("--max-drift", metavar="PERCENT", help="How many of a plan's people may be others by now.")
    ] = 1.0
    test_to: Annotated[
        list[str] | None,
        typer.Option("--test-to", metavar="CONTACT", help="Only shows it to these contacts; repeatable."),
    ] = None
    as_: Annotated[
        str | None, typer.Option("--as", metavar="USER", help="Who launches it, with that person's rights.")
    ] = None
    wait: Annotated[bool, typer.Option("--wait", help="Returns when it is over or paused.")] = False
    follow: Annotated[bool, typer.Option("--follow", help="Waits, and says how far it is.")] = False


@filled_in
def launch(given: Given) -> None:
    """Launches a campaign: by name, by plan, or `-` for a plan id from stdin. Once, however often it is called.

    Above 100 people the number has to be typed; without a terminal --yes and --expect say the same. Exit 7 when
    messages failed, 8 when it waits, 9 when a limit of yours was hit, 10 when Meta stopped it. Where the organisation
    has second_person_above, larger ones wait for `campaign approve` of a colleague.

    $ pytake campaign launch black-friday
    $ pytake campaign launch --plan plan_7f3c --expect 12000 --yes --idempotency-key bf-2026-11-27 --wait
    $ pytake campaign launch black-friday --test-to +5511968184101
    $ pytake campaign launch black-friday --at "2026-11-27 09:00" --max-cost "USD 800" --follow
    """
    _refuse_expectation(given.expect)
    if not 0 <= given.max_drift <= 100:  # nor nan
        raise UsageError("PT-USAGE-BAD", "--max-drift takes a share in percent, 0 to 100", fix="--max-drift 5")
    with ExitStack() as stack:
        definition, plan, file = _meant(given, stack)
    if given.test_to:
        _show_to(definition, given.test_to)
        return
    from pytake_cli.services import campaign_launch

    here, order = context(), _order(given)
    found = campaign_launch.earlier(here.store, here.org_id, definition, order, plan.id if plan else "", _waiting)
    if found is not None:
        _end(given, found, replayed=True)
        return
    made = plan or _planned(definition, file, order)
    if here.dry_run:
        selectors.would(lambda: _check(made, given, order))
        campaign_plan.shown(made)
        say(_("nothing was launched (--dry-run)"))
        return
    _check(made, given, order)
    if not _sure(made, given.expect):
        say(_("nothing was launched"))
        return
    launched = _launch(made, order, given.as_)
    _end(given, launched.campaign, replayed=launched.replayed)


def _waiting(name: str) -> None:
    told = _("{name} is being launched already: waiting for that; one that was cut off is given up after a minute…")
    say(told.format(name=name))


def _planned(definition: Definition, file: Any, order: Order) -> Plan:
    """The plan of the campaign's next run."""
    from pytake_cli.services import campaign_launch

    here = context()
    with here.store.read(here.org_id) as db:
        definition = campaign_launch.next_run(db, here.org_id, definition, order)
    return campaign_plan.planned(definition, file, keep=not here.dry_run)


def _order(given: Given) -> Order:
    """How it is launched, and by whom."""
    from pytake_cli.services import campaign_launch

    here = context()
    with here.store.read(here.org_id) as db:
        who = export_rights.allowed(db, given.as_, RIGHT)
    by = who.name if given.as_ else getpass.getuser()
    return campaign_launch.Order(given.key, given.again, _at(given), by, given.max_drift / 100, who.user_id)


def _meant(given: Given, stack: ExitStack) -> tuple[Definition, Plan | None, Any]:
    """The campaign that the line means, with its plan if that is what was named."""
    from pytake_cli.policy.campaigns import Definition
    from pytake_cli.services import campaign_plans

    plan_id = given.plan or (_from_stdin() if given.campaign == "-" else None)
    if plan_id is None:
        definition, file = campaign_plan.defined(given, stack)
        return definition, None, file
    if given.campaign not in (None, "-"):
        raise UsageError("PT-USAGE-BAD", "a campaign or --plan, not both", fix="pytake campaign launch -h")
    _refuse_what_a_plan_fixes(given)
    here = context()
    with here.store.read(here.org_id) as db:
        plan = campaign_plans.find(db, here.org_id, plan_id)
    return Definition.of_json(plan.definition), plan, None


def _refuse_what_a_plan_fixes(given: Given) -> None:
    """A flag beside a plan limits its launch; one that would make it another campaign is not left unheard."""
    fixed = [flag for key, (flag, _value) in campaign_plan.flags(given).items() if key not in OF_A_LAUNCH]
    if fixed:
        raise UsageError(
            "PT-USAGE-BAD",
            "a plan is launched as it was made: {flags} would make it another",
            fix="pytake campaign plan -h",
            flags=", ".join(fixed),
        )


def _from_stdin() -> str:
    if sys.stdin.isatty():
        raise InputNeeded(
            "PT-INPUT-STDIN",
            "- reads {what} from stdin, and stdin is this terminal",
            fix="pytake campaign plan NAME --jq .id | pytake campaign launch -",
            what="a plan id",
        )
    return sys.stdin.readline().strip()


def _refuse_expectation(given: str | None) -> None:
    if given is not None and given != "any" and not (given.isascii() and given.isdecimal()):
        raise UsageError(
            "PT-USAGE-BAD", "--expect {given} is neither a number nor any", fix="--expect 12000", given=given
        )


def _at(given: Given) -> Any:
    here = context()
    return times.instant(given.at, here.now, here.tz) if given.at is not None else None


def _check(made: Plan, given: Given, order: Order) -> None:
    """Raises what keeps it from being launched; nothing has been written yet."""
    from pytake_cli.services import campaign_checks, campaign_launch

    here = context()
    with here.store.read(here.org_id) as db:
        campaign_launch.check(db, made, _most(given.max_cost), order, here.now)
    for error in campaign_checks.of_number(made.recipients, given.max_recipients):
        raise error
    if given.expect is None or given.expect == "any":
        return
    if given.expect != str(made.recipients):
        exclusions = made.content["exclusions"]
        raise LimitReached(
            "PT-CAMP-EXPECT",
            "there are {count} people, and you expected {expected} (--expect)",
            why="{skipped} are left out: {reasons}" if exclusions else "",
            fix="--expect {count}, if it is right; who is left out: pytake campaign plan {name} --show skipped",
            count=made.recipients,
            expected=given.expect,
            name=made.name,
            skipped=sum(each["count"] for each in exclusions),
            reasons="; ".join(f"{number(each['count'])} {_(REASONS[each['reason']])}" for each in exclusions),
        )


def _most(given: str | None) -> Money | None:
    from pytake_cli.services import campaign_forms

    if given is None:
        return None
    try:
        return campaign_forms.money(given)
    except campaign_forms.Unfit as error:
        raise UsageError(
            "PT-USAGE-BAD",
            "--max-cost {given} is not {form}",
            fix="--max-cost 'USD 800'",
            given=given,
            form=Phrase(error.expected),
        ) from None


def _sure(made: Plan, expect: str | None) -> bool:
    """Asks, the more insistently the more people there are."""
    if not made.recipients:
        from pytake_cli.services import campaign_checks

        left_out = [(each["reason"], each["count"]) for each in made.content["exclusions"]]
        raise campaign_checks.nobody(made.name, made.content["query"], made.content["audience"], left_out)
    told = _("{name} goes to {count} people").format(name=made.name, count=number(made.recipients))
    cost = made.content["cost"]
    if cost["max"]:
        most = forms.money(cost["max"]["amount"], cost["max"]["currency"])
        told = _("{told} and costs {most} at most").format(told=told, most=most)
    if times := campaign_words.coming(made.content):
        told = _("{told}, each time: {times}").format(told=told, times=times)
    if made.recipients > WEIGHTY:
        return confirm.weighty(f"{told}.", made.recipients, expect)
    return confirm.ordinary(_("{told}. Launch it?").format(told=told))


def _launch(made: Plan, order: Order, as_: str | None) -> Any:
    """Freezes the audience, with its progress on stderr; the daemon is told."""
    from pytake_cli.services import campaign_launch

    here = context()
    progress = Progress("freeze", made.recipients)
    try:
        launched = campaign_launch.launch(neighbour.wake(here.store), made, order, clock.now(), progress.at)
    finally:
        progress.end()
    if not launched.replayed:
        details = {"plan": made.id, "recipients": made.recipients}
        export_rights.noted(as_, "campaign.launched", f"campaign:{launched.campaign.id}", details, RIGHT)
    return launched


def _tell(campaign: Campaign, *, replayed: bool) -> None:
    """Says what was launched, and what to do next."""
    named = {"name": campaign.name, "count": number(campaign.recipients)}
    if replayed:
        say(_("{name} was launched before: nothing new is sent").format(**named))
    elif campaign.status == "scheduled" and campaign.due_at:
        when = f"{campaign.due_at.astimezone(context().tz):%Y-%m-%d %H:%M %Z}"
        done(_("{name} goes to {count} people at {when}").format(**named, when=when))
    elif campaign.status == "recurring" and campaign.due_at:
        when = f"{campaign.due_at.astimezone(context().tz):%Y-%m-%d %H:%M %Z}"
        done(_("{name} recurs; each run is planned anew, the next one at {when}").format(**named, when=when))
    else:
        done(_("{name} goes to {count} people").format(**named))
        say(_("how far it is: pytake campaign watch {name} · stop it: pytake campaign pause {name}").format(**named))
    if neighbour.running() is None:
        say(_("the daemon is not running: pytake serve sends what is launched"))


def _end(given: Given, campaign: Campaign, *, replayed: bool) -> None:
    """The result, at once or when there is one; its exit code."""
    _tell(campaign, replayed=replayed)
    more = {"plan": campaign.plan_id, "key": campaign.launch_key, "replayed": replayed}
    if (given.wait or given.follow) and campaign.status != "recurring":
        found = campaign_follow.until_over(campaign, shows=given.follow)
        emit({**found, **more}, FIELDS, default=DEFAULT)
        campaign_follow.leave(found)
    else:
        emit({**campaign_follow.look(campaign), **more}, FIELDS, default=DEFAULT)


def _show_to(definition: Definition, refs: list[str]) -> None:
    """Sends the message to a few contacts, as it would read for each of them, and launches nothing."""
    from pytake_cli.services import campaign_trial

    here = context()
    if not here.dry_run and not confirm.ordinary(_("Send the message to {who}?").format(who=", ".join(refs))):
        say(_("nothing was sent"))
        return
    with neighbour.wake(here.store).write(here.org_id) as db:
        rows = campaign_trial.send(db, here.org_id, definition, refs, clock.now())
        if here.dry_run:
            db.rollback()
    emit(rows, TRIAL_FIELDS)
    say(_("nothing was launched"))
