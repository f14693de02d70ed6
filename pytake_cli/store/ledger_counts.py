"""What the ledger of a campaign adds up to: people by fate, reasons, failures, answers; also who was forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.campaigns import PENDING, SKIPPED, recipient
from pytake_cli.store.forgotten import forgotten_recipient as gone
from pytake_cli.store.messages import Message

message = Message.__table__  # type: ignore[attr-defined]


def statuses(db: Session, campaign_ids: Collection[int]) -> dict[int, Counter[str]]:
    """How many messages of each of these campaigns have which status; from the index alone."""
    told = {id_: Counter[str]() for id_ in campaign_ids}
    for table, known in ((message, sa.true()), (gone, gone.c.status != "")):
        key = (table.c.campaign_id, table.c.status)
        mine = sa.select(*key, sa.func.count()).where(table.c.campaign_id.in_(campaign_ids), known)
        for id_, status, count in db.connection().execute(mine.group_by(*key)):
            told[id_][status] += count
    return told


def waiting(db: Session, campaign_id: int) -> int:
    """How many people's turn is still to come; from the index alone."""
    mine = (recipient.c.campaign_id == campaign_id, sa.text(f"recipient.state = '{PENDING}'"))
    return int(db.connection().execute(sa.select(sa.func.count()).select_from(recipient).where(*mine)).scalar_one())


def states(db: Session, campaign_id: int) -> Counter[str]:
    """How many people are in which state of the ledger."""
    there = _by(db, recipient.c.state, sa.select().where(recipient.c.campaign_id == campaign_id))
    return there + _by(db, gone.c.state, sa.select().where(gone.c.campaign_id == campaign_id))


def fates(db: Session, campaign_id: int) -> Counter[str]:
    """How many people there are of each fate: their message's status, or the state of those who have none."""
    joined = recipient.outerjoin(message, message.c.id == recipient.c.message_id)
    fate = sa.func.coalesce(message.c.status, recipient.c.state)
    there = _by(db, fate, sa.select().select_from(joined).where(recipient.c.campaign_id == campaign_id))
    theirs = sa.func.coalesce(sa.func.nullif(gone.c.status, ""), gone.c.state)
    return there + _by(db, theirs, sa.select().where(gone.c.campaign_id == campaign_id))


def skips(db: Session, campaign_id: int) -> Counter[str]:
    """Why people of a campaign got nothing after all."""
    there = sa.select().where(recipient.c.campaign_id == campaign_id, recipient.c.state == SKIPPED)
    theirs = sa.select().where(gone.c.campaign_id == campaign_id, gone.c.state == SKIPPED)
    return _by(db, recipient.c.reason, there) + _by(db, gone.c.reason, theirs)


def _by(db: Session, key: Any, query: sa.Select[Any]) -> Counter[str]:
    rows = db.connection().execute(query.add_columns(key, sa.func.count()).group_by(key))
    return Counter({str(name): int(count) for name, count in rows})


def answers(db: Session, campaign_id: int) -> tuple[int, int]:
    """How many people replied, and how many opted out."""
    counted = sa.select(sa.func.count(recipient.c.replied_at), sa.func.count(recipient.c.opted_out_at))
    replied, opted_out = db.connection().execute(counted.where(recipient.c.campaign_id == campaign_id)).one()
    flags = (sa.func.count(sa.case((gone.c.replied, 1))), sa.func.count(sa.case((gone.c.opted_out, 1))))
    theirs = db.connection().execute(sa.select(*flags).where(gone.c.campaign_id == campaign_id)).one()
    return replied + theirs[0], opted_out + theirs[1]


def troubles(db: Session, campaign_id: int, status: str) -> list[tuple[int | None, str, int]]:
    """(Meta's code, words, how many) of messages that failed, or of queued ones that a try could not send."""
    mine = (message.c.campaign_id == campaign_id, message.c.status == status, message.c.error != "")
    count = sa.func.count()
    there = sa.select(message.c.error_code, sa.func.max(message.c.error), count).where(*mine)
    theirs = sa.select(gone.c.error_code, sa.literal(""), count).where(
        gone.c.campaign_id == campaign_id, gone.c.status == status
    )
    found: dict[int | None, tuple[str, int]] = {}
    for query in (there.group_by(message.c.error_code), theirs.group_by(gone.c.error_code)):
        for code, words, number in db.connection().execute(query):
            known, before = found.get(code, ("", 0))
            found[code] = (known or words, before + int(number))
    return sorted(((code, *told) for code, told in found.items()), key=lambda row: (-row[2], row[0] or 0))
