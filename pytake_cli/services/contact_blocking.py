"""Blocking: nothing is sent to whoever is blocked here; and whom Meta may be asked to block at which number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.policy import window
from pytake_cli.services import contact_changes, parties
from pytake_cli.store.contacts import Contact, ServiceWindow, identities_of
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.whatsapp.errors import rule
from pytake_cli.whatsapp.outgoing import Address
from pytake_cli.whatsapp.updates import WireError


@dataclass(frozen=True, slots=True)
class Place:
    """A contact on a number's block list."""

    number: Number
    contact_id: int
    address: Address


def block(db: Session, org_id: int, ids: Collection[int], blocked: bool, *, actor: str, now: datetime) -> list[int]:
    """Blocks or unblocks contacts here; returns who was not like that already."""
    mine = select(Contact).where(Contact.org_id == org_id, col(Contact.id).in_(sorted(ids)))
    return [
        row.id
        for row in db.exec(mine.order_by(col(Contact.id)).with_for_update())
        if contact_changes.block(db, row, blocked, actor=actor, now=now) and row.id is not None
    ]


def at_meta(db: Session, org_id: int, ids: Collection[int], blocked: bool, now: datetime) -> list[Place]:
    """Where Meta would take it: each number that a contact wrote to, for a block in the last 24 hours only."""
    both = select(ServiceWindow, Number).join(Number, col(Number.id) == col(ServiceWindow.number_id))
    theirs = col(ServiceWindow.contact_id).in_(sorted(ids))
    mine = both.where(Number.org_id == org_id, Number.status != REMOVED, theirs)
    known = identities_of(db, ids)
    found = []
    for pair, number in db.exec(mine.order_by(col(Number.id), col(ServiceWindow.contact_id))):
        if blocked and not window.window_is_open(pair.last_inbound_at, now):
            continue
        address = parties.reach(known.get(pair.contact_id, ()), number.portfolio_id)
        if address is None:
            continue  # known by a name that this number may not use
        found.append(Place(number, pair.contact_id, address))
    return found


def by_number(places: Iterable[Place]) -> list[tuple[Number, list[Place]]]:
    """The places of each number, for one request."""
    found: dict[int | None, tuple[Number, list[Place]]] = {}
    for place in places:
        found.setdefault(place.number.id, (place.number, []))[1].append(place)
    return list(found.values())


def plain_words(error: WireError) -> str:
    """What a refusal of Meta's means, with Meta's own words behind it."""
    meant = rule(error.code, None)
    detail = error.details or error.title
    return f"{meant.meaning}; {meant.advice} ({error.code}{': ' + detail if detail else ''})"
