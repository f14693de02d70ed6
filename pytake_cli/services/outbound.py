"""What happens when somebody wants a message sent: checked, queued with its conversation, cancelled, tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, Forbidden, InvalidData, LimitReached
from pytake_cli.policy import delivery, window
from pytake_cli.services import contact_removal, ownership, parties, talks
from pytake_cli.services.parties import Party
from pytake_cli.services.sending import needs_window
from pytake_cli.store import events, templates
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BOT, BY_BOT, OPEN, RESOLVED, SNOOZED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import AUTOMATIC, CAMPAIGN, LIVE, OUT, RANK, Message
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.work import Lane, poke
from pytake_cli.whatsapp import messages as wire

PRIORITY = {"agent": LIVE, "api": LIVE, "bot": AUTOMATIC, "campaign": CAMPAIGN}
BEGINS = {"bot": BOT}  # status of a conversation that such a message opens; else open
PREVIEW_LENGTH = 200

message = Message.__table__  # type: ignore[attr-defined]


class More(TypedDict, total=False):
    """What else may be said of a message. A `party` was locked in this transaction, as the `conversation` was."""

    author_id: int | None
    reply_to: str | None
    due_at: datetime | None
    client_key: str | None
    conversation: Conversation | None
    party: Party | None
    shown: str  # in lists, instead of a summary of its body


def queue(
    db: Session,
    *,
    number: Number,
    contact_id: int,
    outgoing: wire.Outgoing,
    origin: str,
    now: datetime,
    **more: Unpack[More],
) -> Message:
    """Puts a message in the outbox; the number's sender is woken when the transaction commits.

    With a `client_key` that was used before, the first message is returned; with other content that is a Conflict.
    """
    id_ = put(db, number=number, contact_id=contact_id, outgoing=outgoing, origin=origin, now=now, **more)
    return db.get_one(Message, id_)


def put(
    db: Session,
    *,
    number: Number,
    contact_id: int,
    outgoing: wire.Outgoing,
    origin: str,
    now: datetime,
    **more: Unpack[More],
) -> int:
    """The same, for those who need no more than the message's id."""
    assert number.id is not None
    # The conversation first, as those do who walk a flow in it: so nobody waits in a circle (on PostgreSQL).
    conversation = more.get("conversation") or unresolved(db, number.id, contact_id)
    # Locked before anything is looked up: a rival may be using the key, or opening the conversation (on PostgreSQL).
    party = more.get("party") or _existing(db, number, contact_id)
    client_key = more.get("client_key")
    if client_key and (first := by_client_key(db, number.org_id, client_key)) is not None:
        return _same_or_conflict(first, outgoing, contact_id)
    wire.check(outgoing.body)
    due = more.get("due_at") or now
    refuse_unwanted(number, party, outgoing, origin, due)
    refuse_marketing(db, number, party, outgoing, origin)
    address = parties.address(party, number.portfolio_id)
    conversation = conversation or open_conversation(db, number, contact_id, now, status=BEGINS.get(origin, OPEN))
    _take_up(db, party, conversation, origin, now)
    row = {
        **_in_outbox(number, conversation, outgoing, origin, now),
        "contact_id": contact_id,
        "text": more.get("shown") or wire.summary(outgoing.body),
        "author_id": more.get("author_id"),
        "reply_to": more.get("reply_to"),
        "client_key": client_key,
        "due_at": due,
        "address_kind": address.kind,
        "address": address.value,
    }
    return _put(db, row, conversation, now)


def _take_up(db: Session, party: Party, conversation: Conversation, origin: str, now: datetime) -> None:
    """Whoever is written to is not deleted any more; what a person writes makes the conversation people's."""
    if party.contact.deleted_at is not None and party.contact.id is not None:
        contact_removal.revive(db, [party.contact.id], actor="message", now=now)
    if origin == "agent":
        ownership.to_people(db, conversation, now, cause="person:message")


def _put(db: Session, row: dict[str, Any], conversation: Conversation, now: datetime) -> int:
    id_: int = db.connection().execute(_PUT, row).scalar_one()
    was_asleep = conversation.status == SNOOZED
    _touch(conversation, row["text"], row["origin"], now)
    db.add(conversation)
    if was_asleep:
        _tell_woken(db, row, conversation, now)
    payload = {
        "message": id_,
        "conversation": conversation.id,
        "contact": row["contact_id"],
        "direction": OUT,
        "kind": row["kind"],
    }
    events.tell(db, row["org_id"], "message:new", payload, now, conversation.id)
    wake_sender(db, row["number_id"], row["priority"])
    return id_


def _tell_woken(db: Session, row: dict[str, Any], conversation: Conversation, now: datetime) -> None:
    """Who answers ends the snooze; no undo takes the answer back."""
    before = {"status": SNOOZED}
    line = talks.changed(db, conversation, "woken", before, now, by=row["author_id"], cause=row["origin"])
    if line is not None:
        line.undoable = False
        db.add(line)


_PUT = sa.insert(message).returning(message.c.id)


def _existing(db: Session, number: Number, contact_id: int) -> Party:
    """The contact, locked, if it is one of the number's organisation."""
    assert number.id is not None
    party = parties.locked(db, contact_id, number.id)
    if party is None or party.contact.org_id != number.org_id:
        raise InvalidData(
            "PT-CONTACT", "contact {contact} does not exist", fix="pytake contact list", contact=contact_id
        )
    return party


def _in_outbox(
    number: Number, conversation: Conversation, outgoing: wire.Outgoing, origin: str, now: datetime
) -> dict[str, Any]:
    return {
        "org_id": number.org_id,
        "number_id": number.id,
        "conversation_id": conversation.id,
        "direction": OUT,
        "origin": origin,
        "kind": outgoing.kind,
        "body": outgoing.body,
        "status": "queued",
        "rank": RANK["queued"],
        "priority": PRIORITY[origin],
        "on_unknown": delivery.on_unknown(origin, outgoing.kind),
        "attempts": 0,
        "possible_duplicate": False,
        "error": "",
        "at": now,
        "created_at": now,
    }


def refuse_unwanted(number: Number, party: Party, outgoing: wire.Outgoing, origin: str, due: datetime) -> None:
    """Raises what would make Meta refuse the message, or what the contact asked us not to do."""
    contact = party.contact
    if number.status == REMOVED:
        raise Conflict(
            "PT-NUMBER-REMOVED", "the number {number} was removed", fix="pytake number add -h", number=number.display
        )
    if contact.blocked_at is not None:
        raise Forbidden("PT-CONTACT-BLOCKED", "this contact is blocked", fix="pytake contact show {id}", id=contact.id)
    if contact.deleted_at is not None and origin in ("bot", "campaign"):
        raise Forbidden("PT-CONTACT-DELETED", "this contact was deleted", fix="pytake contact list")
    if origin == "bot" and contact.opted_out_at is not None and contact.opted_out_at < due:
        raise Forbidden(
            "PT-OPTED-OUT", "this contact wants no automatic messages", fix="pytake contact show {id}", id=contact.id
        )
    if origin == "campaign" and (contact.marketing_stopped_at or contact.opted_out_at):
        raise Forbidden(
            "PT-OPTED-OUT", "this contact opted out of marketing", fix="pytake contact show {id}", id=contact.id
        )
    if not needs_window(outgoing.kind):
        return
    if not window.window_is_open(party.last_inbound_at, due):
        closed = window.closes_at(party.last_inbound_at)
        raise LimitReached(
            "PT-WA-131047",
            "not sent: this person's 24-hour window closed {closed}"
            if closed
            else "not sent: this person has not written yet",
            why="Meta accepts only approved templates outside the window",
            fix="pytake message send --to contact:{contact} --template NAME",
            closed=closed.isoformat(timespec="minutes") if closed else "",
            contact=contact.id,
        )


def refuse_marketing(db: Session, number: Number, party: Party, outgoing: wire.Outgoing, origin: str) -> None:
    """Raises where somebody would send a marketing template by hand to a person who wants none."""
    contact = party.contact
    if origin != "agent" or outgoing.kind != "template" or not (contact.opted_out_at or contact.marketing_stopped_at):
        return
    named = outgoing.body["template"]
    template = templates.by_key(db, number.org_id, number.waba_id, named["name"], named["language"]["code"])
    if template is not None and template.category == "MARKETING":
        raise Forbidden(
            "PT-OPTED-OUT",
            "this contact opted out of marketing",
            why="{name} is a marketing template",
            fix="pytake contact optin contact:{id} --topic {topic} --source TEXT",
            name=template.name,
            id=contact.id,
            topic="all" if contact.opted_out_at else "marketing",
        )


def by_client_key(db: Session, org_id: int, client_key: str) -> Message | None:
    id_ = db.connection().execute(_BY_KEY, {"org": org_id, "key": client_key}).scalar()
    return db.get_one(Message, id_) if id_ is not None else None


_BY_KEY = sa.select(col(Message.id)).where(
    col(Message.org_id) == sa.bindparam("org"), col(Message.client_key) == sa.bindparam("key")
)


def _same_or_conflict(first: Message, outgoing: wire.Outgoing, contact_id: int) -> int:
    if first.body == outgoing.body and first.contact_id == contact_id:
        assert first.id is not None
        return first.id
    raise Conflict(
        "PT-IDEMPOTENCY",
        "the idempotency key {key} was used for another message ({id})",
        fix="pytake message show {id}",
        key=first.client_key,
        id=first.id,
    )


def unresolved(db: Session, number_id: int, contact_id: int) -> Conversation | None:
    """The one conversation of the pair that goes on, locked."""
    mine = (Conversation.number_id == number_id, Conversation.contact_id == contact_id)
    query = select(Conversation).where(*mine, Conversation.status != RESOLVED).with_for_update()
    return db.exec(query).first()


def open_conversation(db: Session, number: Number, contact_id: int, now: datetime, *, status: str) -> Conversation:
    """The unresolved conversation of the number and the contact, or a new one with `status`."""
    assert number.id is not None
    found = unresolved(db, number.id, contact_id)
    if found is not None:
        return found
    conversation = Conversation(
        org_id=number.org_id,
        number_id=number.id,
        contact_id=contact_id,
        status=status,
        last_message_at=now,
        created_at=now,
    )
    db.add(conversation)
    db.flush()
    return conversation


def _touch(conversation: Conversation, text: str, origin: str, now: datetime) -> None:
    conversation.last_message_at = now
    conversation.preview = text[:PREVIEW_LENGTH]
    if origin not in ("agent", "app", "api"):
        return
    if conversation.status == BOT and conversation.owner == BY_BOT:
        conversation.unread_count, conversation.waiting_since = 0, None  # a program wrote beside the bot
    elif conversation.status != RESOLVED:
        if conversation.first_replied_at is None and conversation.waiting_since is not None:
            conversation.people_since = conversation.people_since or conversation.waiting_since
            conversation.first_replied_at = now
        talks.put(conversation, "answered", now)


def wake_sender(db: Session, number_id: int, priority: int) -> None:
    lane: Lane = "campaign" if priority == CAMPAIGN else "live"
    poke(db, "number", number_id, lane)


def cancel(db: Session, message: Message, now: datetime) -> None:
    """Takes a message back that has not been handed to Meta."""
    _as_it_is_now(db, message)
    if message.status != "queued":
        raise Conflict(
            "PT-MESSAGE-STATE",
            "message {id} is {status}: only a queued one can be cancelled",
            fix="pytake message show {id}",
            id=message.id,
            status=message.status,
        )
    _set_status(db, message, "cancelled", now)
    message.due_at = None


def retry(db: Session, message: Message, now: datetime) -> None:
    """Queues a failed or cancelled message again, as a person's decision; the window is checked anew."""
    _as_it_is_now(db, message)
    if message.direction != OUT or message.status not in ("failed", "cancelled"):
        raise Conflict(
            "PT-MESSAGE-STATE",
            "message {id} is {status}: only a failed or cancelled one can be tried again",
            fix="pytake message show {id}",
            id=message.id,
            status=message.status,
        )
    number, contact = db.get_one(Number, message.number_id), db.get_one(Contact, message.contact_id)
    party = parties.of(db, contact, message.number_id)
    outgoing = wire.Outgoing(message.kind, message.body)
    refuse_unwanted(number, party, outgoing, message.origin, now)
    refuse_marketing(db, number, party, outgoing, message.origin)
    _requeue(db, message, now)


def settle(db: Session, message: Message, as_: str, now: datetime) -> None:
    """A person decides about a message whose fate is unknown: `sent`, `failed`, or `resend`."""
    _as_it_is_now(db, message)
    if message.status != "unknown":
        raise Conflict(
            "PT-MESSAGE-STATE",
            "message {id} is {status}: only an unknown one can be settled",
            fix="pytake message show {id}",
            id=message.id,
            status=message.status,
        )
    match as_:
        case "resend":
            message.possible_duplicate = True
            _requeue(db, message, now)
        case "sent":
            _set_status(db, message, "sent", now)
            message.sent_at = message.sent_at or message.claimed_at or now
            message.due_at = None
        case "failed":
            _set_status(db, message, "failed", now)
            message.failed_at = now
            message.due_at = None
            message.error = message.error or "settled as failed by a person"
        case _:
            raise InvalidData(
                "PT-SETTLE", "settle as sent, failed or resend, not {given}", fix="pytake message settle -h", given=as_
            )


def _as_it_is_now(db: Session, message: Message) -> None:
    """Reads the row again and locks it: a sender may have claimed it since it was looked up (on PostgreSQL)."""
    db.refresh(message, with_for_update=True)


def _requeue(db: Session, message: Message, now: datetime) -> None:
    """A new send: the old wamid's statuses still find the row by our id, and a new wamid takes its place."""
    message.wamid = None
    message.attempts = 0
    message.claim = None
    message.error_code, message.error, message.failed_at = None, "", None
    message.due_at = now
    _set_status(db, message, "queued", now)
    wake_sender(db, message.number_id, message.priority)


def _set_status(db: Session, message: Message, status: str, now: datetime) -> None:
    message.status, message.rank = status, RANK[status]
    db.add(Event(org_id=message.org_id, kind="message:status", payload={"statuses": [[message.id, status]]}, at=now))
