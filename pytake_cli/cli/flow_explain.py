"""`pytake flow explain`: what a message would start, and why every trigger wins or loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.flow.problems import Phrase
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.flow_triggers import Choice
    from pytake_cli.store.contacts import Contact

FIELDS = {
    "flow": "Which flow.",
    "trigger": "What of it would start it.",
    "fits": "Whether it fits the message and the person.",
    "chosen": "Whether it starts the flow.",
    "why": "Why it wins, loses, or does not fit.",
    "kind": "How specific it is: button, ad, keyword …, any.",
    "priority": "The flow's.",
    "ref": "Name and hash of the version.",
    "instead": "What comes before every trigger: opt_out, opted_out, blocked, people, session, standby, off.",
}
SHOWN = ("flow", "trigger", "fits", "chosen", "why", "kind", "priority", "ref", "instead")
ON_SCREEN = ("flow", "trigger", "fits", "chosen", "why")
INSTEAD = {
    "opt_out": Phrase("it is an opt-out word: nothing else hears it"),
    "opted_out": Phrase("the contact has opted out: nothing automatic answers"),
    "blocked": Phrase("the contact is blocked"),
    "off": Phrase("two bots were talking to one another: nothing automatic answers for a while"),
    "standby": Phrase("Meta's own agent has the conversation"),
    "people": Phrase("a person has the conversation: the bot is silent"),
    "session": Phrase("a session under way hears it first ({detail})"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says."""

    from_: Annotated[str, typer.Option("--from", metavar="CONTACT", help="Who writes; may be somebody new.")]
    message: Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help="What they write.")] = ""
    button: Annotated[str | None, typer.Option("--button", metavar="ID", help="What they tap.")] = None
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="To which of your numbers.")] = None


@filled_in
def explain(given: Given) -> None:
    """Tells which flow a message would start, and why. And why not the others; nothing is changed.

    $ pytake flow explain --from +5511968184101 --message "quero agendar"
    $ pytake flow explain --from +5511968184101 --button promo --json
    """
    from pytake_cli.services import flow_triggers, numbers

    here = context()
    with here.store.write(here.org_id) as db:
        number = numbers.find(db, here.org_id, given.number)
        contact, is_new = _contact(db, given.from_)
        choice = flow_triggers.explain(
            db, contact, given.message, number, here.now, button=given.button, new_contact=is_new
        )
        db.expunge_all()
        db.rollback()
    rows = [_row(each, choice) for each in choice.candidates]
    on_screen = here.output.form in ("table", "plain")
    emit(rows, FIELDS, default=ON_SCREEN if on_screen else SHOWN, empty=_("no published flow has a trigger"))
    winner = next((row for row in rows if row["chosen"]), None)
    if choice.instead:
        say(_(INSTEAD[choice.instead]).format(detail=choice.detail))
    elif winner is not None:
        done(_("{flow} would start, by {trigger}: {why}").format(**winner))
    else:
        say(_("nothing would start: people see it in their queue"))


def _row(candidate: Any, choice: Choice) -> dict[str, Any]:
    names = ("flow", "trigger", "fits", "chosen", "why", "kind", "priority", "ref")
    row = {name: getattr(candidate, name) for name in names}
    row["chosen"] = row["chosen"] and not choice.instead
    return row | {"instead": choice.instead or None}


def _contact(db: Session, ref: str) -> tuple[Contact, bool]:
    """The contact, and whether it would be a new one; that is made for as long as the look takes."""
    from pytake_cli.errors import NotFound
    from pytake_cli.policy import phones
    from pytake_cli.services import contacts
    from pytake_cli.store.contacts import Contact, Identity

    here = context()
    try:
        return contacts.lookup(db, here.org_id, ref), False
    except NotFound:
        if not ref.strip("+ ()-.").replace(" ", "").replace("-", "").isdigit():
            raise
        digits = phones.parse(ref, here.org.country).removeprefix("+")
    times: dict[str, Any] = {"first_seen_at": here.now, "last_seen_at": here.now}
    contact = Contact(org_id=here.org_id, created_at=here.now, updated_at=here.now)
    db.add(contact)
    db.flush()
    db.add(Identity(org_id=here.org_id, contact_id=contact.id or 0, kind="phone", value=digits, **times))
    db.flush()
    return contact, True
