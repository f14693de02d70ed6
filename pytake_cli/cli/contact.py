"""Contacts: the people who write to you, by phone, by WhatsApp's user id, by name.

$ pytake contact list
$ pytake contact show +5511968184101
$ pytake contact set contact:412 name="Ana Souza" city=Campinas
"""

from __future__ import annotations

from typing import Annotated

import typer

from pytake_cli.cli import changes as field_changes
from pytake_cli.cli import confirm, contact_export, contact_import
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

app = typer.Typer(no_args_is_help=False)
app.command("import")(contact_import.import_)
app.command("export")(contact_export.export)

FIELDS = {
    "id": "row id, for contact:ID",
    "display": "what the contact is called on screens",
    "phone": "phone number",
    "username": "username on WhatsApp",
    "bsuid": "WhatsApp's user id",
    "name": "name that you gave",
    "profile_name": "name that the contact gave on WhatsApp",
    "language": "language",
    "tz": "time zone",
    "fields": "your own fields",
    "blocked_at": "since when the contact is blocked",
    "marketing_stopped_at": "since when the contact wants no marketing",
    "last_seen_at": "when the contact was last heard of",
    "created_at": "when the contact was made",
    "updated_at": "when the contact was changed",
}
CARD_FIELDS = {
    **FIELDS,
    "identities": "every way in which the contact is known",
    "windows": "when the contact last wrote to each number",
    "consents": "what the contact agreed to or stopped, newest first",
    "conversations": "how many conversations there are",
    "merged": "contacts that were merged into this one",
}
SHOWN = ("id", "display", "phone", "username", "last_seen_at")
CARD_SHOWN = (
    *("id", "display", "phone", "username", "bsuid", "name", "profile_name", "language", "tz", "fields"),
    *("marketing_stopped_at", "conversations", "identities", "windows", "consents", "merged"),
    *("last_seen_at", "created_at"),
)


@app.command("list")
def list_(
    words: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="Names or how they begin, phone, @username."),
    ] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
) -> None:
    """Lists contacts, the newest first.

    $ pytake contact list
    $ pytake contact list --search souza --json
    $ pytake contact list --fields id,phone --limit 0
    """
    from pytake_cli.services import directory

    here = context()
    with here.store.read(here.org_id) as db:
        rows, total = directory.page(db, here.org_id, words=words, limit=here.limit(limit))
    emit(
        rows,
        FIELDS,
        default=SHOWN,
        total=total,
        empty=_("No contact matches") if words else _("There are no contacts yet"),
    )


@app.command("show")
def show(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Phone, contact:ID or ID, @username, name.")],
) -> None:
    """Shows one contact with every way in which it is known.

    $ pytake contact show +5511968184101
    $ pytake contact show contact:412 --json
    $ pytake contact show "Ana Souza"
    """
    from pytake_cli.services import contacts, directory

    here = context()
    with here.store.read(here.org_id) as db:
        card = directory.card(db, contacts.lookup(db, here.org_id, contact))
    emit(card, CARD_FIELDS, default=CARD_SHOWN)


@app.command("create")
def create(
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="In any form; +55… or as dialled in your country.")],
    name: Annotated[str, typer.Option("--name", help="Name.")] = "",
    language: Annotated[str, typer.Option("--language", metavar="LANG", help="Such as pt-BR.")] = "",
    zone: Annotated[str, typer.Option("--zone", metavar="TZ", help="Time zone, such as America/Manaus.")] = "",
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field of your own; repeatable.")
    ] = None,
) -> None:
    """Adds a contact by phone number. Whoever writes to you is added by itself.

    $ pytake contact create "(11) 96818-4101" --name "Ana Souza"
    $ pytake contact create +5511968184101 --field city=Campinas --field plan=gold
    """
    from pytake_cli.services import directory

    here = context()
    changes = {
        "name": name,
        "language": language,
        "tz": zone,
        **dict(field_changes.split(each) for each in field or ()),
    }
    with here.store.write(here.org_id) as db:
        made = directory.create(db, here.org_id, phone, changes, here.now)
        row = directory.rows(db, [made])[0]
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=(*SHOWN, "fields"))
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("{name} is contact:{id}").format(name=row["display"], id=row["id"]))


@app.command("set")
def set_(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Phone, contact:ID or ID, @username, name.")],
    changes: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUE…", help="name, language, tz or a field of your own; empty removes."),
    ],
) -> None:
    """Changes a contact's name, language, time zone, or your own fields.

    $ pytake contact set +5511968184101 "name=Ana Souza" language=pt-BR
    $ pytake contact set contact:412 city=Campinas plan=
    """
    from pytake_cli.services import contacts, directory

    here = context()
    wanted = dict(field_changes.split(change) for change in changes)
    with here.store.write(here.org_id) as db:
        found = contacts.lookup(db, here.org_id, contact)
        changed = directory.edit(db, found, wanted, here.now)
        row = directory.rows(db, [found])[0]
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=(*SHOWN, "language", "tz", "fields"))
    field_changes.tell(f"contact:{row['id']}", changed)


@app.command("merge")
def merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The contact that stays.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The contact that becomes part of it.")],
) -> None:
    """Makes two contacts one: conversations, messages, consents and identities of OTHER move to KEEP.

    $ pytake contact merge contact:412 contact:977
    $ pytake contact merge +5511968184101 @ana.souza --yes
    """
    from pytake_cli.services import contacts, directory

    here = context()
    with here.store.read(here.org_id) as db:
        stays, goes = (contacts.lookup(db, here.org_id, ref) for ref in (keep, other))
        contacts.refuse_same(stays.id or 0, goes.id or 0)
        names = contacts.display_names(db, [stays.id or 0, goes.id or 0])
    question = _("Merge contact:{goes} ({other}) into contact:{stays} ({keep})?").format(
        goes=goes.id, other=names.get(goes.id or 0), stays=stays.id, keep=names.get(stays.id or 0)
    )
    if not here.dry_run and not confirm.ordinary(question):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        kept = contacts.merge(db, stays.id or 0, goes.id or 0, here.now)
        card = directory.card(db, kept)
        if here.dry_run:
            db.rollback()
    emit(card, CARD_FIELDS, default=CARD_SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("contact:{goes} is part of contact:{stays} now").format(goes=goes.id, stays=stays.id))
