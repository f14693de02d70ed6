"""Materialised segments: who is in them is kept, and told when it changes. Read first, written in small pieces."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import PytakeError
from pytake_cli.services import segments
from pytake_cli.store import Store, audience
from pytake_cli.store.contacts import contact
from pytake_cli.store.events import Event
from pytake_cli.store.rows import insert
from pytake_cli.store.segments import Segment, segment_member

log = logging.getLogger(__name__)

AT_ONCE = 500  # members written in a transaction, and told of in one event: the intake waits behind it
_broken: dict[int, str] = {}  # segments that could not be read, told of once and not once a minute


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many came and went; `first`: they were not kept before, so nobody is told."""

    entered: int
    left: int
    first: bool


def refresh_all(store: Store, now: datetime) -> None:
    """Refreshes every materialised segment; one that cannot be read does not keep the others."""
    with store.read() as db:
        rows = list(db.exec(select(Segment).where(col(Segment.materialised))))
    for row in rows:
        try:
            refresh(store, row, now)
            _broken.pop(row.id or 0, None)
        except PytakeError as error:
            if _broken.get(row.id or 0) != str(error):
                _broken[row.id or 0] = str(error)
                log.warning("a segment cannot be refreshed", extra={"segment": row.name, "reason": str(error)})


def refresh(store: Store, row: Segment, now: datetime) -> Refreshed:
    """Takes out who is no longer meant and puts in who is; raises InvalidData if the text cannot be read any more."""
    first = row.refreshed_at is None
    with store.read(row.org_id) as db:
        meant = segments.ids(db, row.org_id, row.query, now)
        members = sa.select(segment_member.c.contact_id).where(segment_member.c.segment_id == row.id)
        gone = members.where(segment_member.c.contact_id.not_in(meant))
        left = sum(_take(store, row, some, now) for some in _in_pieces(db, gone))
    with store.read(row.org_id) as db:
        new = meant.where(contact.c.id.not_in(members))
        entered = sum(_put(store, row, some, now, tell=not first) for some in _in_pieces(db, new))
    with store.write(row.org_id) as db:
        kept = db.get(Segment, row.id)
        if kept is not None and kept.query == row.query:
            kept.refreshed_at = now
            db.add(kept)
    return Refreshed(entered, left, first)


def _in_pieces(db: Session, query: sa.Select[Any]) -> Any:
    streamed = db.connection().execution_options(stream_results=True, max_row_buffer=AT_ONCE).execute(query)
    return streamed.scalars().partitions(AT_ONCE)


def _put(store: Store, row: Segment, ids: Sequence[int], now: datetime, *, tell: bool) -> int:
    columns = ["segment_id", "contact_id", "org_id", "entered_at"]
    with store.write(row.org_id) as db:
        if not _is_kept(db, row):
            return 0
        here = sa.select(
            sa.literal(row.id), contact.c.id, contact.c.org_id, sa.literal(now, segment_member.c.entered_at.type)
        )
        alive = here.where(*audience.alive(row.org_id), contact.c.id.in_(ids))
        added = (
            insert(db, segment_member).from_select(columns, alive).on_conflict_do_nothing(index_elements=columns[:2])
        )
        entered = db.connection().execute(added.returning(segment_member.c.contact_id)).scalars().all()
        if tell:
            _tell(db, row, "segment:entered", entered, now)
        return len(entered)


def _take(store: Store, row: Segment, ids: Sequence[int], now: datetime) -> int:
    member = segment_member.c
    with store.write(row.org_id) as db:
        gone = sa.delete(segment_member).where(member.segment_id == row.id, member.contact_id.in_(ids))
        left = db.connection().execute(gone.returning(member.contact_id)).scalars().all()
        _tell(db, row, "segment:left", left, now)
        return len(left)


def _is_kept(db: Session, row: Segment) -> bool:
    """False when somebody changed or deleted the segment meanwhile: what was read is not what it means."""
    kept = db.get(Segment, row.id)
    return kept is not None and kept.materialised and kept.query == row.query


def _tell(db: Session, row: Segment, kind: str, ids: Sequence[int], now: datetime) -> None:
    if ids:
        payload = {"segment": row.name, "contacts": list(ids)}
        db.add(Event(org_id=row.org_id, kind=kind, payload=payload, at=now))


def members(db: Session, row: Segment, limit: int | None) -> tuple[list[dict[str, Any]], int]:
    """Who is in it and since when, the latest first; and how many."""
    member = segment_member.c
    mine = sa.select(member.contact_id, member.entered_at).where(member.segment_id == row.id)
    latest = mine.order_by(member.entered_at.desc(), member.contact_id.desc()).limit(limit)
    found = [{"contact_id": id_, "entered_at": at} for id_, at in db.connection().execute(latest)]
    many = sa.select(sa.func.count()).select_from(mine.subquery())
    return found, int(db.connection().execute(many).scalar_one())
