"""Two contacts turn out to be one person: everything of the one moves to the other, and nothing is lost."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, NotFound
from pytake_cli.services import consent, talks
from pytake_cli.services.consent import STOPPED
from pytake_cli.store import automations, campaigns, contact_history, desks, flow_sessions, labels, segments, tags
from pytake_cli.store.automations import AutomationRun
from pytake_cli.store.changes import ConversationChange
from pytake_cli.store.contact_history import ContactChange, ContactNote
from pytake_cli.store.contacts import Consent, Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import (
    BOT,
    BY_BOT,
    BY_PEOPLE,
    NOBODY,
    OPEN,
    QUEUED,
    RESOLVED,
    SNOOZED,
    Conversation,
    Note,
)
from pytake_cli.store.events import Event
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.messages import Message
from pytake_cli.store.notifications import Notification

log = logging.getLogger(__name__)

# Tables whose `contact_id` simply changes; the others (windows, tags, ledgers …) have a function here or in the store.
# A test holds this list against every column that refers to a contact.
MOVED: tuple[type[Any], ...] = (Identity, Message, Consent, ContactChange, ContactNote, FlowSession, AutomationRun)
OWNERS = (NOBODY, BY_BOT, BY_PEOPLE)  # likewise the owner: what people have, no bot gets back by a merge
ATTENTION = (BOT, SNOOZED, QUEUED, OPEN)  # of two conversations that become one, the more attended status stays


def merge(db: Session, keep_id: int, other_id: int, now: datetime, *, actor: str = "webhook") -> Contact:
    """Moves all that belongs to `other` to `keep`, which is returned; `other` stays as a row that points there."""
    keep, other = _lock(db, keep_id, other_id)
    stopped = {
        purpose for purpose in consent.COLUMNS for one in (keep, other) if consent.state(one, purpose) == STOPPED
    }
    _move_conversations(db, keep_id, other_id, now)
    for table in MOVED:
        db.execute(sa.update(table).where(table.contact_id == other_id).values(contact_id=keep_id))
    _move_windows(db, keep_id, other_id)
    tags.move(db, other_id, keep_id)
    segments.move(db, other_id, keep_id)
    campaigns.move(db, other_id, keep_id)
    _complete(keep, other, now)
    other.merged_into_id = keep_id
    other.updated_at = now
    db.execute(sa.update(Contact).where(col(Contact.merged_into_id) == other_id).values(merged_into_id=keep_id))
    payload = {"contact": keep_id, "merged": other_id}
    db.add(Event(org_id=keep.org_id, kind="contact:updated", payload=payload, at=now))
    db.flush()
    _settle_consent(db, keep, other_id, stopped, now, actor)
    merged = contact_history.line(keep.org_id, keep_id, "merged", None, other_id, actor=actor, now=now)
    contact_history.record(db, [merged])
    log.info("contacts merged", extra={"contact": keep_id, "merged": other_id})
    return keep


def _lock(db: Session, keep_id: int, other_id: int) -> tuple[Contact, Contact]:
    """Both rows, locked in the order of their ids, so that two merges at once do not wait for each other."""
    db.flush()  # what the caller changed in memory must not be written back over the merge
    both = select(Contact).where(col(Contact.id).in_([keep_id, other_id])).order_by(col(Contact.id))
    query = both.with_for_update().execution_options(populate_existing=True)
    rows = {row.id: row for row in db.exec(query)}
    for id_ in (keep_id, other_id):
        if id_ not in rows:
            raise NotFound("PT-CONTACT", "no contact matches {ref}", fix="pytake contact list", ref=f"contact:{id_}")
        if rows[id_].merged_into_id is not None:
            raise Conflict(
                "PT-CONTACT-MERGED",
                "contact:{id} was merged into contact:{into}",
                fix="pytake contact show contact:{into}",
                id=id_,
                into=rows[id_].merged_into_id,
            )
    refuse_same(keep_id, other_id)
    if rows[keep_id].org_id != rows[other_id].org_id:
        raise AssertionError("contacts of two organisations cannot be one")
    return rows[keep_id], rows[other_id]


def refuse_same(keep_id: int, other_id: int) -> None:
    """Raises Conflict if both are one already."""
    if keep_id == other_id:
        raise Conflict("PT-CONTACT-SAME", "both are contact:{id}", fix="pytake contact show contact:{id}", id=keep_id)


def _move_conversations(db: Session, keep_id: int, other_id: int, now: datetime) -> None:
    """Two unresolved ones on a number become one: the older goes on with the words of both."""
    unresolved = select(Conversation).where(
        col(Conversation.contact_id).in_([keep_id, other_id]), Conversation.status != RESOLVED
    )
    by_number: dict[int, list[Conversation]] = {}
    for conversation in db.exec(unresolved.order_by(col(Conversation.id))):
        by_number.setdefault(conversation.number_id, []).append(conversation)
    for older, *newer in by_number.values():
        for conversation in newer:
            _join(db, older, conversation, now)
    db.flush()  # at most one unresolved a contact and number, before the rest changes its contact
    theirs = col(Conversation.contact_id) == other_id
    db.execute(sa.update(Conversation).where(theirs).values(contact_id=keep_id))


def _join(db: Session, older: Conversation, newer: Conversation, now: datetime) -> None:
    before, gone = talks.kept(older), talks.kept(newer)
    for table in (Message, Note, Event, ConversationChange, Notification):
        of_newer = col(table.conversation_id) == newer.id
        db.execute(sa.update(table).where(of_newer).values(conversation_id=older.id))
    labels.join(db, _id(newer), _id(older))
    desks.join(db, _id(newer), _id(older))
    flow_sessions.move(db, _id(newer), _id(older), now)
    automations.move(db, _id(newer), _id(older), now)
    if OWNERS.index(newer.owner) > OWNERS.index(older.owner):
        older.owner = newer.owner
    if ATTENTION.index(newer.status) > ATTENTION.index(older.status):
        older.status, older.snoozed_until = newer.status, newer.snoozed_until
        older.snoozed_until_reply = newer.snoozed_until_reply
    older.assignee_id = older.assignee_id or newer.assignee_id
    older.team = older.team or newer.team
    if older.owner == BY_PEOPLE:
        flow_sessions.leave_to_people(db, _id(older), now, cause=f"merge:{newer.id}")
    if older.status == QUEUED and older.assignee_id is not None:
        older.status = OPEN
    older.unread_count += newer.unread_count
    waiting = [at for at in (older.waiting_since, newer.waiting_since) if at]
    older.waiting_since = min(waiting) if waiting else None
    if newer.last_message_at > older.last_message_at:
        older.last_message_at, older.preview = newer.last_message_at, newer.preview
    older.standby = older.standby and newer.standby
    talks.put(newer, "merge", now)
    talks.changed(db, newer, "merged", gone, now, cause="merge")
    if talks.changed(db, older, "merged", before, now, cause="merge") is None:
        talks.tell(db, older, "merged", now)


def _move_windows(db: Session, keep_id: int, other_id: int) -> None:
    windows = {w.number_id: w for w in db.exec(select(ServiceWindow).where(ServiceWindow.contact_id == keep_id))}
    for window in db.exec(select(ServiceWindow).where(ServiceWindow.contact_id == other_id)):
        kept = windows.get(window.number_id)
        if kept is None:
            values = window.model_dump(exclude={"contact_id"})
            db.add(ServiceWindow(contact_id=keep_id, **values))
        else:
            kept.last_inbound_at = _latest(kept.last_inbound_at, window.last_inbound_at)
            kept.entry_point_at = _latest(kept.entry_point_at, window.entry_point_at)
            kept.pair_free_at = _latest(kept.pair_free_at, window.pair_free_at)
        db.delete(window)
    db.flush()


def _complete(keep: Contact, other: Contact, now: datetime) -> None:
    """What `keep` does not know comes from `other`; a block or a stop of either holds for the person."""
    keep.name = keep.name or other.name
    keep.profile_name = keep.profile_name or other.profile_name
    keep.language = keep.language or other.language
    keep.tz = keep.tz or other.tz
    keep.fields = {**other.fields, **keep.fields}
    keep.stage = keep.stage or other.stage
    keep.score = max(keep.score, other.score)
    keep.vip = keep.vip or other.vip
    keep.blocked_at = keep.blocked_at or other.blocked_at
    keep.deleted_at = keep.deleted_at if other.deleted_at else None
    keep.automation_off_until = _latest(keep.automation_off_until, other.automation_off_until)
    keep.updated_at = now


def _settle_consent(db: Session, keep: Contact, other_id: int, stopped: set[str], now: datetime, actor: str) -> None:
    """The newest lines of what is one ledger now hold; but what either had stopped stays so, by a line that says it."""
    consent.recount(db, [_id(keep), other_id])
    db.refresh(keep)
    again = sorted(purpose for purpose in stopped if consent.state(keep, purpose) != STOPPED)
    proof = f"contact:{keep.id} or contact:{other_id}, which are one, had stopped it"
    lines = [consent.Line(_id(keep), purpose, False, "merge", now, proof, actor) for purpose in again]
    consent.write(db, keep.org_id, lines, now)
    db.refresh(keep)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [at for at in (one, other) if at]
    return max(known) if known else None


def _id(row: Conversation | Contact) -> int:
    assert row.id is not None
    return row.id
