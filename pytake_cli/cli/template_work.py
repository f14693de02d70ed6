"""`pytake template create`, `preview`, `test`: a file in the store, a message on the screen, one to a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pytake_cli.cli import bubble, message_queueing, message_send, template_files
from pytake_cli.cli import template_words as words
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.templates import Template
    from pytake_cli.whatsapp.template_views import Preview

SHOWN = ("name", "language", "category", "status", "values")
PREVIEW_FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "category": "What a message costs.",
    "header": "Its header.",
    "body": "Its body.",
    "footer": "Its footer.",
    "buttons": "Its buttons.",
    "cards": "The cards of a carousel.",
    "values": "What it was filled with.",
}
SAMPLED = ("text", "code", "link", "coupon", "moment", "location")  # kinds of values whose example can be sent


def create(
    files: Annotated[list[str], typer.Argument(metavar="FILE|NAME...", help="Template files; a folder for all of it.")],
    sender: words.From = None,
) -> None:
    """Keeps template files in the store without submitting them. What was there of the same name is replaced.

    $ pytake template create templates/promo.pt_BR.yaml
    $ pytake template create templates --dry-run
    """
    from pytake_cli.services import template_admin

    here = context()
    drafts = [template_files.usable(path).draft for path in template_files.named(files)]
    rows = []
    with here.store.write(here.org_id) as db:
        number = words.number(db, sender)
        for draft in drafts:
            row, _changed = template_admin.create(db, here.org_id, number.waba_id, draft, here.now)
            rows.append(words.record(row))
        if here.dry_run:
            db.rollback()
    emit(rows, words.FIELDS, default=SHOWN)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    for each in rows:
        done(_("{name} ({language}) is here · next: pytake template submit {name}").format(**each))


def preview(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A template, or a template file.")],
    var: words.Vars = None,
    language: words.Lang = None,
    sender: words.From = None,
) -> None:
    """Shows a template as its reader will see it. What is not given is filled with the template's examples.

    $ pytake template preview confirmacao_pedido --var 1=Ana --var 2=12
    $ pytake template preview templates/promo.pt_BR.yaml
    """
    from pytake_cli.services import templates

    row = _of_file(Path(name)) if Path(name).is_file() else words.find(name, language, sender)
    values = templates.samples(row) | words.values(row, var or ())
    seen = templates.render(row, values)
    if context().output.form in ("table", "plain"):
        data(drawn(seen) + "\n")
        return
    shown = {"name": row.name, "language": row.language, "category": row.category, "values": values}
    parts = {"header": seen.header, "body": seen.body, "footer": seen.footer, "buttons": list(seen.buttons)}
    emit({**shown, **parts, "cards": [card.text for card in seen.cards]}, PREVIEW_FIELDS)


def drawn(seen: Preview) -> str:
    """The message in a box, its cards below."""
    buttons = [f"[{label}]" for label in seen.buttons]
    parts = [part for part in (seen.header, seen.body, seen.footer, *buttons) if part]
    spaced = [each for part in parts for each in ("", part)][1:]
    return "\n".join([bubble.box(spaced), *(drawn(card) for card in seen.cards)])


def _of_file(path: Path) -> Template:
    from pytake_cli.services import template_admin

    return template_admin.as_row(0, "", template_files.usable(path).draft, context().now)


def try_out(
    name: words.Name,
    to: Annotated[str, typer.Option("--to", metavar="CONTACT", help="Phone, contact:ID, @username or name.")],
    var: words.Vars = None,
    language: words.Lang = None,
    wait: Annotated[
        Literal["sent", "delivered", "read"] | None,
        typer.Option("--wait", help="Waits until it got so far (--timeout)."),
    ] = None,
    sender: words.From = None,
) -> None:
    """Sends a template to one contact. Texts that are not given are filled with the template's examples.

    $ pytake template test confirmacao_pedido --to +5511968184101 --wait delivered
    $ pytake template test confirmacao_pedido --to contact:412 --var 1=Ana --var 2=12 --dry-run
    """
    from pytake_cli.services import templates

    request = message_queueing.Request(to, sender, None, None, None)
    row = message_queueing.definition(name, language, request)
    kinds = {slot.key: slot.kind for slot in templates.wanted(row)}
    samples = {key: value for key, value in templates.samples(row).items() if kinds[key] in SAMPLED}
    values = samples | words.values(row, var or ())
    given = message_send.Given(
        to=to,
        template=name,
        language=row.language,
        var=[f"{key}={value}" for key, value in values.items()],
        sender=sender,
        wait=wait,
    )
    message_send.deliver(given)
