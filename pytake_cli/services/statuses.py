"""What happens when Meta tells how far a message got: kept once, upwards only, early ones parked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.services import incidents, refusals
from pytake_cli.store import events, facts
from pytake_cli.store.messages import RANK, Message, StatusEvent
from pytake_cli.store.numbers import Number
from pytake_cli.store.rows import Batch, among, insert
from pytake_cli.store.types import Json, UtcTime
from pytake_cli.whatsapp.webhooks import Status

OPAQUE = "pytake"  # biz_opaque_callback_data is "pytake:<instance>.<message id>.<attempt>"

message = Message.__table__  # type: ignore[attr-defined]
event = StatusEvent.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Rise:
    """What a batch of statuses tells of one message."""

    wamid: str
    status: str = ""
    rank: int = -1
    at: dict[str, datetime] = field(default_factory=dict)  # status -> when
    code: int | None = None
    error: str = ""
    pricing: dict[str, Any] | None = None


def apply(db: Session, statuses: Sequence[Status], numbers: dict[str, Number], now: datetime) -> int:
    """Records every status once and raises the messages they speak of; `numbers` by phone_number_id.

    Returns how many messages are known here; statuses of other tools' messages are kept as well.
    """
    if not statuses:
        return 0
    ids = _message_ids(db, statuses, numbers)
    before = _told_before(db, statuses)
    rows = [_event_row(s, numbers[s.phone_number_id], id_, now) for s, id_ in zip(statuses, ids, strict=True)]
    _KEEP.run(db, rows)
    rises: dict[int, Rise] = {}
    for status, id_ in zip(statuses, ids, strict=True):
        if id_ is not None and not status.participant and not _is_settled(status, before):
            error = status.errors[0] if status.errors else None
            code, why = (error.code, error.details or error.title) if error else (None, "")
            _merge(rises, id_, status.wamid, status.status, status.at, code, why, status.pricing)
    _write(db, rises)
    refusals.tell_sessions(db, _failed(rises), now)
    orgs = {id_: numbers[s.phone_number_id].org_id for s, id_ in zip(statuses, ids, strict=True) if id_}
    _tell(db, rises, orgs, now)
    for status, id_ in zip(statuses, ids, strict=True):
        for error in () if _key(status) in before else status.errors:
            if not error.code:
                continue  # Meta told none that can be read; as a code, 0 is its refusal of the token
            why = error.details or error.title
            incidents.after_meta_error(db, error.code, why, status.phone_number_id, _contact_of(db, id_), now)
    return len(rises)


def attach_early(db: Session, ids: dict[str, int], now: datetime) -> None:
    """Applies statuses that came before their message was known. `ids`: wamid -> message id."""
    rows = db.connection().execute(_PARKED.where(among(db, event.c.wamid, list(ids)))).all() if ids else ()
    if not rows:
        return
    rises: dict[int, Rise] = {}
    early: list[tuple[int, dict[str, Any]]] = []
    for row in rows:
        error = row.errors[0] if row.errors else {}
        id_ = ids[row.wamid]
        early += [(id_, error)] if error.get("code") else []
        _merge(rises, id_, row.wamid, row.status, row.at, error.get("code"), error.get("details", ""), row.pricing)
        db.connection().execute(sa.update(event).where(event.c.id == row.id).values(message_id=id_))
    _write(db, rises)
    refusals.tell_sessions(db, _failed(rises), now)
    _tell(db, rises, {ids[row.wamid]: row.org_id for row in rows}, now)
    for id_, error in early:  # of the number it was said when they came; only now is it known whom they are about
        sent = db.get_one(Message, id_)
        number = db.get_one(Number, sent.number_id)
        incidents.about_contact(db, error["code"], number, sent.contact_id, error.get("details", ""), now)


_PARKED = sa.select(event).where(event.c.message_id.is_(None))


def _message_ids(db: Session, statuses: Sequence[Status], numbers: dict[str, Number]) -> list[int | None]:
    """Our own id comes back in the callback data; for the rest the wamid finds the row."""
    instances = facts.instances(db)
    claimed = [_own_id(status.opaque, instances) for status in statuses]
    by_wamid = [status.wamid for status, id_ in zip(statuses, claimed, strict=True) if id_ is None]
    orgs = {}
    wamids = {}
    if any(claimed):
        wanted = sorted({id_ for id_ in claimed if id_ is not None})
        orgs = {row.id: row.org_id for row in db.connection().execute(_rows.where(among(db, message.c.id, wanted)))}
    if by_wamid:
        found = db.connection().execute(_rows.where(among(db, message.c.wamid, by_wamid))).all()
        wamids = {row.wamid: row.id for row in found}
        orgs |= {row.id: row.org_id for row in found}
    ids = [id_ if id_ in orgs else wamids.get(s.wamid) for s, id_ in zip(statuses, claimed, strict=True)]
    own = [numbers[status.phone_number_id].org_id for status in statuses]
    return [id_ if id_ is not None and orgs.get(id_) == org else None for id_, org in zip(ids, own, strict=True)]


_rows = sa.select(message.c.id, message.c.org_id, message.c.wamid)


def _key(status: Status) -> tuple[str, str, str]:
    return status.wamid, status.status, status.participant


def _told_before(db: Session, statuses: Sequence[Status]) -> dict[tuple[str, str, str], bool]:
    """What Meta has told already of these wamids -> whether its message was known and raised then."""
    told = _TOLD.where(among(db, event.c.wamid, sorted({status.wamid for status in statuses})))
    rows = db.connection().execute(told)
    return {(row.wamid, row.status, row.participant): row.message_id is not None for row in rows}


_TOLD = sa.select(event.c.wamid, event.c.status, event.c.participant, event.c.message_id)


def _is_settled(status: Status, before: dict[tuple[str, str, str], bool]) -> bool:
    """True for a repetition, and for `sent` after `failed`: the message may have been queued anew since."""
    failed = (status.wamid, "failed", status.participant)
    return before.get(_key(status), False) or (status.status == "sent" and before.get(failed, False))


def _own_id(opaque: str | None, instances: dict[str, int]) -> int | None:
    """The message id in callback data of this store, or of the store it was restored from as far as the ids reach."""
    source, _, rest = (opaque or "").partition(":")
    instance, _, rest = rest.partition(".")
    number = rest.partition(".")[0]
    if source != OPAQUE or instance not in instances or not number.isdecimal() or len(number) > 18:
        return None
    return int(number) if int(number) <= instances[instance] else None


def _event_row(status: Status, number: Number, message_id: int | None, now: datetime) -> dict[str, Any]:
    errors = [{"code": e.code, "title": e.title, "details": e.details} for e in status.errors]
    return {
        "org_id": number.org_id,
        "message_id": message_id,
        "wamid": status.wamid,
        "status": status.status,
        "participant": status.participant,
        "at": status.at,
        "errors": errors or None,
        "pricing": status.pricing,
        "received_at": now,
    }


_KEEP = Batch(lambda db: insert(db, event).on_conflict_do_nothing(index_elements=["wamid", "status", "participant"]))


def _merge(
    rises: dict[int, Rise],
    message_id: int,
    wamid: str,
    status: str,
    at: datetime,
    code: int | None,
    error: str,
    pricing: dict[str, Any] | None,
) -> None:
    rank = RANK.get(status)
    if rank is None:  # a status that Meta invented after this was written: kept as an event, moves nothing
        return
    rise = rises.setdefault(message_id, Rise(wamid))
    rise.at.setdefault(status, at)
    rise.pricing = pricing or rise.pricing
    if rank > rise.rank:
        rise.status, rise.rank = status, rank
    if status == "failed":
        rise.code, rise.error = code, error


def _write(db: Session, rises: dict[int, Rise]) -> None:
    _RAISE.run(db, [_raise_row(id_, rise) for id_, rise in sorted(rises.items())])


def _failed(rises: dict[int, Rise]) -> list[int]:
    return [id_ for id_, rise in rises.items() if rise.status == "failed"]


def _raise_row(message_id: int, rise: Rise) -> dict[str, Any]:
    return {
        "of_id": message_id,
        "of_wamid": rise.wamid,
        "to_status": rise.status,
        "to_rank": rise.rank,
        "sent": rise.at.get("sent"),
        "delivered": rise.at.get("delivered"),
        "read": rise.at.get("read") or rise.at.get("played"),
        "failed": rise.at.get("failed"),
        "code": rise.code,
        "why": rise.error[:1000] or None,
        "price": rise.pricing,
    }


def _tell(db: Session, rises: dict[int, Rise], orgs: dict[int, int], now: datetime) -> None:
    for org_id in sorted(set(orgs.values())):
        pairs = [[id_, rise.status] for id_, rise in rises.items() if orgs[id_] == org_id]
        if pairs:
            events.tell(db, org_id, "message:status", {"statuses": pairs}, now)


def _contact_of(db: Session, message_id: int | None) -> int | None:
    found = db.get(Message, message_id) if message_id is not None else None
    return found.contact_id if found else None


def _first(column: Any, name: str, type_: Any = UtcTime) -> Any:
    """Keeps what is there; the first word about a thing stands."""
    return sa.func.coalesce(column, sa.bindparam(name, type_=type_))


# The failure of an earlier try says nothing about the one that has the wamid now.
_about_this_try = sa.or_(message.c.wamid.is_(None), message.c.wamid == sa.bindparam("of_wamid"))
_higher = sa.and_(
    message.c.rank < sa.bindparam("to_rank"), sa.or_(sa.bindparam("to_rank") != RANK["failed"], _about_this_try)
)
_arrived = sa.bindparam("to_rank") >= RANK["delivered"]  # whatever was refused before, it is there
_RAISE = Batch(
    lambda _: (
        sa.update(message)
        .where(message.c.id == sa.bindparam("of_id"))
        .values(
            status=sa.case((_higher, sa.bindparam("to_status")), else_=message.c.status),
            rank=sa.case((_higher, sa.bindparam("to_rank")), else_=message.c.rank),
            wamid=sa.func.coalesce(message.c.wamid, sa.bindparam("of_wamid")),
            sent_at=_first(message.c.sent_at, "sent"),
            delivered_at=_first(message.c.delivered_at, "delivered"),
            read_at=_first(message.c.read_at, "read"),
            failed_at=_first(message.c.failed_at, "failed"),
            error_code=sa.case((_arrived, None), else_=_first(message.c.error_code, "code", sa.Integer)),
            error=sa.case((_arrived, ""), else_=sa.func.coalesce(sa.bindparam("why", type_=sa.Text), message.c.error)),
            pricing=sa.func.coalesce(sa.bindparam("price", type_=Json), message.c.pricing),
            due_at=None,
            claim=sa.case((_higher, None), else_=message.c.claim),  # Meta has it: nobody is sending it any more
        )
    )
)
