"""The feed of live events: everything that is new, in order and complete, and what one organisation's reader missed."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.policy import window
from pytake_cli.store import Store
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import BY_BOT, RESOLVED, Conversation
from pytake_cli.store.events import event
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.numbers import REMOVED, Number

AT_ONCE = 500  # events in one look
MOST_MISSED = 2000  # more are a gap: reading the lists anew is quicker
PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 0.02  # how long, and how often, the start waits for who writes just now

# Who is writing events at this moment. The lock is taken before the id and kept until the row can be seen.
_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
    " AND relation = 'event'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND pid <> pg_backend_pid()"
)
_COLUMNS = (event.c.id, event.c.org_id, event.c.kind, event.c.conversation_id, event.c.payload, event.c.at)


@dataclass(frozen=True, slots=True)
class News:
    """Events in the order of their ids; `more` says that there are others already, or will be in a moment."""

    events: Sequence[Any] = ()
    more: bool = False
    in_doubt: bool = False  # some ids are missing and their writers have not finished


@dataclass
class _Doubt:
    """Ids up to `through` of which some cannot be seen, and who may still bring them."""

    through: int
    writers: set[str]


@dataclass
class Feed:
    """Reads on from `horizon`, up to which nothing is missing. For one thread at a time.

    On PostgreSQL transactions become visible in another order than they took their ids. An id that is missing is
    waited for until everybody who was writing events when it was first missed has finished; then it will never come.
    """

    store: Store
    horizon: int = 0
    _doubt: _Doubt | None = field(default=None, init=False)

    def begin(self) -> int:
        """Goes to the end of what there is; the horizon there."""
        self._doubt = None
        with self.store.read() as db:
            self.horizon = _newest(db)
            writers = self._writers(db)
            end = time.monotonic() + PATIENCE_SECONDS
            while writers and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
                writers &= self._writers(db)
        return self.horizon

    def read(self) -> News:
        """What is new and complete; the horizon moves behind it."""
        with self.store.read() as db:
            events = self._rows(db)
            full = len(events) == AT_ONCE
            news = News(events, full)
            if not self.store.is_sqlite and events and not self._complete(events):
                news = self._settled(db, events, full)
        if news.events:
            self.horizon = news.events[-1].id
        return news

    def _settled(self, db: Session, events: Sequence[Any], full: bool) -> News:
        """The events that nothing can come before any more."""
        writers = self._writers(db)  # asked after the rows were read: who brings a missing one is in it, or done
        if self._doubt is None:
            self._doubt = _Doubt(events[-1].id, writers)
        self._doubt.writers &= writers
        if self._doubt.writers:
            before = 0
            while events[before].id == self.horizon + before + 1:
                before += 1
            return News(events[:before], more=True, in_doubt=True)
        through, self._doubt = self._doubt.through, None
        seen_anew = [row for row in self._rows(db) if row.id <= through]
        return News(seen_anew, more=full or through < events[-1].id)

    def _complete(self, events: Sequence[Any]) -> bool:
        whole: bool = events[-1].id == self.horizon + len(events)
        if whole:
            self._doubt = None
        return whole

    def _rows(self, db: Session) -> Sequence[Any]:
        query = sa.select(*_COLUMNS).where(event.c.id > self.horizon).order_by(event.c.id).limit(AT_ONCE)
        return db.connection().execute(query).all()

    def _writers(self, db: Session) -> set[str]:
        return set() if self.store.is_sqlite else set(db.connection().execute(_WRITERS).scalars())


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
