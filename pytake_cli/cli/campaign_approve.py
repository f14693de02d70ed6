"""`pytake campaign approve`: a second person agrees to a large launch, with a password of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import confirm, export_rights, forms
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.cli.passwords import asked
from pytake_cli.errors import InputNeeded
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.campaigns import Plan
    from pytake_cli.store.users import User

FIELDS = {
    "plan": "the plan that may be launched now",
    "name": "the campaign",
    "recipients": "people who are in it",
    "by": "who approved it",
    "at": "when; it holds for 24 hours",
}


def approve(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, as the refused launch names it.")],
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who approves it.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Reads the password from stdin.")] = False,
) -> None:
    """Approves the launch of a plan, as another person than the one who launches it; that takes their password.

    Needed where the organisation has second_person_above (pytake org set) and the plan has more people, or recurs. It
    holds for exactly this plan, for 24 hours and for one launch; the audit log keeps who it was.

    $ pytake campaign approve plan_7f3c --as bia@loja.com.br
    $ pytake campaign approve plan_7f3c --as bia@loja.com.br --password-stdin < password.txt
    $ pytake campaign approve plan_7f3c --as bia@loja.com.br --dry-run
    """
    from pytake_cli.services import campaign_approval, campaign_plans

    here = context()
    with here.store.read(here.org_id) as db:
        made = campaign_plans.find(db, here.org_id, plan)
        user = _user(db, as_)
        principal = export_rights.allowed(db, user.email, campaign_approval.RIGHT)
        campaign_approval.check(db, made, principal, here.now)
        needed = campaign_approval.above(db, made) is not None
    _tell(made, needed=needed)
    row: dict[str, Any] = {"plan": made.id, "name": made.name, "recipients": made.recipients, "by": principal.name}
    if here.dry_run:
        emit({**row, "at": here.now}, FIELDS)
        say(_("nothing was changed (--dry-run)"))
        return
    _prove(user, from_stdin=password_stdin)
    with here.store.write(here.org_id) as db:
        approved = campaign_approval.approve(db, made, principal, here.now)
        row["at"] = approved.at
    emit(row, FIELDS)
    done(
        _("{who} approved {name} · somebody else launches it: pytake campaign launch --plan {plan}").format(
            who=principal.name, name=made.name, plan=made.id
        )
    )


def _user(db: Session, as_: str | None) -> User:
    if as_ is None:
        if context().no_input:
            raise InputNeeded("PT-INPUT", "who approves it?", fix="--as EMAIL --password-stdin")
        as_ = confirm.ask(_("E-mail:"), default="")
    from pytake_cli.services import conversations

    return conversations.find_user(db, as_)


def _prove(user: User, *, from_stdin: bool) -> None:
    """Raises AuthError unless whoever is at the keyboard has the person's password."""
    from pytake_cli.services import signing_in

    here = context()
    password = asked(_("Password of {who} (not shown): ").format(who=user.email), from_stdin=from_stdin)
    signing_in.proven(here.store, user.email, password, here.now, org_slug=here.org.slug)


def _tell(made: Plan, *, needed: bool) -> None:
    """What is approved, in a line; the whole of it is shown by `campaign plan`."""
    told = _("{name} goes to {count} people").format(name=made.name, count=number(made.recipients))
    cost = made.content["cost"]
    if cost["max"]:
        most = forms.money(cost["max"]["amount"], cost["max"]["currency"])
        told = _("{told} and costs {most} at most").format(told=told, most=most)
    say(told)
    if not needed:
        say(_("the organisation wants no second person for it: pytake org set second_person_above=N"))
