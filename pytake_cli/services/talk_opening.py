"""An agent opens a conversation with somebody, before anybody has written."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.policy import phones
from pytake_cli.policy.talks import WRITE
from pytake_cli.services import contacts, numbers, outbound, talks
from pytake_cli.services.principals import Principal
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import BY_PEOPLE, OPEN, Conversation
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp.webhooks import Person


def open_(
    db: Session,
    who: Principal,
    *,
    contact_id: int | None = None,
    phone: str | None = None,
    number_id: int | None = None,
    now: datetime,
) -> Conversation:
    """The conversation that goes on between them and the number, or a new one that is this agent's."""
    who.require(WRITE)
    person = _person(db, who, contact_id, phone, now)
    number = _number(db, who, person, number_id)
    known = outbound.unresolved(db, number.id or 0, person)
    if known is not None:
        return known
    opened = outbound.open_conversation(db, number, person, now, status=OPEN)
    opened.owner, opened.assignee_id = BY_PEOPLE, who.user_id
    talks.tell(db, opened, "opened", now, by=who.user_id)
    return opened


def _person(db: Session, who: Principal, contact_id: int | None, phone: str | None, now: datetime) -> int:
    if (contact_id is None) == (phone is None):
        raise InvalidData("PT-OPEN-WHOM", "with whom? either contact or phone", fix="one of both")
    if contact_id is not None:
        mine = select(Contact.id).where(Contact.id == contact_id, Contact.org_id == who.org_id, *contacts.alive())
        if db.exec(mine).first() is None:
            raise NotFound(
                "PT-CONTACT", "no contact matches {ref}", fix="pytake contact list", ref=f"contact:{contact_id}"
            )
        return contact_id
    country = db.get_one(Organisation, who.org_id).country
    digits = phones.parse(phone or "", country).removeprefix("+")
    [found] = contacts.resolve(db, who.org_id, "", [Person(wa_id=digits)], now)
    return found


def _number(db: Session, who: Principal, person: int, number_id: int | None) -> Number:
    """As named, the one that the person wrote to last, or the only one."""
    if number_id is not None:
        query = select(Number).where(Number.id == number_id, Number.org_id == who.org_id, Number.status != REMOVED)
        named = db.exec(query).first()
        if named is None:
            raise NotFound("PT-NUMBER", "there is no number {ref}", fix="pytake number list", ref=number_id)
        return named
    last = select(Number).join(ServiceWindow, col(ServiceWindow.number_id) == Number.id)
    last = last.where(
        ServiceWindow.contact_id == person,
        Number.org_id == who.org_id,
        Number.status != REMOVED,
        col(ServiceWindow.last_inbound_at).is_not(None),
    )
    found = db.exec(last.order_by(col(ServiceWindow.last_inbound_at).desc()).limit(1)).first()
    return found or numbers.find(db, who.org_id, None)
