"""What the commands of templates share: which account, which template, how one is shown, and its list at Meta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli import clock
from pytake_cli.cli.context import context
from pytake_cli.cli.neighbour import wake
from pytake_cli.errors import SendError, UsageError

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.numbers import Number
    from pytake_cli.store.templates import Template
    from pytake_cli.whatsapp.templates import Template as AtMeta

FIELDS = {
    "name": "What it is called.",
    "language": "Its language.",
    "category": "MARKETING, UTILITY or AUTHENTICATION: what a message costs.",
    "status": "Meta's, or LOCAL: made here and not submitted.",
    "quality": "GREEN, YELLOW, RED or UNKNOWN.",
    "values": "What each message has to bring: --var.",
    "text": "Its words.",
    "usable": "Whether it can be sent.",
    "reason": "Why not, or Meta's reason for a rejection or a pause.",
    "coming_category": "The category that Meta announced.",
    "coming_at": "When that comes.",
    "parameter_format": "Whether its variables have names or numbers.",
    "ttl_seconds": "How long Meta tries to deliver a message.",
    "content_hash": "The same for the same content.",
    "components": "Its parts in Meta's shape.",
    "meta_id": "Meta's id.",
    "waba_id": "Its WhatsApp account.",
    "pulled_at": "When Meta was last asked about it.",
    "gone_at": "Since when Meta has it no more.",
    "updated_at": "When it last changed.",
}
SHOWN = ("name", "language", "category", "status", "quality", "values")
CARD_SHOWN = tuple(name for name in FIELDS if name not in ("text", "components", "gone_at"))

Name = Annotated[str, typer.Argument(metavar="NAME", help="A template; pytake template list.")]
Lang = Annotated[
    str | None,
    typer.Option("--template-lang", metavar="LANG", help="Its language, such as pt_BR, if there are several."),
]
From = Annotated[str | None, typer.Option("--from", metavar="NUMBER", help="Of which number, if there are several.")]
Vars = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="K=V", help="A value: nome=Ana, 1=Ana, header=…, button.0=…, or in order."),
]


def record(row: Template) -> dict[str, Any]:
    """A row as it is shown."""
    from pytake_cli.services import templates
    from pytake_cli.whatsapp import template_views

    reason = templates.usable(row)
    told = row.pause_title if row.status == "PAUSED" else row.rejected_reason
    return {
        **row.model_dump(),
        "values": ", ".join(slot.key if slot.required else f"[{slot.key}]" for slot in templates.wanted(row)),
        "text": template_views.render(row.components).text,
        "usable": reason is None,
        "reason": " · ".join(part for part in (reason, told) if part),
    }


def number(db: Session, reference: str | None) -> Number:
    """A number of the account that is meant: as named, or any one where all are of one account."""
    from pytake_cli.services import numbers

    org = context().org_id
    if reference is None:
        known = [each for each in numbers.listed(db, org) if each.status != numbers.REMOVED]
        if known and len({each.waba_id for each in known}) == 1:
            return known[0]
    return numbers.find(db, org, reference)


def find(name: str, language: str | None, sender: str | None) -> Template:
    """The template that a line names."""
    from pytake_cli.services import templates

    here = context()
    with here.store.read(here.org_id) as db:
        return templates.find(db, here.org_id, number(db, sender).waba_id, name, language)


def at_meta(found: Number, name: str | None = None, *, quiet: bool = False) -> list[AtMeta]:
    """The account's templates as Meta has them now; `name` for those of that name only."""
    from pytake_cli.cli.meta import ask, token_of
    from pytake_cli.whatsapp import templates
    from pytake_cli.whatsapp.client import Graph

    async def collect(graph: Graph) -> list[AtMeta]:
        return [one async for one in templates.every(graph, found.waba_id, name=name) if name in (None, one.name)]

    return ask(token_of(found.phone_number_id), collect, quiet=quiet)


def refresh(found: Number, name: str, *, quiet: bool = False) -> bool:
    """Takes in what Meta has of one name; False when it cannot be asked."""
    from pytake_cli import secrets
    from pytake_cli.services import template_sync

    here = context()
    if secrets.get("access_token", found.phone_number_id) is None:
        return False
    try:
        told = at_meta(found, name, quiet=quiet)
    except (SendError, OSError):
        return False
    with wake(here.store).write(here.org_id) as db:
        template_sync.take_in(db, here.org_id, found.waba_id, told, clock.now(), complete=False)
    return bool(told)


def values(row: Template, given: Sequence[str]) -> dict[str, str]:
    """`--var nome=Ana`, or `--var Ana --var 12` in order."""
    from pytake_cli.services import templates

    named: dict[str, str] = {}
    order: list[str] = []
    known = {key for slot in templates.wanted(row) for key in (slot.key, *slot.aliases)}
    for word in given:
        key, equals, value = word.partition("=")
        if equals and (key in known or key.replace(".", "").replace("_", "").isalnum()):
            named[key] = value
        else:
            order.append(word)
    if order and any("." not in key for key in named):
        raise UsageError(
            "PT-SEND-VARS",
            "values go by name or in order, not both: --var nome=Ana, or --var Ana",
            fix="pytake message send --to CONTACT -t NAME --var nome=Ana",
        )
    return {**templates.in_order(row, order), **named} if order else named
