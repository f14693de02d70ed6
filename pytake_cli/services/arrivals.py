"""What happens when people write: a whole batch becomes contacts, conversations, windows, messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy import window
from pytake_cli.policy.talks import HELD, TABLE
from pytake_cli.services import (
    acknowledging,
    arrival_rows,
    campaign_replies,
    contact_removal,
    contacts,
    ownership,
    talks,
)
from pytake_cli.services.arrival_rows import Placed, Writing
from pytake_cli.services.automation import Hearing, Word
from pytake_cli.store import answers, events
from pytake_cli.store.contacts import ServiceWindow
from pytake_cli.store.conversations import OPEN, QUEUED, RESOLVED, SNOOZED, Conversation
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import PENDING, Media
from pytake_cli.store.messages import IN, OUT, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.rows import Batch, insert
from pytake_cli.store.work import poke
from pytake_cli.whatsapp.webhooks import Incoming, Person

message = Message.__table__  # type: ignore[attr-defined]
conversation = Conversation.__table__  # type: ignore[attr-defined]
service_window = ServiceWindow.__table__  # type: ignore[attr-defined]
media = Media.__table__  # type: ignore[attr-defined]
job = Job.__table__  # type: ignore[attr-defined]
organisation = Organisation.__table__  # type: ignore[attr-defined]


def apply(db: Session, writings: Sequence[Writing], numbers: dict[str, Number], now: datetime) -> int:
    """Stores messages that are new and all that follows from them. Returns how many were new."""
    fresh = _new_ones(db, writings)
    if not fresh:
        return 0
    placed = _place(db, fresh, numbers, now)
    contact_removal.revive(db, {one.contact_id for one in placed}, actor="contact", now=now)
    _converse(db, placed, now)
    _insert_messages(db, placed, now)
    _open_windows(db, placed)
    said = [one for one in placed if one.from_contact]
    campaign_replies.replied(db, [(one.contact_id, one.writing.at, one.writing.context_wamid) for one in said], now)
    _fetch_media(db, placed, now)
    _announce(db, placed, now)
    words = acknowledging.words(db, {one.number.org_id for one in placed if one.is_first})
    hearing = Hearing(db, now)
    for one in placed:
        _afterwards(db, one, hearing, words.get(one.number.org_id, ""), now)
    return len(placed)


def _new_ones(db: Session, writings: Sequence[Writing]) -> list[Writing]:
    """Without what the store has already and without repetitions inside the batch; the unique key is the judge."""
    seen = set(db.connection().execute(_KNOWN, {"wamids": [w.wamid for w in writings]}).scalars())
    fresh: list[Writing] = []
    for writing in writings:
        if writing.wamid not in seen:
            seen.add(writing.wamid)
            fresh.append(writing)
    return fresh


_KNOWN = sa.select(message.c.wamid).where(message.c.wamid.in_(sa.bindparam("wamids", expanding=True)))


def _place(db: Session, writings: Sequence[Writing], numbers: dict[str, Number], now: datetime) -> list[Placed]:
    """Finds or creates the contact of each, per organisation and portfolio, keeping the order of arrival."""
    placed: list[Placed | None] = [None] * len(writings)
    groups: dict[tuple[int, str], list[int]] = {}
    for index, writing in enumerate(writings):
        number = numbers[writing.phone_number_id]
        groups.setdefault((number.org_id, number.portfolio_id), []).append(index)
    for (org_id, scope), indexes in groups.items():
        people = [_person(writings[index]) for index in indexes]
        for index, contact_id in zip(indexes, contacts.resolve(db, org_id, scope, people, now), strict=True):
            writing = writings[index]
            placed[index] = Placed(writing, numbers[writing.phone_number_id], contact_id)
    return [one for one in placed if one is not None]


def _person(writing: Writing) -> Person:
    return writing.sender if isinstance(writing, Incoming) else writing.recipient


def _converse(db: Session, placed: Sequence[Placed], now: datetime) -> None:
    """Gives each its conversation: the unresolved one of its number and contact, or a new one."""
    pairs = sorted({one.pair for one in placed})
    rows = db.connection().execute(_UNRESOLVED, {"pairs": pairs}).all()
    known = {(row.number_id, row.contact_id): row.id for row in rows}
    asleep = {row.id for row in rows if row.status == SNOOZED}
    opening: dict[tuple[int, int], Placed] = {}
    for one in placed:
        if one.pair not in known and one.pair not in opening:
            opening[one.pair] = one
            one.is_first = True
    if opening:
        known |= answers.take_up(db, {pair: arrival_rows.standing(one) for pair, one in opening.items()})
    if opening := {pair: one for pair, one in opening.items() if pair not in known}:
        new = [arrival_rows.new_conversation(one, now) for one in opening.values()]
        known |= {(row.number_id, row.contact_id): row.id for row in db.connection().execute(_BEGIN, new)}
        for org_id in sorted({one.number.org_id for one in opening.values()}):
            poke(db, "route", org_id)
    for one in placed:
        one.conversation_id = known[one.pair]
    groups: dict[int, list[Placed]] = {}
    for one in placed:
        groups.setdefault(one.conversation_id, []).append(one)
    _TOUCH.run(db, [arrival_rows.touch(id_, group) for id_, group in groups.items()])
    if asleep:
        wakers = {one.conversation_id: one for one in placed if one.from_contact or not one.writing.standby}
        for cause, is_customer in (("customer", True), ("phone", False)):
            woken = {id_ for id_, one in wakers.items() if id_ in asleep and one.from_contact == is_customer}
            talks.woken(db, sorted(woken), now, cause)


_columns = (conversation.c.id, conversation.c.number_id, conversation.c.contact_id, conversation.c.status)
_pairs = sa.tuple_(conversation.c.number_id, conversation.c.contact_id).in_(sa.bindparam("pairs", expanding=True))
_UNRESOLVED = (
    sa.select(*_columns)
    .where(_pairs, conversation.c.status != RESOLVED)
    .order_by(conversation.c.id)
    .with_for_update()  # somebody may be about to resolve it (on PostgreSQL)
)
_BEGIN = sa.insert(conversation).returning(*_columns, sort_by_parameter_order=True)


def _moved(action: str) -> Any:
    """The status that an action of the table gives, in SQL."""
    held = sa.case((conversation.c.assignee_id.is_(None), QUEUED), else_=OPEN)
    moves = {before: after for before, after in TABLE[action].moves.items() if before != after}
    whens = [(conversation.c.status == before, held if after == HELD else after) for before, after in moves.items()]
    return sa.case(*whens, else_=conversation.c.status)


_answered = sa.bindparam("cleared", type_=sa.Boolean)
_wakes = sa.bindparam("wakes", type_=sa.Boolean)
_first_answer = sa.and_(_answered, conversation.c.first_replied_at.is_(None), conversation.c.waiting_since.is_not(None))
_TOUCH = Batch(
    lambda _: (
        sa.update(conversation)
        .where(conversation.c.id == sa.bindparam("of_id"))
        .values(
            unread_count=sa.case((_answered, 0), else_=conversation.c.unread_count)
            + sa.bindparam("unread_added", type_=sa.Integer),
            waiting_since=sa.case(
                (_answered, sa.bindparam("waiting", type_=conversation.c.waiting_since.type)),
                else_=sa.func.coalesce(
                    conversation.c.waiting_since, sa.bindparam("waiting", type_=conversation.c.waiting_since.type)
                ),
            ),
            status=sa.case((_answered, _moved("answered")), (_wakes, _moved("wrote")), else_=conversation.c.status),
            snoozed_until=sa.case((sa.or_(_answered, _wakes), None), else_=conversation.c.snoozed_until),
            snoozed_until_reply=sa.case(
                (sa.or_(_answered, _wakes), sa.false()), else_=conversation.c.snoozed_until_reply
            ),
            people_since=sa.case(
                (_first_answer, sa.func.coalesce(conversation.c.people_since, conversation.c.waiting_since)),
                else_=conversation.c.people_since,
            ),
            first_replied_at=sa.case(
                (_first_answer, sa.bindparam("newest", type_=conversation.c.last_message_at.type)),
                else_=conversation.c.first_replied_at,
            ),
            version=conversation.c.version + 1,
            preview=sa.bindparam("line"),
            last_message_at=sa.bindparam("newest", type_=conversation.c.last_message_at.type),
            standby=sa.bindparam("is_standby", type_=sa.Boolean),
        )
    )
)


def _insert_messages(db: Session, placed: Sequence[Placed], now: datetime) -> None:
    insert = sa.insert(message).returning(message.c.id, sort_by_parameter_order=True)
    ids = db.connection().execute(insert, [arrival_rows.message(one, now) for one in placed]).scalars()
    for one, id_ in zip(placed, ids, strict=True):
        one.message_id = id_


def _open_windows(db: Session, placed: Sequence[Placed]) -> None:
    """The newest message of each contact opens its window; an older one that comes late does not close it."""
    newest: dict[tuple[int, int], Placed] = {}
    for one in placed:
        if not one.from_contact or not window.opens_window(one.writing.kind):
            continue
        before = newest.get(one.pair)
        if before is None or before.writing.at < one.writing.at:
            newest[one.pair] = one
        one.number.last_inbound_at = max(one.number.last_inbound_at or one.writing.at, one.writing.at)
    _OPEN_WINDOW.run(db, [arrival_rows.service_window(one) for _, one in sorted(newest.items())])


def _open_window(db: Session) -> Any:
    upsert = insert(db, service_window)
    later = sa.case(
        (service_window.c.last_inbound_at > upsert.excluded.last_inbound_at, service_window.c.last_inbound_at),
        else_=upsert.excluded.last_inbound_at,
    )
    came = sa.func.coalesce(upsert.excluded.entry_point_at, service_window.c.entry_point_at)
    return upsert.on_conflict_do_update(
        index_elements=["number_id", "contact_id"], set_={"last_inbound_at": later, "entry_point_at": came}
    )


_OPEN_WINDOW = Batch(_open_window)


def _fetch_media(db: Session, placed: Sequence[Placed], now: datetime) -> None:
    """A row for each file, and a job that downloads it: Meta keeps it for seven days."""
    having = [one for one in placed if one.writing.media is not None]
    if not having:
        return
    insert = sa.insert(media).returning(media.c.id, media.c.state, sort_by_parameter_order=True)
    rows = db.connection().execute(insert, [arrival_rows.media(one, now) for one in having]).all()
    jobs = [
        arrival_rows.download_job(one.number.org_id, row.id, now)
        for one, row in zip(having, rows, strict=True)
        if row.state == PENDING
    ]
    if jobs:
        insert_job = sa.insert(job).returning(job.c.id, sort_by_parameter_order=True)
        for id_ in db.connection().execute(insert_job, jobs).scalars():
            poke(db, "job", id_)


def _announce(db: Session, placed: Sequence[Placed], now: datetime) -> None:
    rows = [
        {
            "org_id": one.number.org_id,
            "kind": "message:new",
            "conversation_id": one.conversation_id,
            "payload": {
                "message": one.message_id,
                "conversation": one.conversation_id,
                "contact": one.contact_id,
                "direction": IN if one.from_contact else OUT,
                "kind": one.writing.kind,
            },
            "at": now,
        }
        for one in placed
    ]
    events.tell_all(db, rows)


def _afterwards(db: Session, one: Placed, hearing: Hearing, acknowledgement: str, now: datetime) -> None:
    """What single kinds mean beyond being stored."""
    writing = one.writing
    if isinstance(writing, Incoming) and writing.change is not None:
        contacts.change(db, one.number.org_id, one.number.portfolio_id, one.contact_id, writing.change, now)
    elif writing.kind in ("edit", "revoke"):
        _amend(db, writing, one.number.org_id)
    elif isinstance(writing, Incoming):
        word = Word(writing, one.number, one.message_id, one.conversation_id, one.is_first)
        answered = hearing.hear(word)
        if one.is_first and not answered and not writing.standby and not window.is_stale(writing.at, now):
            acknowledging.acknowledge(db, word, one.contact_id, acknowledgement, now)
    elif not writing.standby:  # a person answered from the phone
        answered_in = db.get_one(Conversation, one.conversation_id, with_for_update=True, populate_existing=True)
        ownership.to_people(db, answered_in, now, cause=f"message:{one.message_id}")


def _amend(db: Session, writing: Writing, org_id: int) -> None:
    """An edit or a deletion changes how the original is shown; the row keeps what first came."""
    details = writing.content.get(writing.kind)
    original = details.get("original_message_id") if isinstance(details, dict) else None
    if not isinstance(original, str):
        return
    values = {"revoked_at": writing.at} if writing.kind == "revoke" else {"edited_at": writing.at, "text": writing.text}
    change = sa.update(message).where(message.c.wamid == original, message.c.org_id == org_id)
    db.connection().execute(change.values(**values))
