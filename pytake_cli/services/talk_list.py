"""Pages and counts of the inbox: an order is a row of stretches, each of which an index serves from a key on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.errors import InvalidData, UsageError
from pytake_cli.policy.talks import PRIORITIES
from pytake_cli.policy.window import MARGIN, WINDOW
from pytake_cli.services.talk_filter import Asker, Condition
from pytake_cli.store.contacts import service_window
from pytake_cli.store.conversations import URGENT, conversation

ORDERS = ("waiting", "activity", "window", "priority")
Key = tuple[str, int, str, int]  # order, stretch, the row's value and its id: where the next page begins

_same_pair = sa.and_(
    service_window.c.number_id == conversation.c.number_id, service_window.c.contact_id == conversation.c.contact_id
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that stand together: those of `where`, by `column` and then by id."""

    where: Condition
    column: Any
    newest_first: bool = False
    joined: bool = False  # with the service window of its pair, whose index leads


def _stretches(order: str, asker: Asker) -> list[Stretch]:
    waits = Stretch(sa.text("conversation.waiting_since IS NOT NULL"), conversation.c.waiting_since)
    rests = Stretch(conversation.c.waiting_since.is_(None), conversation.c.last_message_at, newest_first=True)
    match order:
        case "waiting":
            return [waits, rests]
        case "activity":
            return [Stretch(sa.true(), conversation.c.last_message_at, newest_first=True)]
        case "window":
            last = service_window.c.last_inbound_at
            is_open = sa.and_(service_window.c.org_id == asker.org_id, last > asker.now - WINDOW + MARGIN)
            closed = ~sa.exists().where(_same_pair, is_open)
            return [
                Stretch(is_open, last, joined=True),
                Stretch(closed, conversation.c.last_message_at, newest_first=True),
            ]
        case "priority":
            return [_of_priority(name, part) for name in PRIORITIES for part in (waits, rests)]
        case _:
            raise InvalidData(
                "PT-ORDER",
                "the inbox has no order {order}; it has {orders}",
                fix="pytake conversation list -h",
                order=order,
                orders=", ".join(ORDERS),
            )


def _of_priority(name: str, part: Stretch) -> Stretch:
    chosen: Condition = conversation.c.priority == name
    if name != "normal":
        chosen = sa.and_(sa.text(f"conversation.{URGENT}"), chosen)
    return Stretch(sa.and_(chosen, part.where), part.column, part.newest_first)


def page(
    db: Session, asker: Asker, conditions: Sequence[Condition], order: str, *, limit: int, after: Key | None = None
) -> tuple[list[int], Key | None]:
    """Ids in order, and the key of the last one if there may be more."""
    stretches = _stretches(order, asker)
    begin, bound = _begin(after, order, len(stretches))
    found: list[tuple[int, Any, int]] = []  # (stretch, value, id)
    for index in range(begin, len(stretches)):
        part = stretches[index]
        rows = db.connection().execute(_query(part, conditions, bound, limit + 1 - len(found))).all()
        found += [(index, row.value, row.id) for row in rows]
        bound = None
        if len(found) > limit:
            index, value, id_ = found[limit - 1]
            return [each[2] for each in found[:limit]], (order, index, value.isoformat(), id_)
    return [each[2] for each in found], None


def _begin(after: Key | None, order: str, stretches: int) -> tuple[int, tuple[datetime, int] | None]:
    if after is None:
        return 0, None
    try:
        of_order, index, value, id_ = after
        moment = datetime.fromisoformat(value)
        if of_order != order or not 0 <= index < stretches or moment.tzinfo is None:
            raise ValueError(value)
    except ValueError:
        raise UsageError(
            "PT-API-CURSOR", "that is no cursor of this list", fix="the same request without cursor"
        ) from None
    return index, (moment.astimezone(UTC), id_)


def _query(
    part: Stretch, conditions: Sequence[Condition], bound: tuple[datetime, int] | None, limit: int
) -> sa.Select[Any]:
    query = sa.select(conversation.c.id, part.column.label("value"))
    if part.joined:
        query = query.select_from(sa.join(service_window, conversation, _same_pair))
    query = query.where(*conditions, part.where)
    if bound is not None:
        key = sa.tuple_(part.column, conversation.c.id)
        mark = sa.tuple_(sa.literal(bound[0], part.column.type), sa.literal(bound[1], conversation.c.id.type))
        query = query.where(key < mark if part.newest_first else key > mark)
    by = (part.column, conversation.c.id)
    return query.order_by(*(each.desc() for each in by) if part.newest_first else by).limit(limit)


@dataclass(frozen=True, slots=True)
class Count:
    """How many a view has, and how many of them hold something that nobody has read."""

    count: int = 0
    unread: int = 0


def count(db: Session, conditions: Sequence[Condition]) -> Count:
    unread = sa.func.coalesce(sa.func.sum(sa.case((conversation.c.unread_count > 0, 1), else_=0)), 0)
    row = db.connection().execute(sa.select(sa.func.count(), unread).select_from(conversation).where(*conditions)).one()
    return Count(int(row[0]), int(row[1]))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Unresolved conversations of one agent (None: nobody's) in one status."""

    agent: int | None
    status: str
    count: int
    unread: int


def crowds(db: Session, asker: Asker) -> list[Crowd]:
    """Every agent's and every status's unresolved conversations, counted in one pass over one index."""
    return [Crowd(*row) for row in db.connection().execute(_CROWDS, {"org": asker.org_id})]


_CROWDS = (
    sa.select(
        conversation.c.assignee_id,
        conversation.c.status,
        sa.func.count(),
        sa.func.sum(sa.case((conversation.c.unread_count > 0, 1), else_=0)),
    )
    .where(conversation.c.org_id == sa.bindparam("org"), sa.text("conversation.status <> 'resolved'"))
    .group_by(conversation.c.assignee_id, conversation.c.status)
)
