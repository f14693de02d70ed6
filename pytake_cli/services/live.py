"""The feed of live events: everything that is new, in order and complete, and what one organisation's reader missed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.policy import window
from pytake_cli.services import talk_rows, timeline
from pytake_cli.store import Store, ahead
from pytake_cli.store.ahead import Ahead
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import BY_BOT, RESOLVED, Conversation
from pytake_cli.store.events import event
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.numbers import REMOVED, Number

AT_ONCE = ahead.AT_ONCE  # events in one look
MOST_MISSED = 2000  # more are a gap: reading the lists anew is quicker
MOST_ROWS = 200  # conversations of one look that are told as they are now; of more, lists are read anew
TAIL = 12  # entries of a timeline that are told to who has it open
ROWED = frozenset({"message:new", "conversation:updated", "sla:warned", "sla:breached"})  # a row is another after them

_COLUMNS = (event.c.id, event.c.org_id, event.c.kind, event.c.conversation_id, event.c.payload, event.c.at)


@dataclass(frozen=True, slots=True)
class News:
    """Events in the order of their ids; `more` says that there are others already, or will be in a moment."""

    events: Sequence[Any] = ()
    more: bool = False
    in_doubt: bool = False  # some ids are missing and their writers have not finished


@dataclass
class Feed:
    """Reads on from `horizon`, up to which nothing is missing. For one thread at a time."""

    store: Store
    horizon: int = 0
    _ahead: Ahead = field(default_factory=lambda: Ahead(event), init=False)

    def begin(self) -> int:
        """Goes to the end of what there is; the horizon there."""
        with self.store.read() as db:
            self.horizon = self._ahead.end(db)
        return self.horizon

    def read(self) -> News:
        """What is new and complete; the horizon moves behind it."""
        with self.store.read() as db:
            reach = self._ahead.look(db, self.horizon)
            new = (event.c.id > self.horizon, event.c.id <= reach.through)
            query = sa.select(*_COLUMNS).where(*new).order_by(event.c.id)
            events = db.connection().execute(query).all() if reach.through > self.horizon else []
        self.horizon = reach.through
        return News(events, reach.more, reach.in_doubt)


def rows(store: Store, org_id: int, events: Sequence[Any]) -> list[dict[str, Any]]:
    """The conversations of an organisation that events changed, as inboxes list them, without what is one user's."""
    ids = {row.conversation_id for row in events if row.org_id == org_id and row.kind in ROWED and row.conversation_id}
    if not ids or len(ids) > MOST_ROWS:
        return []
    with store.read(org_id) as db:
        found = talk_rows.rows(db, org_id, sorted(ids), me=None)
    return [{name: value for name, value in row.items() if name not in ("starred", "draft")} for row in found]


def tails(
    store: Store, org_id: int, events: Sequence[Any], viewed: Collection[int]
) -> dict[int, Sequence[dict[str, Any]]]:
    """The end of the timelines that events made longer, of those that somebody has open."""
    changed = (row.conversation_id for row in events if row.org_id == org_id and row.kind != "message:status")
    ids = {id_ for id_ in changed if id_ in viewed}
    if not ids:
        return {}
    with store.read(org_id) as db:
        found = db.exec(select(Conversation).where(Conversation.org_id == org_id, col(Conversation.id).in_(ids)))
        return {talk.id or 0: timeline.page(db, talk, limit=TAIL).items for talk in found.all()}


def missed(db: Session, org_id: int, kinds: Collection[str], cursor: int, horizon: int) -> Sequence[Any] | None:
    """What an organisation's reader at `cursor` has not seen up to `horizon`; None when that can no longer be told."""
    oldest = db.connection().execute(sa.select(sa.func.min(event.c.id))).scalar()
    if cursor > max(horizon, _newest(db)) or (oldest is not None and cursor < oldest - 1):
        return None
    query = sa.select(*_COLUMNS).where(event.c.org_id == org_id, event.c.id > cursor, event.c.id <= horizon)
    query = query.where(event.c.kind.in_(kinds)).order_by(event.c.id).limit(MOST_MISSED + 1)
    rows = db.connection().execute(query).all()
    return rows if len(rows) <= MOST_MISSED else None


def _newest(db: Session) -> int:
    return db.connection().execute(sa.select(sa.func.max(event.c.id))).scalar() or 0


def is_of(db: Session, org_id: int, conversation_ids: Collection[int]) -> bool:
    """True if all these conversations are the organisation's."""
    query = select(sa.func.count()).select_from(Conversation)
    found = db.exec(query.where(Conversation.org_id == org_id, col(Conversation.id).in_(conversation_ids))).one()
    return found == len(set(conversation_ids))


@dataclass(frozen=True, slots=True)
class Hearer:
    """The customer who may be shown that somebody types: through which number, after which message of theirs."""

    phone_number_id: str
    wamid: str


def hearer(db: Session, org_id: int, conversation_id: int, now: datetime) -> Hearer | None:
    """None when nobody may write there just now, or when it is not people who do."""
    talk = db.get(Conversation, conversation_id)
    if talk is None or talk.org_id != org_id or talk.owner == BY_BOT or talk.standby or talk.status == RESOLVED:
        return None
    number = db.get_one(Number, talk.number_id)
    opened = db.get(ServiceWindow, (talk.number_id, talk.contact_id))
    if number.status == REMOVED or number.stopped_at or not opened:
        return None
    if not window.window_is_open(opened.last_inbound_at, now):
        return None
    last = select(Message.wamid).where(Message.conversation_id == conversation_id, Message.direction == IN)
    wamid = db.exec(last.order_by(col(Message.id).desc()).limit(1)).first()
    return Hearer(number.phone_number_id, wamid) if wamid else None
