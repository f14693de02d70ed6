"""What campaigns wrote to people lately, and what came of it: the statements beside every message that comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.campaigns import ENQUEUED, recipient
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.messages import Message
from pytake_cli.store.rows import Batch
from pytake_cli.store.types import UtcTime

conversation = Conversation.__table__  # type: ignore[attr-defined]
message = Message.__table__  # type: ignore[attr-defined]


class Sent(NamedTuple):
    """A message of a campaign's that reached Meta."""

    recipient_id: int
    contact_id: int
    wamid: str | None
    sent_at: datetime
    replied_at: datetime | None
    opted_out_at: datetime | None


_SENT = (
    sa.select(
        recipient.c.id,
        recipient.c.contact_id,
        message.c.wamid,
        message.c.sent_at,
        recipient.c.replied_at,
        recipient.c.opted_out_at,
    )
    .join(message, message.c.id == recipient.c.message_id)
    .where(
        recipient.c.contact_id.in_(sa.bindparam("contacts", expanding=True)),
        recipient.c.state == ENQUEUED,
        recipient.c.queued_at > sa.bindparam("since", type_=UtcTime),
        message.c.sent_at.is_not(None),
    )
    .order_by(message.c.id.desc())
)


def sent_to(db: Session, contact_ids: Sequence[int], since: datetime) -> dict[int, list[Sent]]:
    """Each contact's messages of campaigns since then, the newest first."""
    found: dict[int, list[Sent]] = {}
    for row in db.connection().execute(_SENT, {"contacts": list(contact_ids), "since": since}):
        found.setdefault(row.contact_id, []).append(Sent(*row))
    return found


def _noting(column: str) -> Batch:
    moment = sa.bindparam("moment", type_=UtcTime)
    return Batch(
        lambda _: sa.update(recipient).where(recipient.c.id == sa.bindparam("of_id")).values(**{column: moment})
    )


_REPLIED, _OPTED_OUT = _noting("replied_at"), _noting("opted_out_at")


def note_replies(db: Session, credited: Mapping[int, datetime]) -> None:
    """Recipient -> when the person answered."""
    _REPLIED.run(db, [{"of_id": id_, "moment": at} for id_, at in sorted(credited.items())])


def note_opt_outs(db: Session, credited: Mapping[int, datetime]) -> None:
    """Recipient -> when the person asked for no more."""
    _OPTED_OUT.run(db, [{"of_id": id_, "moment": at} for id_, at in sorted(credited.items())])


def unanswered() -> sa.ColumnElement[bool]:
    """What a campaign opened: resolved, and nobody resolved it. The person's answer makes it a conversation."""
    nobody_wrote = sa.and_(conversation.c.unread_count == 0, conversation.c.waiting_since.is_(None))
    return sa.and_(conversation.c.status == RESOLVED, conversation.c.resolved_at.is_(None), nobody_wrote)


def take_up(db: Session, pairs: Mapping[tuple[int, int], tuple[str, str]]) -> dict[tuple[int, int], int]:
    """Conversations that campaigns opened for these (number, contact) get the (status, owner) of an answered one."""
    mine = sa.tuple_(conversation.c.number_id, conversation.c.contact_id).in_(pairs)
    newest = sa.select(sa.func.max(conversation.c.id)).where(mine, unanswered())
    newest = newest.group_by(conversation.c.number_id, conversation.c.contact_id)
    columns = (conversation.c.id, conversation.c.number_id, conversation.c.contact_id)
    rows = db.connection().execute(sa.select(*columns).where(conversation.c.id.in_(newest)).with_for_update()).all()
    found = {}
    for row in rows:
        pair = (row.number_id, row.contact_id)
        status, owner = pairs[pair]
        values = {"status": status, "owner": owner, "version": conversation.c.version + 1}
        taken = sa.update(conversation).where(conversation.c.id == row.id, unanswered()).values(values)
        if db.connection().execute(taken).rowcount:
            found[pair] = row.id
    return found
