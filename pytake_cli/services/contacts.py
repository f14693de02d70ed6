"""What happens to contacts: found or made by what a webhook tells, linked, renamed, merged, looked up by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound, StoreUnavailable
from pytake_cli.policy import phones
from pytake_cli.policy.people import (
    BSUID,
    PARENT_BSUID,
    PHONE,
    USERNAME,
    Book,
    Keys,
    Someone,
    keys_of,
    storable,
    username_of,
)
from pytake_cli.policy.people import display_name as name_on_screen
from pytake_cli.services.merging import merge, refuse_same
from pytake_cli.store import events, search
from pytake_cli.store.contacts import (
    Contact,
    Identity,
    ServiceWindow,
    contact,
    identities_of,
    insert_missing,
    open_book,
    show_usernames,
    update_changed,
)
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp.webhooks import IdentityChange, Person

__all__ = [
    "alive",
    "candidates",
    "change",
    "display_name",
    "display_names",
    "is_id",
    "learn",
    "lookup",
    "merge",
    "refuse_same",
    "resolve",
]

LONGEST_ID = 9  # digits; what is longer is a phone number with its area code
NAMED = 3  # contacts that an error offers
RACES = 5  # how often another daemon may be faster with the same new person before we give up


def resolve(db: Session, org_id: int, scope: str, people: Sequence[Person], now: datetime) -> list[int]:
    """The contact of each person, made where nobody matches; `scope` is the number's portfolio.

    Links what came together, merges what proves to be one person, keeps profile names and usernames up to date.
    Raises InvalidData for a person without any identity.
    """
    keys = [_keys(person) for person in people]
    if not all(any(one.pairs()) for one in keys):
        raise InvalidData("PT-CONTACT-NOBODY", "a person came without any identity")
    usernames = [username_of(person.username) for person in people]
    for _ in range(RACES):
        book = open_book(db, org_id, scope, keys, now, usernames)
        placed = [
            book.place(key, name=storable(person.name).strip(), username=username)
            for key, person, username in zip(keys, people, usernames, strict=True)
        ]
        if _write(db, org_id, scope, book):
            return [_id(someone.root().id) for someone in placed]
    raise _race()


def learn(db: Session, phone_number_id: str, told: Sequence[tuple[int, Keys]], now: datetime) -> list[int]:
    """Links what Meta's answers to a number's sends call the people; returns the contacts, perhaps older ones."""
    number = db.exec(select(Number).where(Number.phone_number_id == phone_number_id)).one()
    return _link(db, number.org_id, number.portfolio_id, told, now)


def change(db: Session, org_id: int, scope: str, contact_id: int, changed: IdentityChange, now: datetime) -> int:
    """A number or BSUID became another: the new one is added, the old one retired, conversations stay.

    The 24-hour windows close: they were the old number's, and only traffic from the new one opens them again.
    """
    old, new = _keys(changed.previous), _keys(changed.new)
    for keys in (old, new):
        [contact_id] = _link(db, org_id, scope, [(contact_id, keys)], now)
    replaced = [pair for pair in old.pairs() if pair not in set(new.pairs()) and _kind_of(new, pair[0])]
    _retire(db, contact_id, scope, replaced, now)
    _retire(db, contact_id, scope, list(new.pairs()), None)
    if replaced:
        windows = sa.update(ServiceWindow).where(col(ServiceWindow.contact_id) == contact_id)
        db.execute(windows.values(last_inbound_at=None, entry_point_at=None))
        payload = {"contact": contact_id, "replaced": [kind for kind, _ in replaced]}
        db.add(Event(org_id=org_id, kind="contact:updated", payload=payload, at=now))
    return contact_id


def display_names(db: Session, contact_ids: Sequence[int]) -> dict[int, str]:
    """What each contact is called on screens; two queries for all of them."""
    found = db.exec(select(Contact).where(col(Contact.id).in_(contact_ids))).all()
    known = identities_of(db, contact_ids)
    return {_id(contact.id): display_name(contact, known.get(_id(contact.id), [])) for contact in found}


def display_name(contact: Contact, known: Sequence[Any]) -> str:
    """Saved name, profile name, @username, phone, or the end of the BSUID; `known` are its identities, newest first."""
    newest = {one.kind: one.value for one in reversed(known) if one.retired_at is None}
    return name_on_screen(
        name=contact.name,
        profile_name=contact.profile_name,
        username=newest.get(USERNAME, ""),
        phone=newest.get(PHONE, ""),
        bsuid=newest.get(BSUID) or newest.get(PARENT_BSUID, ""),
        contact_id=contact.id,
    )


def lookup(db: Session, org_id: int, selector: str) -> Contact:
    """The contact that a person means: `contact:412` or `412`, a phone, `@username`, a BSUID, or an exact name.

    Raises NotFound, or Conflict that names the candidates when there are several.
    """
    ref = selector.strip()
    ids = candidates(db, org_id, ref)
    if not ids:
        raise _nobody(db, org_id, ref)
    if len(ids) > 1:
        names = display_names(db, ids[:5])
        raise Conflict(
            "PT-CONTACT-AMBIGUOUS",
            "{ref} may be {candidates}",
            fix="name one of them as contact:ID",
            ref=selector,
            candidates=", ".join(f"contact:{id_} ({names[id_]})" for id_ in ids[:5]),
        )
    return db.get_one(Contact, ids[0])


def _nobody(db: Session, org_id: int, ref: str) -> NotFound:
    """Names those whose names hold the words that were typed."""
    similar = search.ids(db, "contact", f"{ref}*", org=org_id, limit=NAMED) if any(map(str.isalpha, ref)) else []
    found = db.exec(select(Contact.id).where(col(Contact.id).in_(similar), *alive())).all()
    names = display_names(db, [_id(id_) for id_ in found])
    near = ", ".join(f"contact:{id_} ({names[id_]})" for id_ in similar if id_ in names)
    return NotFound(
        "PT-CONTACT",
        "no contact matches {ref}",
        why="did you mean {near}?" if near else "",
        fix="pytake contact list",
        ref=ref,
        near=near,
    )


def candidates(db: Session, org_id: int, ref: str) -> list[int]:
    """The ids of all contacts that `ref` may mean, by the strongest way in which it means any."""
    if not ref:
        return []
    if ref.startswith("contact:"):
        number = ref.removeprefix("contact:")
        contact = db.get(Contact, int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
        if contact and contact.merged_into_id:
            contact = db.get(Contact, contact.merged_into_id)
        return [_id(contact.id)] if contact and contact.org_id == org_id and contact.deleted_at is None else []
    if ref.startswith("@"):
        return _owners(db, org_id, (USERNAME,), [username_of(ref)], active=True)
    if phones.is_bsuid(ref) and (found := _owners(db, org_id, (BSUID, PARENT_BSUID), [ref])):
        return found
    return _by_phone(db, org_id, ref) or list(dict.fromkeys([*_by_name(db, org_id, ref), *_by_id(db, org_id, ref)]))


def alive() -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions of a contact that lists, lookups and audiences know: neither merged nor deleted."""
    return col(Contact.merged_into_id).is_(None), col(Contact.deleted_at).is_(None)


def _by_id(db: Session, org_id: int, ref: str) -> list[int]:
    """`412`, as lists show it, where it is too short for a phone number."""
    return candidates(db, org_id, f"contact:{ref}") if is_id(ref) else []


def is_id(ref: str) -> bool:
    """True for digits that are too few to be a whole phone number."""
    return ref.isascii() and ref.isdigit() and len(ref) <= LONGEST_ID


def _by_phone(db: Session, org_id: int, ref: str) -> list[int]:
    """The contact with exactly this number, else all that have it in another spelling."""
    country = db.get_one(Organisation, org_id).country
    try:
        spellings = phones.variants(phones.parse(ref, country))
    except InvalidData:
        spellings = phones.variants(ref.removeprefix("+")) if ref.removeprefix("+").isdigit() else ()
    exact = _owners(db, org_id, (PHONE,), spellings[:1])
    return exact or _owners(db, org_id, (PHONE,), spellings[1:])


def _by_name(db: Session, org_id: int, ref: str) -> list[int]:
    called = sa.or_(col(Contact.name) == ref, sa.and_(col(Contact.name) == "", col(Contact.profile_name) == ref))
    query = select(Contact.id).where(Contact.org_id == org_id, called, *alive())
    return [_id(id_) for id_ in db.exec(query.order_by(col(Contact.id)).limit(6))]


def _owners(
    db: Session, org_id: int, kinds: Sequence[str], values: Sequence[str], *, active: bool = False
) -> list[int]:
    mine = (Identity.org_id == org_id, col(Identity.kind).in_(kinds), col(Identity.value).in_(values))
    owner = col(Contact.id) == col(Identity.contact_id)
    query = select(Identity.contact_id).join(Contact, owner).where(*mine, *alive()).distinct()
    query = query.order_by(col(Identity.contact_id))
    return list(db.exec(query.where(col(Identity.retired_at).is_(None)) if active else query))


def _link(db: Session, org_id: int, scope: str, told: Sequence[tuple[int, Keys]], now: datetime) -> list[int]:
    """Gives contacts more identities; whoever has one of them already is the same person."""
    rows = sa.select(contact.c.id, contact.c.merged_into_id, contact.c.profile_name)
    query = rows.where(contact.c.id.in_({contact_id for contact_id, _ in told}))
    for _ in range(RACES):
        found = {row.id: row for row in db.connection().execute(query)}
        book = open_book(db, org_id, scope, [keys for _, keys in told], now)
        owners = [_joined(book, found[contact_id], keys) for contact_id, keys in told]
        if _write(db, org_id, scope, book):
            return [_id(owner.root().id) for owner in owners]
    raise _race()


def _joined(book: Book, row: Any, keys: Keys) -> Someone:
    owner = book.contact(row.merged_into_id or row.id, row.profile_name).root()
    for pair in keys.pairs():
        known = book.known.get(pair)
        if known is not None and known.retired_at is None:
            owner = book.merge(owner, known.owner)
    for kind, value in keys.pairs():
        book.attach(owner, kind, value)
    return owner


def _write(db: Session, org_id: int, scope: str, book: Book) -> bool:
    """False when somebody else was faster with a new identity: then the book has to be opened anew."""
    for kept, given_up in book.merged:
        merge(db, _id(kept.root().id), _id(given_up.id), book.now)
    created = insert_missing(db, org_id, scope, book)
    if created is None:
        return False
    renamed = update_changed(db, book)
    show_usernames(db, org_id, scope, book)
    news = [{"contact": id_, "created": True} for id_ in created] + [{"contact": id_} for id_ in renamed]
    if news:
        same = {"org_id": org_id, "kind": "contact:updated", "conversation_id": None, "at": book.now}
        events.tell_all(db, [same | {"payload": one} for one in news])
    return True


def _retire(
    db: Session, contact_id: int, scope: str, pairs: Sequence[tuple[str, str]], retired_at: datetime | None
) -> None:
    for kind, value in pairs:
        mine = (Identity.contact_id == contact_id, Identity.kind == kind, Identity.value == value)
        in_scope = col(Identity.scope) == ("" if kind == PHONE else scope)
        db.execute(sa.update(Identity).where(*mine, in_scope).values(retired_at=retired_at))  # type: ignore[arg-type]


def _keys(person: Person) -> Keys:
    return keys_of(person.wa_id, person.user_id, person.parent_user_id)


def _kind_of(keys: Keys, kind: str) -> bool:
    return any(known == kind for known, _ in keys.pairs())


def _id(value: int | None) -> int:
    assert value is not None
    return value


def _race() -> StoreUnavailable:
    return StoreUnavailable(
        "PT-CONTACT-RACE", "the same new contacts are being written elsewhere; try again", fix="the same command again"
    )
