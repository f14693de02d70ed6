"""The list of conversations: who waits, whose it is, how long the window stays open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from pytake_cli.policy import window
from pytake_cli.policy.window import MARGIN, WINDOW
from pytake_cli.services.conversations import identities, name_of, phone_of
from pytake_cli.store.contacts import Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import RESOLVED, STATUSES, Conversation
from pytake_cli.store.numbers import Number
from pytake_cli.store.users import User

CLOSING_WITHIN = timedelta(hours=2)
UNRESOLVED = tuple(status for status in STATUSES if status != RESOLVED)
Window = Literal["open", "closing", "closed"]
Sort = Literal["waiting", "activity", "created"]
AT_ONCE = 500  # rows of one query
NOBODY = 0  # as an agent: those that belong to nobody


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; every field narrows it."""

    statuses: Sequence[str] = UNRESOLVED  # none: whatever the rest says of it
    agent: int | None = None  # a user's id, NOBODY, or None for everybody's
    waiting: timedelta | None = None  # nobody has answered for at least this long
    window: Window | None = None
    unread: bool = False
    contact_id: int | None = None
    also: Sequence[Any] = ()  # conditions of a filter of the inbox, or of a view
    sort: Sort = "activity"
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    conversation: Conversation
    contact: Contact
    identities: tuple[Identity, ...]
    number: Number
    assignee: User | None
    last_inbound_at: datetime | None

    @property
    def name(self) -> str:
        return name_of(self.contact, self.identities)

    @property
    def phone(self) -> str | None:
        return phone_of(self.identities)

    @property
    def window_closes_at(self) -> datetime | None:
        return window.closes_at(self.last_inbound_at)


def listed(db: Session, wanted: Filter, now: datetime) -> list[Listed]:
    """The ids first and what belongs to them after: joining 100,000 conversations to show 50 took 350 ms."""
    ids = select(Conversation.id)
    if wanted.window is not None:
        ids = ids.join(ServiceWindow, _same_pair(), isouter=True)
    found = db.exec(ids.where(*_conditions(wanted, now)).order_by(*_order(wanted.sort)).limit(wanted.limit)).all()
    known = {row.conversation.id: row for row in _rows(db, [id_ for id_ in found if id_ is not None])}
    return [known[id_] for id_ in found]


def _rows(db: Session, ids: Sequence[int]) -> Iterator[Listed]:
    users = {user.id: user for user in db.exec(select(User))}
    numbers = {number.id: number for number in db.exec(select(Number))}
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(Conversation, Contact, ServiceWindow)
            .join(Contact, col(Contact.id) == Conversation.contact_id)
            .join(ServiceWindow, _same_pair(), isouter=True)
            .where(col(Conversation.id).in_(ids[start : start + AT_ONCE]))
        )
        rows = db.exec(query).all()
        known = identities(db, [conversation.contact_id for conversation, *_ in rows])
        for conversation, contact, pair in rows:
            yield Listed(
                conversation,
                contact,
                known.get(conversation.contact_id, ()),
                numbers[conversation.number_id],
                users.get(conversation.assignee_id),
                pair.last_inbound_at if pair else None,
            )


def count(db: Session, wanted: Filter, now: datetime) -> int:
    """How many there are without the limit."""
    query = select(func.count()).select_from(Conversation)
    if wanted.window is not None:
        query = query.join(ServiceWindow, _same_pair(), isouter=True)
    return db.exec(query.where(*_conditions(wanted, now))).one()


def _same_pair() -> Any:
    return and_(
        col(ServiceWindow.number_id) == Conversation.number_id, col(ServiceWindow.contact_id) == Conversation.contact_id
    )


def _conditions(wanted: Filter, now: datetime) -> list[Any]:
    conditions: list[Any] = [col(Conversation.status).in_(list(wanted.statuses))] if wanted.statuses else []
    conditions += wanted.also
    if wanted.agent == NOBODY:
        conditions.append(col(Conversation.assignee_id).is_(None))
    elif wanted.agent is not None:
        conditions.append(Conversation.assignee_id == wanted.agent)
    if wanted.waiting is not None:
        conditions.append(col(Conversation.waiting_since) <= now - wanted.waiting)
    if wanted.unread:
        conditions.append(Conversation.unread_count > 0)
    if wanted.contact_id is not None:
        conditions.append(Conversation.contact_id == wanted.contact_id)
    if wanted.window is not None:
        conditions.append(_window_is(wanted.window, now))
    return conditions


def _window_is(state: Window, now: datetime) -> Any:
    last = col(ServiceWindow.last_inbound_at)
    still_open = now - WINDOW + MARGIN  # whoever wrote after this may be answered freely
    match state:
        case "open":
            return last > still_open
        case "closing":
            return and_(last > still_open, last <= still_open + CLOSING_WITHIN)
        case "closed":
            return or_(last.is_(None), last <= still_open)


def _order(sort: Sort) -> tuple[Any, ...]:
    """`waiting`: who has waited longest first, those who wait for nothing last."""
    newest = col(Conversation.id).desc()
    match sort:
        case "waiting":
            since = col(Conversation.waiting_since)
            return since.is_(None), since, newest
        case "activity":
            return col(Conversation.last_message_at).desc(), newest
        case "created":
            return col(Conversation.created_at).desc(), newest
