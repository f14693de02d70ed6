"""The outbox's hot statements: what may be claimed, claiming it, recording what came of it, all in batches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.messages import AUTOMATIC, CAMPAIGN, LIVE, OUT, RANK, Message
from pytake_cli.store.rows import Batch, insert
from pytake_cli.store.types import UtcTime
from pytake_cli.store.work import Lane

NEWEST = 1000  # messages looked at to see whether the clock went back; some may have been made after it did
CLOCK_TOLERANCE = timedelta(seconds=1)  # what a time server corrects is no jump

PRIORITIES: dict[str, tuple[int, int]] = {"live": (LIVE, AUTOMATIC), "campaign": (CAMPAIGN, CAMPAIGN)}

message = Message.__table__  # type: ignore[attr-defined]
service_window = ServiceWindow.__table__  # type: ignore[attr-defined]

# One message a contact at a time, in order: an earlier or more urgent one goes first, also while it waits for another
# try (claimed once, due later), and one whose fate is unknown holds back its like until its grace is over.
# What a campaign has queued waits while it does not run, and holds nothing else back.
# The literal status lists let the partial indexes serve.
_MAY_GO = """
  m.number_id = :number AND m.status = 'queued' AND m.priority BETWEEN :first AND :last AND m.due_at <= :now
  AND (w.pair_free_at IS NULL OR w.pair_free_at <= :pair_horizon)
  AND NOT EXISTS (
    SELECT 1 FROM message AS b
    WHERE b.contact_id = m.contact_id AND b.number_id = m.number_id AND b.id <> m.id
      AND b.status IN ('queued', 'sending', 'unknown')
      AND (b.status = 'sending'
        OR (b.status = 'unknown' AND b.due_at > :now AND b.priority <= m.priority)
        OR (b.status = 'queued' AND (b.due_at <= :now OR b.claimed_at IS NOT NULL)
            AND (b.priority < m.priority OR (b.priority = m.priority AND b.id < m.id))
            AND NOT EXISTS (SELECT 1 FROM campaign AS p WHERE p.id = b.campaign_id AND p.status <> 'running'))))
"""
_SELECT = f"""
SELECT m.id, m.contact_id, m.org_id, m.kind, m.origin, w.last_inbound_at, w.pair_free_at,
  c.blocked_at, c.deleted_at, c.marketing_stopped_at, c.utility_stopped_at, c.opted_out_at,
  m.created_at, k.category
FROM message AS m
JOIN contact AS c ON c.id = m.contact_id
LEFT JOIN campaign AS k ON k.id = m.campaign_id
LEFT JOIN service_window AS w ON w.number_id = m.number_id AND w.contact_id = m.contact_id
WHERE {_MAY_GO} AND (k.status IS NULL OR k.status = 'running')
ORDER BY m.priority, m.id LIMIT :limit
"""  # noqa: S608 - a constant
_TIMES = (sa.bindparam("now", type_=UtcTime), sa.bindparam("pair_horizon", type_=UtcTime))
_RESULT = {"last_inbound_at": UtcTime, "pair_free_at": UtcTime, "opted_out_at": UtcTime, "created_at": UtcTime}
_CLAIMABLE = {
    "sqlite": sa.text(_SELECT).bindparams(*_TIMES).columns(**_RESULT),
    "postgresql": sa.text(_SELECT + " FOR UPDATE OF m SKIP LOCKED").bindparams(*_TIMES).columns(**_RESULT),
}


def claimable(
    db: Session, number_id: int, lane: Lane, *, limit: int, now: datetime, pair_horizon: datetime
) -> Sequence[sa.Row[Any]]:
    """What may be sent now, in order: of the message, of its pair with the number, of its contact (see _SELECT)."""
    first, last = PRIORITIES[lane]
    values = {"number": number_id, "first": first, "last": last, "limit": limit}
    statement = _CLAIMABLE[db.get_bind().dialect.name]
    return db.connection().execute(statement, {**values, "now": now, "pair_horizon": pair_horizon}).all()


def any_due(db: Session, number_id: int, lane: Lane, now: datetime) -> bool:
    first, last = PRIORITIES[lane]
    asked = {"number": number_id, "lowest": first, "highest": last, "moment": now}
    return db.connection().execute(_ANY_DUE, asked).first() is not None


_ANY_DUE = (
    sa.select(message.c.id)
    .where(
        message.c.number_id == sa.bindparam("number"),
        sa.text("message.status = 'queued'"),
        message.c.priority.between(sa.bindparam("lowest"), sa.bindparam("highest")),
        message.c.due_at <= sa.bindparam("moment", type_=UtcTime),
    )
    .limit(1)
)


def due_numbers(db: Session, now: datetime) -> list[tuple[int, Lane]]:
    """Which lanes of which numbers have something that is due."""
    found = db.connection().execute(
        sa.select(message.c.number_id, (message.c.priority == CAMPAIGN).label("bulk"))
        .where(sa.text("message.status = 'queued'"), message.c.due_at <= now)
        .distinct()
    )
    return [(number_id, "campaign" if bulk else "live") for number_id, bulk in found]


_CLAIM = (
    sa.update(message)
    .where(message.c.id.in_(sa.bindparam("ids", expanding=True)), message.c.status == "queued")
    .values(
        status="sending",
        rank=RANK["sending"],
        claim=sa.bindparam("me"),
        claimed_at=sa.bindparam("moment", type_=UtcTime),
        attempts=message.c.attempts + 1,
    )
    .returning(
        message.c.id,
        message.c.org_id,
        message.c.contact_id,
        message.c.kind,
        message.c.body,
        message.c.address_kind,
        message.c.address,
        message.c.reply_to,
        message.c.attempts,
        message.c.priority,
    )
)


def claim(db: Session, ids: Sequence[int], me: str, now: datetime) -> list[sa.Row[Any]]:
    """`queued → sending` under `me`; returns what was really got, in sending order."""
    got = db.connection().execute(_CLAIM, {"ids": list(ids), "me": me, "moment": now}).all()
    return sorted(got, key=lambda row: (row.priority, row.id))


# An answer counts also when its claim is given up: by a status that was quicker, or by the sweep unless there has
# been another try since.
_ours = sa.or_(
    message.c.claim == sa.bindparam("me"),
    message.c.wamid == sa.bindparam("of_wamid"),
    sa.and_(message.c.status == "unknown", message.c.wamid.is_(None), message.c.attempts == sa.bindparam("of_attempt")),
)
_failed = message.c.status == "failed"
_SENT = Batch(
    lambda _: (
        sa.update(message)
        .where(message.c.id == sa.bindparam("of_id"), _ours)
        .values(
            wamid=sa.func.coalesce(message.c.wamid, sa.bindparam("of_wamid")),
            status=sa.case(
                (message.c.rank < sa.bindparam("to_rank"), sa.bindparam("to_status")), else_=message.c.status
            ),
            rank=sa.case((message.c.rank < sa.bindparam("to_rank"), sa.bindparam("to_rank")), else_=message.c.rank),
            sent_at=sa.func.coalesce(message.c.sent_at, sa.bindparam("moment", type_=UtcTime)),
            error_code=sa.case((_failed, message.c.error_code), else_=None),  # of an earlier attempt: it is over
            error=sa.case((_failed, message.c.error), else_=""),
            claim=None,
            due_at=None,
        )
    )
)


def record_sent(db: Session, me: str, sent: Sequence[tuple[int, int, str, str]], now: datetime) -> None:
    """`sent`: (message id, attempt, wamid, status). A status webhook that was quicker is not lowered."""
    rows = [
        {
            "of_id": id_,
            "me": me,
            "of_attempt": attempt,
            "of_wamid": wamid,
            "to_status": status,
            "to_rank": RANK[status],
            "moment": now,
        }
        for id_, attempt, wamid, status in sorted(sent)
    ]
    _SENT.run(db, rows)


_NOT_SENT = Batch(
    lambda _: (
        sa.update(message)
        .where(
            message.c.id == sa.bindparam("of_id"),
            message.c.claim == sa.bindparam("me"),
            message.c.status == "sending",  # a status webhook may have settled it meanwhile
        )
        .values(
            status=sa.bindparam("to_status"),
            rank=sa.bindparam("to_rank"),
            due_at=sa.bindparam("due", type_=UtcTime),
            attempts=message.c.attempts - sa.bindparam("uncounted"),
            error_code=sa.bindparam("code"),
            error=sa.bindparam("why"),
            failed_at=sa.bindparam("failed", type_=UtcTime),
            claim=None,
        )
    )
)


def record_not_sent(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """`rows`: of_id, me, to_status, due, uncounted (0 or 1), code, why, failed."""
    _NOT_SENT.run(db, [{**row, "to_rank": RANK[row["to_status"]]} for row in rows])


def advance_pairs(db: Session, number_id: int, free: Sequence[tuple[int, int, datetime]]) -> None:
    """Notes that one more message goes to each contact: (contact id, org id, when the pair is free again)."""
    rows = [
        {"number_id": number_id, "contact_id": contact, "org_id": org, "pair_free_at": at}
        for contact, org, at in sorted(free)
    ]
    _ADVANCE.run(db, rows)


def _advance(db: Session) -> Any:
    pairs = insert(db, service_window)
    return pairs.on_conflict_do_update(
        index_elements=["number_id", "contact_id"], set_={"pair_free_at": pairs.excluded.pair_free_at}
    )


_ADVANCE = Batch(_advance)


def take_back(db: Session, conversation_id: int) -> list[int]:
    """`queued → cancelled` for what a bot said and was not handed to Meta; returns the messages' ids."""
    waiting = sa.update(message).where(
        message.c.conversation_id == conversation_id,
        message.c.direction == OUT,
        sa.or_(message.c.origin == "bot", message.c.client_key.startswith("flow:")),
        message.c.status == "queued",
    )
    taken = waiting.values(status="cancelled", rank=RANK["cancelled"], due_at=None, claim=None)
    return sorted(db.connection().execute(taken.returning(message.c.id)).scalars())


def take_back_all(db: Session, contact_id: int) -> list[int]:
    """`queued → cancelled` for all that a contact would have got, from whichever number."""
    mine = (message.c.contact_id == contact_id, message.c.direction == OUT, message.c.status == "queued")
    taken = sa.update(message).where(*mine).values(status="cancelled", rank=RANK["cancelled"], due_at=None, claim=None)
    return sorted(db.connection().execute(taken.returning(message.c.id)).scalars())


def automatic_since(db: Session, contact_id: int, most: int) -> list[datetime]:
    """When the newest automatic messages to a contact were made, the newest first."""
    return list(db.connection().execute(_AUTOMATIC, {"contact": contact_id, "most": most}).scalars())


_AUTOMATIC = (
    sa.select(message.c.created_at)
    .where(message.c.contact_id == sa.bindparam("contact"), message.c.direction == OUT, message.c.origin == "bot")
    .where(message.c.status != "cancelled")
    .order_by(message.c.id.desc())
    .limit(sa.bindparam("most"))
)


def newest_codes(db: Session, contact_id: int, most: int) -> list[int | None]:
    """Meta's codes of the newest messages to a contact that were handed over; None for one that did not fail."""
    code = sa.case((message.c.status == "failed", message.c.error_code))
    handed = (message.c.contact_id == contact_id, message.c.direction == "out", message.c.attempts > 0)
    told = sa.select(code).where(*handed, message.c.status.not_in(("queued", "sending")))
    return list(db.connection().execute(told.order_by(message.c.id.desc()).limit(most)).scalars())


def fail(db: Session, ids: Sequence[int], code: int | None, why: str, now: datetime) -> None:
    """Fails messages that were never handed over."""
    failed = {"status": "failed", "rank": RANK["failed"], "error_code": code, "error": why, "failed_at": now}
    db.connection().execute(sa.update(message).where(message.c.id.in_(ids)).values(**failed, due_at=None))


def anything_to_sweep(db: Session, now: datetime, claimed_before: datetime) -> bool:
    """Whether `orphan_old` or `resend_unsettled` would find something; a read, so that the sweep seldom writes."""
    stale = sa.and_(sa.text("message.status = 'sending'"), message.c.claimed_at < claimed_before)
    over = sa.and_(sa.text("message.status = 'unknown'"), message.c.due_at <= now)
    unfinished = sa.text("message.status IN ('queued', 'sending', 'unknown')")
    query = sa.select(message.c.id).where(unfinished, sa.or_(stale, over)).limit(1)
    return db.connection().execute(query).first() is not None


_sending = (message.c.direction == OUT, sa.text("message.status = 'sending'"))


def owners(db: Session) -> list[str]:
    """Whoever holds a claim."""
    return [
        owner or ""
        for owner in db.connection().execute(sa.select(message.c.claim).where(*_sending).distinct()).scalars()
    ]


def orphan(db: Session, grace_ends: datetime, owners: Sequence[str]) -> int:
    """`sending → unknown` for the claims of owners that are gone."""
    return _to_unknown(db, grace_ends, sa.func.coalesce(message.c.claim, "").in_(owners)) if owners else 0


def orphan_old(db: Session, grace_ends: datetime, *, claimed_before: datetime, but: Collection[int]) -> int:
    """`sending → unknown` for claims so old that their owner must be gone, `but` those that it is known to hold."""
    return _to_unknown(db, grace_ends, message.c.claimed_at < claimed_before, message.c.id.not_in(sorted(but)))


def _to_unknown(db: Session, grace_ends: datetime, *which: sa.ColumnElement[bool]) -> int:
    lost = sa.update(message).where(*_sending, *which)
    changed = db.connection().execute(
        lost.values(status="unknown", rank=RANK["unknown"], due_at=grace_ends, claim=None, failed_at=None)
    )
    return changed.rowcount


def prolong(db: Session, grace_ends: datetime) -> int:
    """Gives the unknowns that wait for a status until `grace_ends` at least."""
    waiting = sa.update(message).where(sa.text("message.status = 'unknown'"), message.c.due_at < grace_ends)
    return db.connection().execute(waiting.values(due_at=grace_ends)).rowcount


def resend_unsettled(db: Session, now: datetime) -> int:
    """`unknown → queued`, once and labelled, for the class that may be sent again; the rest is held for a person."""
    over = (sa.text("message.status = 'unknown'"), message.c.due_at <= now)
    may = (message.c.on_unknown == "resend", message.c.possible_duplicate.is_(False))
    again = sa.update(message).where(*over, *may)
    values = {"status": "queued", "rank": RANK["queued"], "due_at": now, "possible_duplicate": True, "claim": None}
    sent_again = db.connection().execute(again.values(**values)).rowcount
    held = db.connection().execute(sa.update(message).where(*over).values(due_at=None)).rowcount
    return sent_again + held


def comes_from_the_future(db: Session, now: datetime) -> bool:
    """Whether the newest messages were made after `now`: the clock has been set back since."""
    newest = sa.select(message.c.created_at).order_by(message.c.id.desc()).limit(NEWEST).subquery()
    latest = db.connection().execute(sa.select(sa.func.max(newest.c.created_at))).scalar_one()
    return latest is not None and latest > now + CLOCK_TOLERANCE


def pull_back(db: Session, now: datetime, *, grace_ends: datetime, retries_end: datetime, pairs_end: datetime) -> int:
    """Brings back to `now` what the clock, since set back, had promised for later; what a person planned stays."""
    at_once = sa.and_(message.c.due_at == message.c.created_at, message.c.created_at > now)
    again = sa.and_(message.c.claimed_at.is_not(None), message.c.due_at > retries_end)
    queued = sa.update(message).where(sa.text("message.status = 'queued'"), sa.or_(at_once, again))
    unknown = sa.update(message).where(sa.text("message.status = 'unknown'"), message.c.due_at > grace_ends)
    pairs = sa.update(service_window).where(service_window.c.pair_free_at > pairs_end)
    changed = 0
    for statement in (queued.values(due_at=now), unknown.values(due_at=grace_ends), pairs.values(pair_free_at=None)):
        changed += db.connection().execute(statement).rowcount
    return changed
