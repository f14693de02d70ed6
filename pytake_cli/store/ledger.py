"""The ledger's hot statements: freezing an audience, taking what is due, queueing it; all in batches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.answers import unanswered
from pytake_cli.store.campaigns import CANCELLED, ENQUEUED, HOLDOUT, PENDING, SKIPPED, STARTED, campaign, recipient
from pytake_cli.store.contacts import contact
from pytake_cli.store.conversations import NOBODY, RESOLVED, Conversation
from pytake_cli.store.messages import CAMPAIGN, OUT, RANK, Message
from pytake_cli.store.rows import Batch, reserve_ids
from pytake_cli.store.types import UtcTime

conversation = Conversation.__table__  # type: ignore[attr-defined]
message = Message.__table__  # type: ignore[attr-defined]


def freeze(db: Session, org_id: int, campaign_id: int, audience: sa.Select[Any]) -> int:
    """Puts an audience (contact_id, arm, due_at, values) into the ledger; how many there were."""
    people = audience.subquery("audience")
    columns = {
        "org_id": sa.literal(org_id, sa.BigInteger),
        "campaign_id": sa.literal(campaign_id, sa.BigInteger),
        "contact_id": people.c.contact_id,
        "state": sa.case((people.c.arm == HOLDOUT, HOLDOUT), else_=PENDING),
        "arm": people.c.arm,
        "due_at": people.c.due_at,
        "values": people.c["values"],
        "reason": sa.literal(""),
        "tries": sa.literal(0),
    }
    chosen = sa.select(*(value.label(name) for name, value in columns.items()))
    if db.get_bind().dialect.name == "postgresql":
        # A ledger that was empty when it was last looked at would be read whole for each person: 2.5 s for 20,000.
        db.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    frozen = sa.insert(recipient).from_select(list(columns), chosen)
    return db.connection().execute(frozen, execution_options={"preserve_rowcount": True}).rowcount


def newest_contact(db: Session, org_id: int) -> int:
    """The highest id of a contact of the organisation, 0 when there is none."""
    newest = sa.select(sa.func.coalesce(sa.func.max(contact.c.id), 0)).where(contact.c.org_id == org_id)
    return int(db.connection().execute(newest).scalar_one())


def forget(db: Session, campaign_id: int, most: int) -> int:
    """Deletes rows of a ledger that was never whole; how many."""
    some = sa.select(recipient.c.id).where(recipient.c.campaign_id == campaign_id).limit(most)
    return db.connection().execute(sa.delete(recipient).where(recipient.c.id.in_(some))).rowcount


def size(db: Session, campaign_id: int) -> int:
    counted = sa.select(sa.func.count()).select_from(recipient).where(recipient.c.campaign_id == campaign_id)
    return int(db.connection().execute(counted).scalar_one())


# The literal state lets the partial index serve.
_pending = (recipient.c.campaign_id == sa.bindparam("campaign"), sa.text(f"recipient.state = '{PENDING}'"))
_NEXT = sa.select(recipient.c.due_at).where(*_pending).order_by(recipient.c.due_at).limit(1)
_DUE = (
    sa.select(
        recipient.c.id.label("recipient_id"),
        contact.c.id,
        recipient.c.arm,
        recipient.c["values"],
        contact.c.tz,
        *(
            contact.c[name]
            for name in ("blocked_at", "opted_out_at", "utility_stopped_at", "deleted_at", "merged_into_id")
        ),
        *(contact.c[name] for name in ("marketing_stopped_at", "marketing_granted_at", "marketing_held_until")),
    )
    .join(contact, contact.c.id == recipient.c.contact_id)
    .where(*_pending, recipient.c.due_at <= sa.bindparam("now", type_=UtcTime))
    .order_by(recipient.c.due_at, recipient.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(of=recipient, skip_locked=True)
)


def next_due(db: Session, campaign_id: int) -> datetime | None:
    """When the next of those who wait is due; None when nobody waits."""
    found: datetime | None = db.connection().execute(_NEXT, {"campaign": campaign_id}).scalar()
    return found


def due(db: Session, campaign_id: int, now: datetime, most: int) -> Sequence[sa.Row[Any]]:
    """Those whose turn it is, with what is to be known of each contact, locked (on PostgreSQL)."""
    return db.connection().execute(_DUE, {"campaign": campaign_id, "now": now, "most": most}).all()


def ahead(db: Session, number_id: int, most: int) -> int:
    """How many messages of campaigns are queued for a number, counted up to `most`."""
    waiting = sa.select(message.c.id).where(
        message.c.number_id == number_id,
        sa.text("message.status = 'queued'"),
        sa.or_(message.c.priority == CAMPAIGN, message.c.campaign_id.is_not(None)),
    )
    counted = sa.select(sa.func.count()).select_from(waiting.limit(most).subquery())
    return int(db.connection().execute(counted).scalar_one())


def coming(db: Session, number_id: int) -> int:
    """How many messages of campaigns are still to be told of: queued, in flight, or unknown within their grace.

    What a paused campaign holds back is not among them: others would wait for it for ever.
    """
    paused = sa.select(campaign.c.id).where(campaign.c.status == "paused")
    open_ones = sa.text("message.status IN ('queued', 'sending', 'unknown')")
    held = sa.and_(message.c.status == "queued", sa.func.coalesce(message.c.campaign_id, 0).in_(paused))
    mine = (message.c.number_id == number_id, open_ones, message.c.priority == CAMPAIGN, message.c.due_at.is_not(None))
    query = sa.select(sa.func.count()).select_from(message).where(*mine, sa.not_(held))
    return int(db.connection().execute(query).scalar_one())


def sent(db: Session, campaign_id: int, most: int) -> int:
    """How many messages a campaign has made, counted up to `most`."""
    made = sa.select(message.c.id).where(message.c.campaign_id == campaign_id).limit(most)
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(made.subquery())).scalar_one())


_RECENT = sa.select(message.c.contact_id, sa.func.count().label("times")).where(
    message.c.contact_id.in_(sa.bindparam("contacts", expanding=True)),
    message.c.origin == "campaign",
    message.c.direction == OUT,
    message.c.status.not_in(("failed", "cancelled")),
    message.c.created_at > sa.bindparam("since", type_=UtcTime),
)


def written_to(db: Session, contact_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """How many messages of campaigns each contact has got since then."""
    found = db.connection().execute(
        _RECENT.group_by(message.c.contact_id), {"contacts": list(contact_ids), "since": since}
    )
    return {row.contact_id: row.times for row in found}


def conversations(db: Session, number_id: int, contact_ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
    """For each contact the conversation that goes on, else the one that campaigns wrote to and nobody answered yet."""
    columns = (conversation.c.id, conversation.c.contact_id, conversation.c.status, conversation.c.owner)
    mine = (conversation.c.number_id == number_id, conversation.c.contact_id.in_(contact_ids))
    usable = sa.or_(conversation.c.status != RESOLVED, unanswered())
    query = sa.select(*columns).where(*mine, usable).order_by(conversation.c.status == RESOLVED, conversation.c.id)
    found: dict[int, sa.Row[Any]] = {}
    for row in db.connection().execute(query):
        found.setdefault(row.contact_id, row)
    return found


def open_conversations(
    db: Session, org_id: int, number_id: int, texts: Sequence[tuple[int, str]], now: datetime
) -> dict[int, int]:
    """Conversations in no queue for (contact id, preview); contact id -> conversation id."""
    if not texts:
        return {}
    common = {
        "org_id": org_id,
        "number_id": number_id,
        "status": RESOLVED,
        "owner": NOBODY,
        "team": "",
        "skills": [],
        "priority": "normal",
        "unread_count": 0,
        "last_message_at": now,
        "standby": False,
        "created_at": now,
    }
    made = dict(zip((contact_id for contact_id, _ in texts), reserve_ids(db, conversation, len(texts)), strict=True))
    rows = [{**common, "id": made[contact_id], "contact_id": contact_id, "preview": line} for contact_id, line in texts]
    _OPEN.run(db, rows)
    return made


_OPEN = Batch(lambda _: sa.insert(conversation))
_TOUCH = Batch(
    lambda _: (
        sa.update(conversation)
        .where(conversation.c.id == sa.bindparam("of_id"))
        .values(
            preview=sa.bindparam("line"),
            last_message_at=sa.bindparam("at", type_=UtcTime),
            version=conversation.c.version + 1,
        )
    )
)


def touch(db: Session, previews: Sequence[tuple[int, str]], now: datetime) -> None:
    """(conversation id, preview) of those that a campaign writes in."""
    _TOUCH.run(db, [{"of_id": id_, "line": line, "at": now} for id_, line in sorted(previews)])


def queue(db: Session, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Inserts messages; their ids in the order of the rows."""
    if not rows:
        return []
    ids = list(reserve_ids(db, message, len(rows)))
    _INSERT.run(db, [{**row, "id": id_} for row, id_ in zip(rows, ids, strict=True)])
    return ids


_INSERT = Batch(lambda _: sa.insert(message))


def message_row(org_id: int, number_id: int, campaign_id: int, now: datetime) -> dict[str, Any]:
    """What all messages of a campaign have in common."""
    return {
        "org_id": org_id,
        "number_id": number_id,
        "campaign_id": campaign_id,
        "direction": OUT,
        "origin": "campaign",
        "status": "queued",
        "rank": RANK["queued"],
        "priority": CAMPAIGN,
        "on_unknown": "hold",
        "due_at": now,
        "attempts": 0,
        "possible_duplicate": False,
        "error": "",
        "at": now,
        "created_at": now,
    }


_QUEUED = Batch(
    lambda _: (
        sa.update(recipient)
        .where(recipient.c.id == sa.bindparam("of_id"))
        .values(
            state=sa.bindparam("to_state"),
            message_id=sa.bindparam("of_message", type_=sa.BigInteger),
            queued_at=sa.bindparam("at", type_=UtcTime),
            tries=recipient.c.tries + 1,
        )
    )
)


def mark_queued(db: Session, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
    """(recipient id, message id) of those whose message is in the outbox."""
    _QUEUED.run(
        db,
        [{"of_id": id_, "to_state": ENQUEUED, "of_message": of, "at": now} for id_, of in sorted(pairs)],
    )


def mark_started(db: Session, ids: Sequence[int], now: datetime) -> None:
    """Recipients whose flow has begun and said nothing yet."""
    chosen = sa.update(recipient).where(recipient.c.id.in_(ids))
    db.connection().execute(chosen.values(state=STARTED, queued_at=now, tries=recipient.c.tries + 1))


def skip(db: Session, ids: Sequence[int], reason: str) -> None:
    chosen = sa.update(recipient).where(recipient.c.id.in_(ids))
    db.connection().execute(chosen.values(state=SKIPPED, reason=reason))


def postpone(db: Session, ids: Sequence[int], until: datetime) -> None:
    db.connection().execute(sa.update(recipient).where(recipient.c.id.in_(ids)).values(due_at=until))


def wait_again(db: Session, message_ids: Sequence[int]) -> None:
    """The people of messages that are taken back are due once more."""
    waiting = sa.update(recipient).where(recipient.c.message_id.in_(message_ids))
    db.connection().execute(waiting.values(state=PENDING, message_id=None, queued_at=None, tries=recipient.c.tries - 1))


def take_back(db: Session, campaign_id: int) -> int:
    """Queued messages that were never handed to Meta are gone, and their people wait again; how many."""
    mine = (message.c.campaign_id == campaign_id, message.c.status == "queued", message.c.claimed_at.is_(None))
    ids = sorted(db.connection().execute(sa.select(message.c.id).where(*mine).with_for_update()).scalars())
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        wait_again(db, some)
        db.connection().execute(sa.delete(message).where(message.c.id.in_(some)))
    return len(ids)


def drop_rest(db: Session, campaign_id: int, most: int) -> int:
    """`pending → cancelled` for some of a cancelled campaign; how many."""
    some = sa.select(recipient.c.id).where(recipient.c.campaign_id == campaign_id, sa.text(f"state = '{PENDING}'"))
    chosen = sa.update(recipient).where(recipient.c.id.in_(some.limit(most)))
    return db.connection().execute(chosen.values(state=CANCELLED)).rowcount


def call_off(db: Session, campaign_id: int) -> bool:
    """`queued → cancelled` for what Meta put off and nobody will try again; whether some is at Meta this moment."""
    mine = (message.c.campaign_id == campaign_id, message.c.status == "queued")
    ended = sa.update(message).where(*mine).values(status="cancelled", rank=RANK["cancelled"], due_at=None, claim=None)
    ids = sorted(db.connection().execute(ended.returning(message.c.id)).scalars())
    for start in range(0, len(ids), 500):
        chosen = sa.update(recipient).where(recipient.c.message_id.in_(ids[start : start + 500]))
        db.connection().execute(chosen.values(state=CANCELLED))
    at_meta = sa.select(message.c.id).where(message.c.campaign_id == campaign_id, message.c.status == "sending")
    return db.connection().execute(at_meta.limit(1)).first() is not None


def is_under_way(db: Session, campaign_id: int) -> bool:
    """Whether a message's fate is still to be told: queued, on its way, or unknown within its grace."""
    mine = sa.select(message.c.id).where(message.c.campaign_id == campaign_id)
    moving = mine.where(message.c.status.in_(("queued", "sending")))
    awaited = mine.where(message.c.status == "unknown", message.c.due_at.is_not(None))
    return any(db.connection().execute(query.limit(1)).first() is not None for query in (moving, awaited))


def newest_fates(db: Session, campaign_id: int, since: datetime | None, most: int) -> list[tuple[str, int | None]]:
    """(status, Meta's code) of the campaign's newest messages that Meta has said something about."""
    told = sa.or_(
        message.c.status.in_(("sent", "held", "delivered", "read", "played")),
        sa.and_(message.c.status.in_(("failed", "queued")), message.c.error_code.is_not(None), message.c.attempts > 0),
    )
    # From the newest message of all backwards: the sum keeps both databases from sorting the whole campaign.
    mine = message.c.campaign_id + 0 == campaign_id
    latest = sa.select(sa.func.max(message.c.id)).scalar_subquery()
    query = sa.select(message.c.status, message.c.error_code).where(mine, told, message.c.id > latest - 100 * most)
    if since is not None:
        query = query.where(message.c.created_at > since)
    rows = db.connection().execute(query.order_by(message.c.id.desc()).limit(most))
    return [(row.status, row.error_code) for row in rows]


def detach_failed(db: Session, campaign_id: int, codes: Collection[int] | None, now: datetime) -> int:
    """People whose message failed wait for another one; how many. The message stays in its conversation."""
    failed = sa.select(message.c.id).where(message.c.campaign_id == campaign_id, message.c.status == "failed")
    if codes is not None:
        failed = failed.where(message.c.error_code.in_(codes))
    ids = failed.subquery()
    again = sa.update(recipient).where(recipient.c.message_id.in_(sa.select(ids.c.id)))
    db.connection().execute(again.values(due_at=now, state=PENDING))
    waiting = sa.select(recipient.c.message_id).where(
        recipient.c.campaign_id == campaign_id, sa.text(f"state = '{PENDING}'"), recipient.c.message_id.is_not(None)
    )
    db.connection().execute(sa.update(message).where(message.c.id.in_(waiting)).values(campaign_id=None))
    free = sa.update(recipient).where(recipient.c.message_id.in_(waiting))
    return db.connection().execute(free.values(message_id=None)).rowcount
