"""Contacts that are deleted: in no list, search, lookup or audience, until the person writes again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, col, select

from pytake_cli.services import contact_changes, conversations
from pytake_cli.store import contact_history, outbox
from pytake_cli.store.contact_history import line
from pytake_cli.store.contacts import Contact, contact
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.types import UtcTime


def delete(db: Session, row: Contact, *, actor: str, now: datetime) -> int:
    """Puts the contact away and closes its conversations; returns how many messages were taken back.

    Stops and blocks hold for whoever comes back, so the rows stay until retention forgets them.
    """
    assert row.id is not None
    row.deleted_at = row.updated_at = now
    db.add(row)
    mine = select(Conversation).where(Conversation.contact_id == row.id, Conversation.status != RESOLVED)
    for conversation in db.exec(mine.order_by(col(Conversation.id))).all():
        conversations.resolve(db, conversation, by=None, now=now)
    taken = outbox.take_back_all(db, row.id)
    if taken:
        payload = {"statuses": [[id_, "cancelled"] for id_ in taken]}
        db.add(Event(org_id=row.org_id, kind="message:status", payload=payload, at=now))
    contact_history.record(db, [line(row.org_id, row.id, "deleted", None, True, actor=actor, now=now)])
    contact_changes.announce(db, row.org_id, [row.id], ["deleted"], now)
    return len(taken)


def revive(db: Session, ids: Collection[int], *, actor: str, now: datetime) -> list[int]:
    """Deleted contacts are there again, with all that is known of them: they wrote, or somebody writes to them."""
    found = db.connection().execute(_BACK, {"ids": sorted(set(ids)), "at": now}).all()
    for row in found:
        if (held := db.identity_map.get(identity_key(Contact, row.id))) is not None:
            db.refresh(held)
    history = [line(row.org_id, row.id, "deleted", True, None, actor=actor, now=now) for row in found]
    contact_history.record(db, history)
    for row in found:
        contact_changes.announce(db, row.org_id, [row.id], ["deleted"], now)
    return sorted(row.id for row in found)


_BACK = (
    sa.update(contact)
    .where(contact.c.id.in_(sa.bindparam("ids", expanding=True)), contact.c.deleted_at.is_not(None))
    .values(deleted_at=None, updated_at=sa.bindparam("at", type_=UtcTime))
    .returning(contact.c.id, contact.c.org_id)
)
