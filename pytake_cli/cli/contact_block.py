"""`pytake contact block` and `unblock`: here, and at Meta where Meta lets us."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytake_cli import secrets
from pytake_cli.cli import contact_bulk, meta
from pytake_cli.cli.contact_bulk import Contacts
from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, say, warn
from pytake_cli.errors import PytakeError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.services.contact_blocking import Place


def block(contacts: Contacts) -> None:
    """Blocks contacts: nothing is sent to them and nothing answers them. Meta also stops their messages.

    Meta blocks only who wrote in the last 24 hours; everybody else is blocked here alone.

    $ pytake contact block +5511968184101
    $ pytake contact list --tag spam --fields id | pytake contact block -
    """
    _change(contacts, True, _("{changed} of {contacts} contacts are blocked now"))


def unblock(contacts: Contacts) -> None:
    """Unblocks contacts, here and at Meta.

    $ pytake contact unblock +5511968184101
    """
    _change(contacts, False, _("{changed} of {contacts} contacts are no longer blocked"))


def _change(contacts: list[str], blocked: bool, told: str) -> None:
    from pytake_cli.services import contact_blocking

    here = context()
    places: list[Place] = []

    def change(db: Session, ids: list[int], actor: str) -> list[int]:
        changed = contact_blocking.block(db, here.org_id, ids, blocked, actor=actor, now=here.now)
        places.extend(contact_blocking.at_meta(db, here.org_id, changed, blocked, here.now))
        return changed

    try:
        contact_bulk.each(contacts, change, told)
    finally:
        if not here.dry_run:
            _at_meta(places, blocked)


def _at_meta(places: Sequence[Place], blocked: bool) -> None:
    """Asks Meta for each number; what it refuses is told, for here the contacts are blocked all the same."""
    from pytake_cli.services import contact_blocking

    asked = contact_blocking.by_number(places)
    if blocked and not asked:
        say(_("Meta blocks only who wrote in the last 24 hours: this holds here, not at Meta"))
    for number, people in asked:
        if secrets.get("access_token", number.phone_number_id) is None:
            warn(_("{number} has no access token, so Meta was not asked").format(number=number.display))
            continue
        try:
            result = _ask(number.phone_number_id, [each.address for each in people], blocked)
        except PytakeError as error:
            warn(_("Meta was not told for {number}: {why}").format(number=number.display, why=str(error)))
            continue
        if result.done:
            done(_("Meta knows it too, for {number}").format(number=number.display))
        for refused in result.refused:
            why = contact_blocking.plain_words(refused.error)
            warn(_("Meta refused {who} for {number}: {why}").format(who=refused.input, number=number.display, why=why))


def _ask(phone_number_id: str, addresses: list[Any], blocked: bool) -> Any:
    from pytake_cli.whatsapp import blocklist

    act = blocklist.block if blocked else blocklist.unblock
    return meta.ask(meta.token_of(phone_number_id), lambda graph: act(graph, phone_number_id, addresses))
