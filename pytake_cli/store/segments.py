"""Segments: saved queries, and the members of those that are kept as lists."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Session, select

from pytake_cli.store.rows import Owned, insert, long_text, primary_key, reference, time


class Segment(Owned, table=True):
    """A query with a name, asked anew each time; `materialised` ones also keep who is in them."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: int | None = primary_key()
    org_id: int = reference("organisation.id")
    name: str  # a-z, 0-9, - and _
    query: str = long_text()  # in the segment language
    description: str = ""
    materialised: bool = False
    refreshed_at: datetime | None = time(nullable=True)
    created_at: datetime = time()
    updated_at: datetime = time()


class SegmentMember(Owned, table=True):
    """Who is in a materialised segment since when."""

    __tablename__ = "segment_member"
    __table_args__ = (Index("ix_segment_member_contact", "contact_id"),)

    segment_id: int = reference("segment.id", primary_key=True)
    contact_id: int = reference("contact.id", primary_key=True)
    org_id: int = reference("organisation.id")
    entered_at: datetime = time()


segment_member = SegmentMember.__table__  # type: ignore[attr-defined]


def everyone(db: Session, org_id: int) -> list[Segment]:
    return list(db.exec(select(Segment).where(Segment.org_id == org_id).order_by(Segment.name)))


def by_name(db: Session, org_id: int, name: str) -> Segment | None:
    return db.exec(select(Segment).where(Segment.org_id == org_id, Segment.name == name)).first()


def move(db: Session, from_contact: int, to_contact: int) -> None:
    """Two contacts are one person: in the segments of both, until they are refreshed."""
    columns = ["segment_id", "contact_id", "org_id", "entered_at"]
    member = segment_member.c
    theirs = sa.select(member.segment_id, sa.literal(to_contact), member.org_id, member.entered_at)
    copied = insert(db, segment_member).from_select(columns, theirs.where(member.contact_id == from_contact))
    db.connection().execute(copied.on_conflict_do_nothing(index_elements=columns[:2]))
    db.connection().execute(sa.delete(segment_member).where(member.contact_id == from_contact))
