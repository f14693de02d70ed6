"""`pytake contact note`, `history`, `delete` and `check`: what is written down of a person, put away, and known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import confirm, contact_bulk, noting, selectors
from pytake_cli.cli.contact_bulk import Contacts
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _, ngettext, number

if TYPE_CHECKING:
    from sqlmodel import Session

HISTORY_FIELDS = {
    "id": "row id",
    "at": "when",
    "what": "what changed: name, stage, f.city, tag:vip, consent.marketing, note …",
    "before": "what it was",
    "after": "what it is since",
    "actor": "who changed it: user:3, cli, flow:lead, import:7, webhook, contact",
}
CHECK_FIELDS = {
    "typed": "what was given",
    "valid": "whether that is a phone number",
    "phone": "E.164",
    "country": "ISO code",
    "known": "whether there is a contact with it",
    "contact": "id of the contact",
    "name": "what the contact is called",
    "window": "whether the 24-hour window is open",
    "window_closes_at": "when it closes or closed",
    "marketing": "granted, stopped or empty",
    "utility": "stopped or empty",
    "opted_out": "wants nothing automatic",
    "blocked": "blocked by you",
    "problem": "why it is no phone number",
}
CHECK_SHOWN = ("typed", "phone", "country", "known", "name", "window", "marketing", "opted_out", "problem")
Person = Annotated[str, typer.Argument(metavar="CONTACT", help="Phone, contact:ID or ID, @username, name.")]


def note(
    contact: Person,
    message: Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help="The note; - reads it from stdin.")],
) -> None:
    """Writes down something about a person; it stands on the card whatever conversation is open.

    $ pytake contact note +5511968184101 -m "prefere ser atendida de manhã"
    """
    from pytake_cli.services import contact_changes, contacts

    here = context()
    body = selectors.words_of(message) or ""
    with here.store.write(here.org_id) as db:
        row = contacts.lookup(db, here.org_id, contact)
        by = selectors.author(db)
        actor = contact_bulk.actor(db)
        contact_changes.note(db, row, body, author_id=by.id if by else None, actor=actor, now=here.now)
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("noted · see it: pytake contact show contact:{id}").format(id=row.id))


def history(
    contact: Person,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
) -> None:
    """Shows what was changed of a contact and by whom, newest first.

    $ pytake contact history +5511968184101
    $ pytake contact history contact:412 --json
    """
    from pytake_cli.services import contacts, directory

    here = context()
    with here.store.read(here.org_id) as db:
        row = contacts.lookup(db, here.org_id, contact)
        lines, total = directory.history(db, row.id or 0, limit=here.limit(limit))
    noting.saw("contact.read", f"contact:{row.id}")
    emit(lines, HISTORY_FIELDS, default=tuple(HISTORY_FIELDS)[1:], total=total, empty=_("Nothing was changed yet"))


def delete(contacts: Contacts) -> None:
    """Puts contacts away: in no list, search or audience, and nothing more is sent. Who writes again is back.

    What they stopped and who is blocked holds for them when they come back.

    $ pytake contact delete +5511968184101
    $ pytake contact list --tag teste --fields id | pytake contact delete - --yes
    """
    from pytake_cli.services import contact_removal
    from pytake_cli.services.contacts import lookup
    from pytake_cli.store.contacts import Contact

    here = context()
    refs = selectors.several(contacts, "CONTACT")
    if len(refs) == 1:
        with here.store.read(here.org_id) as db:
            lookup(db, here.org_id, refs[0])  # nobody is asked about what is not there
    count = ngettext("Delete {count} contact?", "Delete {count} contacts?", len(refs)).format(count=number(len(refs)))
    if refs and not here.dry_run and not confirm.ordinary(count):
        say(_("nothing was changed"))
        return

    def change(db: Session, ids: list[int], actor: str) -> list[int]:
        for id_ in ids:
            contact_removal.delete(db, db.get_one(Contact, id_), actor=actor, now=here.now)
        return ids

    contact_bulk.each(refs, change, _("{changed} of {contacts} contacts are deleted; who writes again is back"))


def check(
    phones: Annotated[list[str], typer.Argument(metavar="PHONE", help="Phone numbers; - reads them from stdin.")],
) -> None:
    """Tells what is known of phone numbers: form, country, contact, window, and what the person agreed to.

    $ pytake contact check "(11) 96818-4101" +351912345678
    $ cut -d, -f2 clientes.csv | pytake contact check - --csv
    """
    from pytake_cli.services import contact_check

    here = context()
    with here.store.read(here.org_id) as db:
        rows = [contact_check.check(db, here.org_id, typed, here.now) for typed in selectors.several(phones, "PHONE")]
    noting.saw("contact.checked", phones=len(rows))
    on_screen = here.output.form in ("table", "plain")
    emit(rows, CHECK_FIELDS, default=CHECK_SHOWN if on_screen else None)
