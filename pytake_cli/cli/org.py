"""Organisations: whose numbers, contacts and conversations these are.

$ pytake org list
$ pytake org create "Loja Sul" --owner-email rita@example.com
$ pytake org use loja-sul  # which one to act on from now on
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlmodel import func, select

from pytake_cli import secrets, settings
from pytake_cli.cli import confirm, tomlfile
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import UsageError
from pytake_cli.locale import _
from pytake_cli.services import accounts
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation, everyone
from pytake_cli.store.users import User

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "slug": "Short name, for --org.",
    "name": "Name.",
    "current": "Whether commands act on it without --org.",
    "numbers": "Connected WhatsApp numbers.",
    "users": "People.",
    "tz": "Time zone.",
    "lang": "Language.",
    "country": "Country of phone numbers typed without a country code.",
    "dpo": "Who answers people's questions about their data.",
    "second_person_above": "Campaigns to more people than this are approved by another person first; 0: none are.",
    "acknowledgement": "Text that answers the first message of a conversation.",
    "id": "Row id.",
    "created_at": "When it was made.",
}
SHOWN = ("slug", "name", "current", "numbers", "users", "tz")


def _record(db: Any, org: Organisation) -> dict[str, Any]:
    counted = {
        name: db.exec(select(func.count()).select_from(table).where(table.org_id == org.id)).one()
        for name, table in (("numbers", Number), ("users", User))
    }
    current = context().settings.org in (org.slug, None) and (
        context().settings.org is not None or len(everyone(db)) == 1
    )
    return {**org.model_dump(), **counted, "current": current}


@app.command("list")
def list_() -> None:
    """Lists the organisations of this store.

    $ pytake org list
    $ pytake org list --json
    """
    with context().store.read() as db:
        rows = [_record(db, org) for org in everyone(db)]
    emit(rows, FIELDS, default=SHOWN, empty=_("There is no organisation yet: pytake init"))


@app.command("show")
def show(
    slug: Annotated[str | None, typer.Argument(help="Its short name; the current one by default.")] = None,
) -> None:
    """Shows one organisation.

    $ pytake org show
    $ pytake org show loja-sul --json
    """
    with context().store.read() as db:
        org = accounts.find_organisation(db, slug) if slug else context().org
        row = _record(db, org)
    emit(row, FIELDS)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Its name, such as “Loja Sul”.")],
    slug: Annotated[str | None, typer.Option(help="Short name; made of the name by default.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", metavar="TZ", help="Time zone.")] = None,
    language: Annotated[str | None, typer.Option("--language", metavar="LANG", help="en or pt-BR.")] = None,
    country: Annotated[str, typer.Option(help="Two letters.")] = "BR",
    owner_email: Annotated[str | None, typer.Option(help="First administrator.")] = None,
) -> None:
    """Makes an organisation, and its first administrator if an e-mail is given.

    $ pytake org create "Loja Sul" --owner-email rita@example.com
    $ pytake org create "Clínica Norte" --slug norte --zone America/Manaus -n
    """
    here = context()
    with here.store.write() as db:
        org = accounts.create_organisation(
            db,
            name=name,
            slug=slug,
            tz=zone or here.settings.tz or "America/Sao_Paulo",
            lang=language or here.settings.lang or "pt-BR",
            country=country,
            now=here.now,
        )
        assert org.id is not None
        if owner_email:
            accounts.invite(db, org_id=org.id, email=owner_email, role="ORG_ADMIN", now=here.now)
        row = _record(db, org)
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS, default=SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("organisation {org} made · act on it: pytake org use {org}").format(org=org.slug))


@app.command("set")
def set_(
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE", help="name, tz, lang, country, dpo, second_person_above, acknowledgement."
        ),
    ],
) -> None:
    """Changes the organisation.

    $ pytake org set tz=America/Manaus
    $ pytake org set "acknowledgement=Oi! Já respondemos." -o loja-sul
    $ pytake org set "dpo=Ana Souza, privacidade@loja.com.br"
    $ pytake org set second_person_above=5000  # larger campaigns: pytake campaign approve
    $ pytake org set acknowledgement=  # no automatic answer
    """
    here = context()
    wanted = dict(split_change(change) for change in changes)
    with here.store.write() as db:
        org = accounts.find_organisation(db, here.org.slug)
        changed = accounts.set_organisation(db, org, wanted)
        row = _record(db, org)
        if here.dry_run:
            db.rollback()
    emit(row, FIELDS)
    tell_changes(row["slug"], changed)


def split_change(change: str) -> tuple[str, str]:
    """`tz=America/Manaus` -> (`tz`, `America/Manaus`)."""
    field, equals, value = change.partition("=")
    if not equals or not field.strip():
        raise UsageError("PT-USAGE-CHANGE", "{given} is not FIELD=VALUE", fix="tz=America/Manaus", given=change)
    return field.strip(), value


def tell_changes(what: str, changed: list[str]) -> None:
    """Says which fields changed, or would have."""
    if not changed:
        say(_("{what} was like that already").format(what=what))
    elif context().dry_run:
        say(
            _("{what}: {fields} would change; nothing was changed (--dry-run)").format(
                what=what, fields=", ".join(changed)
            )
        )
    else:
        done(_("{what}: {fields} changed").format(what=what, fields=", ".join(changed)))


@app.command("use")
def use(slug: Annotated[str, typer.Argument(help="Its short name.")]) -> None:
    """Makes an organisation the one that commands act on.

    $ pytake org use loja-sul
    """
    here = context()
    with here.store.read() as db:
        org = accounts.find_organisation(db, slug)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    path = settings.paths().config / "config.toml"
    tomlfile.write(path, tomlfile.put(tomlfile.read(path), "org", org.slug))
    done(_("commands act on {org} now ({path}) · for one command: pytake -o SLUG …").format(org=org.slug, path=path))


@app.command("delete")
def delete(
    slug: Annotated[str, typer.Argument(help="Its short name.")],
    confirmed: Annotated[str | None, typer.Option("--confirm", metavar="SLUG", help="The short name again.")] = None,
) -> None:
    """Deletes an organisation with all its people, contacts, conversations and messages. This cannot be undone.

    Backups keep it; webhooks stay in the journal as they came.

    $ pytake org delete loja-velha -n  # how much would go
    $ pytake org delete loja-velha --confirm loja-velha
    """
    here = context()
    with here.store.read() as db:
        org = accounts.find_organisation(db, slug)
    question = _("Delete {org} with everything in it?").format(org=org.slug)
    if not here.dry_run and not confirm.severe(question, org.slug, confirmed):
        say(_("nothing was changed"))
        return
    with here.store.write() as db:
        gone = accounts.delete_organisation(db, accounts.find_organisation(db, slug))
        if here.dry_run:
            db.rollback()
    rows = [{"table": table, "rows": count} for table, count in gone.rows.items()]
    emit(rows, {"table": "what", "rows": "how many"})
    if here.dry_run:
        say(_("{rows} rows would go; nothing was changed (--dry-run)").format(rows=sum(gone.rows.values())))
        return
    for file in gone.files:
        (settings.paths().data / "media" / file).unlink(missing_ok=True)
    path = settings.paths().config / "config.toml"
    if here.settings.org == org.slug and (text := tomlfile.take(tomlfile.read(path), "org")) is not None:
        tomlfile.write(path, text)
    for phone_number_id in gone.phone_number_ids:
        secrets.delete("access_token", phone_number_id)
    done(
        _("{org} is deleted: {rows} rows, {files} files").format(
            org=org.slug, rows=sum(gone.rows.values()), files=len(gone.files)
        )
    )
