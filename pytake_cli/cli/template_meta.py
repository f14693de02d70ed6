"""`pytake template submit`, `edit`, `delete`: what is asked of Meta, and what became of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli import clock
from pytake_cli.cli import confirm, template_files
from pytake_cli.cli import template_words as words
from pytake_cli.cli.context import context
from pytake_cli.cli.meta import META, ask, token_of
from pytake_cli.cli.neighbour import running, wake
from pytake_cli.cli.output import done, emit, say, warn
from pytake_cli.errors import Conflict, InvalidData, NotFound, Pending, UpstreamError
from pytake_cli.locale import _
from pytake_cli.services.template_files import SAMPLE

if TYPE_CHECKING:
    from pytake_cli.store.numbers import Number
    from pytake_cli.store.templates import Template
    from pytake_cli.whatsapp.client import Graph

SHOWN = ("name", "language", "category", "status", "reason")
EDIT_FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "changes": "What Meta is told.",
    "campaigns": "Campaigns under way that use it.",
}
ASKING_SECONDS = 120.0  # between questions to Meta about a review; an emulator is asked at once
LOOKING_SECONDS = 0.5
File = Annotated[str, typer.Argument(metavar="FILE", help="A template file; pytake template lint.")]


def submit(
    name: words.Name,
    language: words.Lang = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until Meta has decided (--timeout).")] = False,
    sender: words.From = None,
) -> None:
    """Submits a template for Meta's review, in every language that is not there yet. Samples of files go with it.

    $ pytake template create templates/promo.pt_BR.yaml && pytake template submit promo --wait --timeout 600
    $ pytake template submit promo --dry-run
    """
    here = context()
    number, rows = _rows(name, language, sender)
    local = [row for row in rows if row.status == "LOCAL"]
    if not local:
        raise Conflict(
            "PT-TEMPLATE-EXISTS",
            "Meta has the template {name} ({language}) already: it is {status}",
            fix="pytake template edit {name} FILE",
            name=name,
            language=", ".join(row.language for row in rows),
            status=", ".join(row.status for row in rows),
        )
    if here.dry_run:
        emit([words.record(row) for row in local], words.FIELDS, default=SHOWN)
        say(_("nothing was submitted (--dry-run)"))
        return
    for row in local:
        _hand_in(number, row)
    found = [_decided(number, row.id or 0) if wait else _row(row.id or 0) for row in local]
    emit([words.record(row) for row in found], words.FIELDS, default=SHOWN)
    for draft, row in zip(local, found, strict=True):  # at once, or by the review
        if row.category != draft.category:
            warn(_("Meta files {name} as {category}").format(name=row.name, category=row.category))
    for row in found:
        _refuse_rejected(row)


def _hand_in(number: Number, row: Template) -> None:
    from pytake_cli.services import template_admin

    here = context()
    made = _ask(number, lambda graph: _create(graph, number, row))
    with wake(here.store).write(here.org_id) as db:
        template_admin.submitted(db, db.get_one(type(row), row.id), made, clock.now())
    done(_("{name} ({language}) was submitted").format(name=row.name, language=row.language))


async def _create(graph: Graph, number: Number, row: Template) -> Any:
    from pytake_cli.services import template_admin
    from pytake_cli.whatsapp import templates

    components = await _with_handles(graph, number, row.components)
    return await templates.create(graph, number.waba_id, template_admin.to_submit(row, components))


async def _with_handles(graph: Graph, number: Number, components: Any) -> Any:
    """The components with samples uploaded: a handle where a file stood."""
    if isinstance(components, list):
        return [await _with_handles(graph, number, each) for each in components]
    if isinstance(components, dict):
        return {key: await _with_handles(graph, number, each) for key, each in components.items()}
    if not (isinstance(components, str) and components.startswith(SAMPLE)):
        return components
    from pytake_cli.whatsapp import accounts, media

    path = Path(components.removeprefix(SAMPLE))
    if not path.is_file():
        raise NotFound(
            "PT-TEMPLATE-SAMPLE",
            "the sample {file}: {reason}",
            fix="pytake template create FILE",
            file=str(path),
            reason="No such file or directory",
        )
    app_id = number.app_id
    if not app_id:
        token = await asyncio.to_thread(token_of, number.phone_number_id)
        app_id = str((await accounts.debug_token(graph, token)).get("app_id") or "")
    return await media.upload_sample(graph, app_id, path, media.check_file(path))


def edit(name: words.Name, file: File, sender: words.From = None) -> None:
    """Makes a template at Meta as a file says; Meta reviews it again. An approved one: once a day, ten times a month.

    While it is reviewed it may not be sendable: wait until no campaign uses it.

    $ pytake template edit confirmacao_pedido templates/confirmacao_pedido.pt_BR.yaml
    $ pytake template edit confirmacao_pedido templates/confirmacao_pedido.pt_BR.yaml --dry-run
    """
    from pytake_cli.services import template_admin

    here = context()
    draft = _draft_of(file, name)
    row = words.find(name, draft["language"], sender)
    changes = template_admin.changes(row, draft)
    if not changes:
        say(_("{what} was like that already").format(what=name))
        return
    template_admin.refuse_hasty(row, here.now)
    with here.store.read(here.org_id) as db:
        number = words.number(db, sender)
        campaigns = template_admin.using(db, here.org_id, name)
    emit({"name": name, "language": row.language, "changes": list(changes), "campaigns": campaigns}, EDIT_FIELDS)
    if not _agreed(_("Edit {name} at Meta, which reviews it again?").format(name=name), campaigns):
        return
    _ask(number, lambda graph: _change(graph, number, row, changes))
    with wake(here.store).write(here.org_id) as db:
        template_admin.edited(db, db.get_one(type(row), row.id), clock.now())
    words.refresh(number, name)
    done(_("{name} ({language}) was edited: {status}").format(**words.record(_row(row.id or 0))))


def _draft_of(file: str, name: str) -> dict[str, Any]:
    draft = template_files.usable(template_files.named([file])[0]).draft
    if draft["name"] != name:
        raise InvalidData(
            "PT-TEMPLATE-FIXED",
            "{file} is the template {other}: a name cannot be edited",
            fix="pytake template edit {other} {file}",
            file=file,
            other=draft["name"],
        )
    return draft


async def _change(graph: Graph, number: Number, row: Template, changes: dict[str, Any]) -> None:
    from pytake_cli.whatsapp import templates

    members = {key: await _with_handles(graph, number, value) for key, value in changes.items()}
    await templates.edit(graph, await templates.get(graph, row.meta_id), members)


def _agreed(question: str, campaigns: list[str]) -> bool:
    """Whether it shall be done, told which campaigns use it; never with --dry-run."""
    if campaigns:
        warn(_("campaigns that use it: {names}").format(names=", ".join(campaigns)))
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return False
    if not confirm.ordinary(question):
        say(_("nothing was changed"))
        return False
    return True


def delete(
    name: words.Name,
    language: Annotated[
        str | None, typer.Option("--template-lang", metavar="LANG", help="Only this language; else all of them.")
    ] = None,
    sender: words.From = None,
) -> None:
    """Deletes a template here and at Meta, in all its languages. The name is not free again for 30 days.

    $ pytake template delete promo_maio
    $ pytake template delete promo_maio --template-lang en_US --yes
    """
    from pytake_cli.services import template_admin
    from pytake_cli.whatsapp import templates as at_meta

    here = context()
    number, rows = _rows(name, language, sender)
    with here.store.read(here.org_id) as db:
        campaigns = template_admin.using(db, here.org_id, name)
    emit([words.record(row) for row in rows], words.FIELDS, default=SHOWN)
    if not _agreed(_("Delete {name}? The name is not free again for 30 days.").format(name=name), campaigns):
        return
    for row in rows:
        if row.meta_id:
            _ask(number, lambda graph, row=row: at_meta.delete(graph, row.waba_id, row.name, row.meta_id))
        with wake(here.store).write(here.org_id) as db:
            template_admin.deleted(db, db.get_one(type(row), row.id), clock.now())
    done(_("{name} was deleted: {languages}").format(name=name, languages=", ".join(row.language for row in rows)))


def unpause(name: words.Name, language: words.Lang = None, sender: words.From = None) -> None:
    """Ends a pacing pause, five minutes after it began at the earliest. A pause for low quality ends by itself.

    $ pytake template unpause promo_maio
    $ pytake template unpause promo_maio --template-lang pt_BR --dry-run
    """
    from pytake_cli.whatsapp import templates as at_meta

    number, rows = _rows(name, language, sender)
    paused = [row for row in rows if row.status == "PAUSED"]
    emit([words.record(row) for row in paused], words.FIELDS, default=SHOWN, empty=_("Nothing of it is paused"))
    if context().dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    for row in paused:
        refused = _ask(number, lambda graph, row=row: at_meta.unpause(graph, row.meta_id))
        if refused:
            raise UpstreamError(
                "PT-TEMPLATE-PAUSED",
                "Meta keeps {name} ({language}) paused: {reason}",
                fix="pytake template show {name}",
                name=row.name,
                language=row.language,
                reason=refused,
            )
        done(_("{name} ({language}) may be sent again").format(name=row.name, language=row.language))
    if paused:
        words.refresh(number, name)


def _rows(name: str, language: str | None, sender: str | None) -> tuple[Number, list[Template]]:
    """The number of the account, and the template in the language that was named, or in all."""
    from pytake_cli.services import templates
    from pytake_cli.store.templates import by_name

    here = context()
    with here.store.read(here.org_id) as db:
        number = words.number(db, sender)
        known = [] if language else by_name(db, here.org_id, number.waba_id, name)
        return number, known or [templates.find(db, here.org_id, number.waba_id, name, language)]


def _row(id_: int) -> Template:
    from pytake_cli.store.templates import Template

    with context().store.read(context().org_id) as db:
        return db.get_one(Template, id_)


def _ask(number: Number, question: Any) -> Any:
    return ask(token_of(number.phone_number_id), question)


def _decided(number: Number, id_: int) -> Template:
    """Looks until the review is over: at our row while the daemon hears of it, and now and then at Meta."""
    from pytake_cli import nearby

    here = context()
    ends = time.monotonic() + here.timeout_seconds
    pause = ASKING_SECONDS if nearby.graph_url() == META else LOOKING_SECONDS
    asked = time.monotonic()
    say(_("waiting for Meta's review"))
    while True:
        row = _row(id_)
        if row.status not in ("PENDING", "IN_APPEAL"):
            return row
        if time.monotonic() > ends:
            raise Pending(
                "PT-TEMPLATE-REVIEWED",
                "{name} is still in review",
                why="Meta tells of its decision by webhook" if running() else "",
                fix="pytake template pull" if running() is None else "pytake template show {name}",
                name=row.name,
            )
        if time.monotonic() - asked >= pause:
            words.refresh(number, row.name, quiet=True)
            asked = time.monotonic()
        time.sleep(min(LOOKING_SECONDS, max(0.0, ends - time.monotonic())))


def _refuse_rejected(row: Template) -> None:
    if row.status == "REJECTED":
        raise UpstreamError(
            "PT-TEMPLATE-REJECTED",
            "Meta rejected {name} ({language}): {reason}",
            fix="pytake template edit {name} FILE",
            name=row.name,
            language=row.language,
            reason=row.rejected_reason or "-",
        )
