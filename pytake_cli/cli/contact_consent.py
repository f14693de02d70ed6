"""`pytake contact optin` and `optout`: what a person agreed to, with its proof."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pytake_cli.cli import contact_bulk, times
from pytake_cli.cli.contact_bulk import Contacts
from pytake_cli.cli.context import context
from pytake_cli.errors import InvalidData
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

Topic = Annotated[
    Literal["marketing", "utility", "all"],
    typer.Option("--topic", help="marketing, utility, or all that is automatic."),
]
Proof = Annotated[str, typer.Option("--proof", metavar="TEXT", help="What shows it: a document, a message's id.")]
At = Annotated[str | None, typer.Option("--at", metavar="T", help="When it was said, if not now: 2026-03-02.")]


def optin(
    contacts: Contacts,
    topic: Topic,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the person said so.")],
    proof: Proof = "",
    at: At = None,
) -> None:
    """Writes down that a person agreed. Nobody gets marketing who has not; `all` only lifts a stop of everything.

    $ pytake contact optin +5511968184101 --topic marketing --source "loja física" --proof "ficha 812"
    $ pytake contact list --tag feira --fields id | pytake contact optin - --topic marketing --source feira-2026
    """
    _write(contacts, topic, True, source, proof, at)


def optout(
    contacts: Contacts,
    topic: Topic,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the person said so.")] = "person",
    proof: Proof = "",
    at: At = None,
) -> None:
    """Writes down that a person wants no more of it, which holds from now on.

    $ pytake contact optout +5511968184101 --topic marketing --source telefone
    $ pytake contact optout contact:412 --topic all
    """
    _write(contacts, topic, False, source, proof, at)


def _write(contacts: list[str], topic: str, granted: bool, source: str, proof: str, at: str | None) -> None:
    from pytake_cli.services import consent, contact_changes

    here = context()
    said_at = moment(at)

    def change(db: Session, ids: list[int], actor: str) -> Collection[int]:
        lines = [consent.Line(id_, topic, granted, source.strip(), said_at, proof.strip(), actor) for id_ in ids]
        changed = consent.write(db, here.org_id, lines, here.now)
        contact_changes.announce(db, here.org_id, changed, [f"consent.{topic}"], here.now)
        return changed

    told = _("written down for {contacts} contacts; {changed} stand otherwise now")
    contact_bulk.each(contacts, change, told)


def moment(at: str | None) -> datetime:
    """When it was said: now, or what --at says, which is past."""
    here = context()
    if at is None:
        return here.now
    found = times.instant(at, here.now, here.tz)
    if found > here.now:
        raise InvalidData(
            "PT-CONSENT-FUTURE", "nobody has agreed to anything at {at} yet", fix="--at 2026-03-02", at=at
        )
    return found
