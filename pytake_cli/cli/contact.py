"""Contacts: the people who write to you, by phone, by WhatsApp's user id, by name.

$ pytake contact list --tag vip
$ pytake contact show +5511968184101
$ pytake contact set contact:412 name="Ana Souza" stage=cliente f.city=Campinas
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import changes as field_changes
from pytake_cli.cli import (
    confirm,
    contact_block,
    contact_bulk,
    contact_consent,
    contact_export,
    contact_import,
    contact_past,
    contact_tags,
    noting,
)
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.contact_values import Changes

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
    "stage": "where the contact stands with you",
    "score": "points",
    "vip": "whether the contact is a VIP",
    "tags": "tags",
    "language": "language",
    "tz": "time zone",
    "fields": "your own fields; also one by one as f.NAME",
    "blocked_at": "since when the contact is blocked",
    "marketing_granted_at": "since when the contact wants marketing",
    "marketing_stopped_at": "since when the contact wants no marketing",
    "utility_stopped_at": "since when the contact wants no utility templates",
    "opted_out_at": "since when the contact wants nothing automatic",
    "last_seen_at": "when the contact was last heard of",
    "created_at": "when the contact was made",
    "updated_at": "when the contact was changed",
}
CARD_FIELDS = {
    **FIELDS,
    "identities": "every way in which the contact is known",
    "windows": "when the contact last wrote to each number",
    "consents": "what the contact agreed to or stopped, newest first",
    "notes": "what was written down, newest first",
    "conversations": "how many conversations there are",
    "history": "how many changes the history has",
    "merged": "contacts that were merged into this one",
}
SHOWN = ("id", "display", "phone", "username", "last_seen_at", "stage", "tags")
CARD_SHOWN = (
    *("id", "display", "phone", "username", "bsuid", "name", "profile_name", "stage", "score", "vip", "tags"),
    *("language", "tz", "fields", "blocked_at", "conversations", "identities", "windows", "consents", "notes"),
    *("marketing_granted_at", "marketing_stopped_at", "utility_stopped_at", "opted_out_at", "history", "merged"),
    *("last_seen_at", "created_at"),
)
CHANGED_SHOWN = ("id", "display", "phone", "stage", "score", "vip", "tags", "language", "tz", "fields")
NewFields = Annotated[bool, typer.Option("--new-fields", help="A field that is not there yet is made, as text.")]

app.command("tag")(contact_tags.tag)
app.command("untag")(contact_tags.untag)
app.command("note")(contact_past.note)
app.command("history")(contact_past.history)
app.command("optin")(contact_consent.optin)
app.command("optout")(contact_consent.optout)
app.command("block")(contact_block.block)
app.command("unblock")(contact_block.unblock)
app.command("delete")(contact_past.delete)
app.command("check")(contact_past.check)


@app.command("list")
def list_(
    words: Annotated[
        str | None,
        typer.Option("--search", metavar="WORDS", help="Names or how they begin, phone, @username."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="NAME", help="Who has the tag; repeatable.")] = None,
    stage: Annotated[str, typer.Option("--stage", metavar="STAGE", help="Who stands there.")] = "",
    where: Annotated[
        str | None, typer.Option("-w", "--where", metavar="EXPR", help='Who is meant, such as "tag = vip score >= 50".')
    ] = None,
    limit: Annotated[int | None, typer.Option("-l", "--limit", min=0, help="How many; 0 for all.")] = None,
) -> None:
    """Lists contacts, the newest first.

    $ pytake contact list --tag vip --stage cliente
    $ pytake contact list -w "segment = good-leads last_seen < -30d"
    $ pytake contact list --search souza --json
    $ pytake contact list -w 'f.plano = gold last_seen < -30d' --fields id | pytake contact tag - --tag volta
    $ pytake contact list --fields id,phone,f.city --limit 0
    """
    from pytake_cli.services import directory, segments

    here = context()
    with here.store.read(here.org_id) as db:
        among = segments.ids(db, here.org_id, where, here.now) if where is not None else None
        wanted = directory.Filter(words=words or "", tags=tuple(tag or ()), stage=stage, among=among)
        rows, total = directory.page(db, here.org_id, wanted, limit=here.limit(limit))
        own = _own_fields(db, here.org_id)
    noting.saw("contact.listed", contacts=len(rows))
    emit(
        [_flat(row) for row in rows],
        FIELDS | own,
        default=SHOWN,
        total=total,
        empty=_("No contact matches") if words or tag or stage or where else _("There are no contacts yet"),
    )


def _own_fields(db: Session, org_id: int) -> dict[str, str]:
    """The organisation's fields as columns: f.city."""
    from pytake_cli.store import fields

    return {f"f.{field.name}": field.label or field.type for field in fields.everyone(db, org_id)}


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    fields = row["fields"]
    assert isinstance(fields, Mapping)
    return {**row, **{f"f.{name}": value for name, value in fields.items()}}


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
    noting.saw("contact.read", f"contact:{card['id']}")
    emit(card, CARD_FIELDS, default=CARD_SHOWN)


@app.command("create")
def create(
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="In any form; +55… or as dialled in your country.")],
    name: Annotated[str, typer.Option("--name", help="Name.")] = "",
    language: Annotated[str, typer.Option("--language", metavar="LANG", help="Such as pt-BR.")] = "",
    zone: Annotated[str, typer.Option("--zone", metavar="TZ", help="Time zone, such as America/Manaus.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="stage, score, vip or a field of your own; repeatable."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="NAME", help="A tag; repeatable.")] = None,
    new_fields: NewFields = False,
) -> None:
    """Adds a contact by phone number. Whoever writes to you is added by itself.

    $ pytake contact create "(11) 96818-4101" --name "Ana Souza" --tag vip
    $ pytake contact create +5511968184101 --field stage=lead --field f.city=Campinas
    """
    from pytake_cli.services import contact_changes, directory

    here = context()
    given = {"name": name, "language": language, "tz": zone}
    given |= dict(field_changes.split(each) for each in field or ())
    with here.store.write(here.org_id) as db:
        actor = contact_bulk.actor(db)
        wanted = _read(db, {name: value for name, value in given.items() if value}, new_fields)
        made = directory.create(db, here.org_id, phone, wanted, actor=actor, now=here.now)
        if tag:
            contact_changes.tag(db, here.org_id, [made.id or 0], tag, actor=actor, now=here.now)
        row = directory.rows(db, [made])[0]
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=CHANGED_SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("{name} is contact:{id}").format(name=row["display"], id=row["id"]))


def _read(db: Session, given: Mapping[str, str], new_fields: bool) -> Changes:
    """The values that were typed; with `new_fields` those of unknown names are text."""
    from pytake_cli.services import contact_values, fields

    here = context()
    known = fields.known(db, here.org_id)
    if new_fields:
        fields.declare(db, here.org_id, contact_values.unknown(known, given), here.now)
        known = fields.known(db, here.org_id)
    return contact_values.read(known, given)


@app.command("set")
def set_(
    contact: Annotated[
        str,
        typer.Argument(metavar="CONTACT", help="Phone, contact:ID or ID, @username, name; - reads stdin."),
    ],
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE…",
            help="name, stage, score, vip, language, tz or f.FIELD of your own; empty removes.",
        ),
    ],
    new_fields: NewFields = False,
) -> None:
    """Changes a contact's name, stage, score, language, time zone, your own fields; or those of many contacts.

    $ pytake contact set +5511968184101 "name=Ana Souza" stage=cliente score=80 vip=yes
    $ pytake contact set contact:412 f.city=Campinas f.plan=
    $ pytake contact list --tag feira --fields id | pytake contact set - stage=lead
    """
    from pytake_cli.services import contact_changes, contacts, directory

    here = context()
    given = dict(field_changes.split(change) for change in changes)
    if contact == "-":
        _set_many(given, new_fields)
        return
    with here.store.write(here.org_id) as db:
        found = contacts.lookup(db, here.org_id, contact)
        wanted, actor = _read(db, given, new_fields), contact_bulk.actor(db)
        changed = contact_changes.apply(db, here.org_id, [found.id or 0], wanted, actor=actor, now=here.now)
        row, told = directory.rows(db, [found])[0], changed.get(found.id or 0, [])
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=CHANGED_SHOWN)
    field_changes.tell(f"contact:{row['id']}", told)


def _set_many(given: Mapping[str, str], new_fields: bool) -> None:
    from pytake_cli.services import contact_changes

    here = context()
    with here.store.write(here.org_id) as db:
        _read(db, given, new_fields)  # what does not fit is said before stdin is read
        if here.dry_run:
            db.rollback()

    def change(db: Session, ids: list[int], actor: str) -> Collection[int]:
        wanted = _read(db, given, new_fields)
        return contact_changes.apply(db, here.org_id, ids, wanted, actor=actor, now=here.now)

    contact_bulk.each(["-"], change, _("{changed} of {contacts} contacts changed"))


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
        kept = contacts.merge(db, stays.id or 0, goes.id or 0, here.now, actor=contact_bulk.actor(db))
        card = directory.card(db, kept)
        if here.dry_run:
            db.rollback()
    emit(card, CARD_FIELDS, default=CARD_SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("contact:{goes} is part of contact:{stays} now").format(goes=goes.id, stays=stays.id))
