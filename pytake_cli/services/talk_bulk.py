"""The same action on many conversations: a few at a time, one batch, one undo; what cannot be done is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from pytake_cli.errors import InvalidData, LimitReached, PytakeError
from pytake_cli.policy.talks import MANAGE
from pytake_cli.services import conversations, talk_actions, talk_filter, talk_undo
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_filter import Asker
from pytake_cli.store import Store
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.conversations import conversation

MOST = 5_000  # conversations of one batch
AT_ONCE = 25  # of a transaction: webhooks want their turn


@dataclass(slots=True)
class Skipped:
    """One that was left as it is, and why."""

    id: int
    error: PytakeError


@dataclass(slots=True)
class Done:
    """What became of a batch; `batch` is what undo takes, None when nothing changed."""

    batch: int | None = None
    done: list[int] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def act(
    store: Store,
    who: Principal,
    action: str,
    given: Mapping[str, Any],
    now: datetime,
    *,
    ids: Sequence[int] | None = None,
    asker: Asker | None = None,
    where: str | None = None,
) -> Done:
    """Does it to the conversations of `ids`, or to all that a filter has: that needs the right to manage."""
    chosen = list(dict.fromkeys(ids)) if ids is not None else _chosen(store, who, asker, where)
    if not chosen:
        raise InvalidData("PT-BULK-NONE", "no conversation is named", fix="ids, or where")
    _refuse_many(len(chosen))
    result = Done()
    for start in range(0, len(chosen), AT_ONCE):
        with store.write(who.org_id) as db:
            for id_ in sorted(chosen[start : start + AT_ONCE]):
                _one(db, who, id_, action, given, now, result)
    return result


def _chosen(store: Store, who: Principal, asker: Asker | None, where: str | None) -> list[int]:
    who.require(MANAGE)
    if asker is None or where is None:
        return []
    with store.read(who.org_id) as db:
        conditions = talk_filter.conditions(db, asker, where)
        query = sa.select(conversation.c.id).where(*conditions).order_by(conversation.c.id).limit(MOST + 1)
        return list(db.connection().execute(query).scalars())


def _refuse_many(count: int) -> None:
    if count > MOST:
        raise LimitReached(
            "PT-BULK-MANY",
            "more than {most} conversations at once",
            why="a mistake with so many takes long to mend",
            fix="a narrower filter",
            most=MOST,
        )


def _one(
    db: Session, who: Principal, id_: int, action: str, given: Mapping[str, Any], now: datetime, result: Done
) -> None:
    try:
        with db.begin_nested():
            change = talk_actions.act(db, who, conversations.get(db, id_), action, given, now)
            if change is not None:
                result.batch = result.batch or change.id
                _join(db, change, result.batch or 0)
        result.done.append(id_)
    except PytakeError as error:
        result.skipped.append(Skipped(id_, error))


def _join(db: Session, change: ConversationChange, batch: int) -> None:
    """Makes a change part of a batch, with those that were made with it by a macro."""
    with_it = [col(ConversationChange.id) == change.id]
    if change.batch is not None:
        with_it = [
            col(ConversationChange.batch) == change.batch,
            col(ConversationChange.conversation_id) == change.conversation_id,
        ]
    db.execute(sa.update(ConversationChange).where(*with_it).values(batch=batch))


def undo(store: Store, who: Principal, batch: int, now: datetime) -> Done:
    """Puts a whole batch back; what others have changed since stays and is told."""
    with store.read(who.org_id) as db:
        ids = [row.id or 0 for row in talk_undo.find(db, batch=batch)]
    result = Done(batch)
    for start in range(0, len(ids), AT_ONCE):
        with store.write(who.org_id) as db:
            rows = sa.select(ConversationChange).where(col(ConversationChange.id).in_(ids[start : start + AT_ONCE]))
            for row in db.execute(rows.order_by(col(ConversationChange.id).desc())).scalars().all():
                try:
                    with db.begin_nested():
                        talk_undo.undo(db, who, row, now)
                    result.done.append(row.conversation_id)
                except PytakeError as error:
                    result.skipped.append(Skipped(row.conversation_id, error))
    return result
