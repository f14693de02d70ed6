"""Tags: words that an organisation gives its contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Session

from pytake_cli.store.contacts import contact
from pytake_cli.store.folding import folded_in
from pytake_cli.store.rows import Owned, insert, primary_key, reference, time
from pytake_cli.store.types import UtcTime

MOST_FEW = 30_000  # people of a tag who are looked up one by one; of more it is quicker to go through everybody


class Tag(Owned, table=True):
    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str  # as `name_of` writes it
    created_at: datetime = time()


class ContactTag(Owned, table=True):
    __tablename__ = "contact_tag"
    __table_args__ = (Index("ix_contact_tag_tag", "tag_id", "contact_id"),)

    contact_id: int = reference("contact.id", primary_key=True)
    tag_id: int = reference("tag.id", primary_key=True)
    org_id: int = reference("organisation.id")
    at: datetime = time()


tag = Tag.__table__  # type: ignore[attr-defined]
contact_tag = ContactTag.__table__  # type: ignore[attr-defined]


def name_of(words: str) -> str:
    """A tag as it is kept: lower case, single spaces, at most 80 characters."""
    return " ".join(words.split()).lower()[:80]


_NAMES = (
    sa.select(contact_tag.c.contact_id, tag.c.name)
    .join(tag, tag.c.id == contact_tag.c.tag_id)
    .where(contact_tag.c.contact_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(tag.c.name)
)


def of_contacts(db: Session, contact_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of each contact's tags, sorted."""
    found: dict[int, list[str]] = {}
    for row in db.connection().execute(_NAMES, {"ids": list(contact_ids)}):
        found.setdefault(row.contact_id, []).append(row.name)
    return found


def put(db: Session, org_id: int, contact_id: int, name: str, now: datetime) -> None:
    """Gives a contact a tag, which is made if there is none of that name."""
    give(db, org_id, [contact_id], name, now)


def give(db: Session, org_id: int, contact_ids: Iterable[int], name: str, now: datetime) -> list[int]:
    """Gives contacts of the organisation a tag; returns those who had it not."""
    made = insert(db, tag).values(org_id=org_id, name=name_of(name), created_at=now)
    db.connection().execute(made.on_conflict_do_nothing(index_elements=["org_id", "name"]))
    columns = ["contact_id", "tag_id", "org_id", "at"]
    mine = sa.and_(contact.c.org_id == org_id, contact.c.id.in_(sorted(contact_ids)))
    theirs = sa.select(contact.c.id, _id_of(org_id, name), contact.c.org_id, sa.literal(now, UtcTime)).where(mine)
    given = insert(db, contact_tag).from_select(columns, theirs)
    new = given.on_conflict_do_nothing(index_elements=columns[:2]).returning(contact_tag.c.contact_id)
    return sorted(db.connection().execute(new).scalars())


def take(db: Session, org_id: int, contact_ids: Iterable[int], name: str) -> list[int]:
    """Takes a tag from contacts; returns those who had it."""
    mine = sa.and_(contact_tag.c.org_id == org_id, contact_tag.c.contact_id.in_(sorted(contact_ids)))
    gone = sa.delete(contact_tag).where(mine, contact_tag.c.tag_id == _id_of(org_id, name))
    return sorted(db.connection().execute(gone.returning(contact_tag.c.contact_id)).scalars())


def everyone(db: Session, org_id: int) -> list[str]:
    """The names of the organisation's tags, sorted."""
    return list(
        db.connection().execute(sa.select(tag.c.name).where(tag.c.org_id == org_id).order_by(tag.c.name)).scalars()
    )


def having(org_id: int, name: str) -> sa.Select[tuple[int]]:
    """The ids of the contacts that have a tag."""
    return sa.select(contact_tag.c.contact_id).where(contact_tag.c.tag_id == _id_of(org_id, name))


def _id_of(org_id: int, name: str) -> sa.ScalarSelect[int]:
    return sa.select(tag.c.id).where(tag.c.org_id == org_id, tag.c.name == name_of(name)).scalar_subquery()


class Tagged:
    """Who has tags, for one question: asked before it, so that it can be put in the quicker of two ways."""

    def __init__(self, db: Session, org_id: int) -> None:
        self._db, self._org_id = db, org_id

    def ids(self, words: Sequence[str]) -> list[int]:
        """The ids of the tags that are one of these folded words."""
        named = sa.select(tag.c.id).where(tag.c.org_id == self._org_id, folded_in(tag.c.name, *words))
        return list(self._db.connection().execute(named.order_by(tag.c.id)).scalars())

    def few(self, ids: Sequence[int]) -> sa.Select[int] | None:
        """Those who have one of the tags; None when they are many."""
        found: sa.Select[int] = sa.select(contact_tag.c.contact_id).where(contact_tag.c.tag_id.in_(ids))
        many = sa.select(sa.func.count()).select_from(found.limit(MOST_FEW + 1).subquery())
        return None if self._db.connection().execute(many).scalar_one() > MOST_FEW else found


def move(db: Session, from_contact: int, to_contact: int) -> None:
    """Two contacts are one person: the tags of both."""
    theirs = sa.select(sa.literal(to_contact), contact_tag.c.tag_id, contact_tag.c.org_id, contact_tag.c.at)
    columns = ["contact_id", "tag_id", "org_id", "at"]
    # "WHERE" tells SQLite's parser that ON CONFLICT is not a join's ON
    copied = insert(db, contact_tag).from_select(columns, theirs.where(contact_tag.c.contact_id == from_contact))
    db.connection().execute(copied.on_conflict_do_nothing(index_elements=["contact_id", "tag_id"]))
    db.connection().execute(sa.delete(contact_tag).where(contact_tag.c.contact_id == from_contact))
