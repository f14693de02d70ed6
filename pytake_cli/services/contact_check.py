"""What is known of phone numbers before anybody writes to them: form, country, contact, window, what they agreed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from pytake_cli.errors import InvalidData
from pytake_cli.locale import _
from pytake_cli.policy import phones, window
from pytake_cli.services import consent, contacts
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.organisations import Organisation


def check(db: Session, org_id: int, typed: str, now: datetime) -> dict[str, Any]:
    """One row of `pytake contact check`; a number that is none has its reason in `problem`."""
    row: dict[str, Any] = {"typed": typed, "valid": True, "problem": None}
    try:
        row["phone"] = phones.parse(typed, db.get_one(Organisation, org_id).country)
    except InvalidData as error:
        return {**row, "valid": False, "problem": _(error.why).format(**error.values), "known": False}
    row["country"] = phones.country_of(row["phone"])
    found = contacts.candidates(db, org_id, row["phone"])
    if not found:
        return {**row, "known": False}
    contact = db.get_one(Contact, found[0])
    return {**row, "known": True, **_of_contact(db, contact, now)}


def _of_contact(db: Session, contact: Contact, now: datetime) -> dict[str, Any]:
    assert contact.id is not None
    last = select(func.max(col(ServiceWindow.last_inbound_at))).where(ServiceWindow.contact_id == contact.id)
    closes = window.closes_at(db.exec(last).one())
    return {
        "contact": contact.id,
        "name": contacts.display_names(db, [contact.id])[contact.id],
        "window": "open" if closes is not None and closes > now else "closed",
        "window_closes_at": closes,
        **{purpose: consent.state(contact, purpose) for purpose in (consent.MARKETING, consent.UTILITY)},
        "opted_out": contact.opted_out_at is not None,
        "blocked": contact.blocked_at is not None,
    }
