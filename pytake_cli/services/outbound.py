"""What happens when somebody wants a message sent: checked, queued with its conversation, cancelled, tried again."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from pytake_cli.errors import Conflict, Forbidden, InvalidData, LimitReached
from pytake_cli.policy import delivery, window
from pytake_cli.services import contact_removal, contacts, ownership
from pytake_cli.services.sending import needs_window
from pytake_cli.store.contacts import Contact, ServiceWindow
from pytake_cli.store.conversations import BOT, BY_BOT, OPEN, QUEUED, RESOLVED, SNOOZED, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.messages import AUTOMATIC, CAMPAIGN, LIVE, OUT, RANK, Message
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.work import Lane, poke
from pytake_cli.whatsapp import messages as wire

PRIORITY = {"agent": LIVE, "api": LIVE, "bot": AUTOMATIC, "campaign": CAMPAIGN}
BEGINS = {"bot": BOT}  # status of a conversation that such a message opens; else open
PREVIEW_LENGTH = 200


def queue(
    db: Session,
    *,
    number: Number,
    contact_id: int,
    outgoing: wire.Outgoing,
    origin: str,
    now: datetime,
    author_id: int | None = None,
    reply_to: str | None = None,
    due_at: datetime | None = None,
    client_key: str | None = None,
    conversation: Conversation | None = None,
) -> Message:
    """Puts a message in the outbox; the number's sender is woken when the transaction commits.

    With a `client_key` that was used before, the first message is returned; with other content that is a Conflict.
    """
    assert number.id is not None
    # The conversation first, as those do who walk a flow in it: so nobody waits in a circle (on PostgreSQL).
    conversation = conversation or unresolved(db, number.id, contact_id)
    # Locked before anything is looked up: a rival may be using the key, or opening the conversation (on PostgreSQL).
    contact = _existing(db, number, contact_id)
    first = by_client_key(db, number.org_id, client_key) if client_key else None
    if first is not None:
        return _same_or_conflict(first, outgoing, contact_id)
    wire.check(outgoing.body)
    due = due_at or now
    refuse_unwanted(db, number, contact, outgoing, origin, due)
    address = contacts.address(db, contact, number.portfolio_id)
    conversation = conversation or open_conversation(db, number, contact_id, now, status=BEGINS.get(origin, OPEN))
    if contact.deleted_at is not None:
        contact_removal.revive(db, [contact_id], actor="message", now=now)
    if origin == "agent":
        ownership.to_people(db, conversation, now, cause="person:message")
    message = _in_outbox(number, contact_id, conversation, outgoing, origin, now)
    message.address_kind, message.address = address.kind, address.value
    message.author_id, message.reply_to, message.client_key, message.due_at = author_id, reply_to, client_key, due
    return _put(db, message, conversation, now)


def _put(db: Session, message: Message, conversation: Conversation, now: datetime) -> Message:
    db.add(message)
    _touch(conversation, message, now)
    db.flush()
    announce(db, message, now)
    wake_sender(db, message)
    return message


def _existing(db: Session, number: Number, contact_id: int) -> Contact:
    """The contact, locked, if it is one of the number's organisation."""
    # Not from those who only refer to the contact: two arrivals of one person would wait for each other.
    contact = db.get(Contact, contact_id, with_for_update={"key_share": True})
    if contact is None or contact.org_id != number.org_id:
        raise InvalidData(
            "PT-CONTACT", "contact {contact} does not exist", fix="pytake contact list", contact=contact_id
        )
    return contact


def _in_outbox(
    number: Number, contact_id: int, conversation: Conversation, outgoing: wire.Outgoing, origin: str, now: datetime
) -> Message:
    assert number.id is not None
    assert conversation.id is not None
    return Message(
        org_id=number.org_id,
        number_id=number.id,
        contact_id=contact_id,
        conversation_id=conversation.id,
        direction=OUT,
        origin=origin,
        kind=outgoing.kind,
        body=outgoing.body,
        text=wire.summary(outgoing.body),
        status="queued",
        rank=RANK["queued"],
        priority=PRIORITY[origin],
        on_unknown=delivery.on_unknown(origin, outgoing.kind),
        at=now,
        created_at=now,
    )


def refuse_unwanted(
    db: Session, number: Number, contact: Contact, outgoing: wire.Outgoing, origin: str, due: datetime
) -> None:
    """Raises what would make Meta refuse the message, or what the contact asked us not to do."""
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
    service_window = db.get(ServiceWindow, (number.id, contact.id))
    last_inbound_at = service_window.last_inbound_at if service_window else None
    if not window.window_is_open(last_inbound_at, due):
        closed = window.closes_at(last_inbound_at)
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


def by_client_key(db: Session, org_id: int, client_key: str) -> Message | None:
    return db.exec(select(Message).where(Message.org_id == org_id, Message.client_key == client_key)).first()


def _same_or_conflict(first: Message, outgoing: wire.Outgoing, contact_id: int) -> Message:
    if first.body == outgoing.body and first.contact_id == contact_id:
        return first
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


def _touch(conversation: Conversation, message: Message, now: datetime) -> None:
    conversation.last_message_at = now
    conversation.preview = message.text[:PREVIEW_LENGTH]
    if message.origin in ("agent", "app", "api"):
        conversation.unread_count = 0
        conversation.waiting_since = None
        if conversation.status in (QUEUED, SNOOZED) or (conversation.status == BOT and conversation.owner != BY_BOT):
            conversation.status = OPEN


def announce(db: Session, message: Message, now: datetime) -> None:
    """Tells the inboxes that there is a new message."""
    payload = {
        "message": message.id,
        "conversation": message.conversation_id,
        "contact": message.contact_id,
        "direction": message.direction,
        "kind": message.kind,
    }
    db.add(
        Event(
            org_id=message.org_id,
            kind="message:new",
            conversation_id=message.conversation_id,
            payload=payload,
            at=now,
        )
    )


def wake_sender(db: Session, message: Message) -> None:
    lane: Lane = "campaign" if message.priority == CAMPAIGN else "live"
    poke(db, "number", message.number_id, lane)


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
    refuse_unwanted(db, number, contact, wire.Outgoing(message.kind, message.body), message.origin, now)
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
    wake_sender(db, message)


def _set_status(db: Session, message: Message, status: str, now: datetime) -> None:
    message.status, message.rank = status, RANK[status]
    db.add(Event(org_id=message.org_id, kind="message:status", payload={"statuses": [[message.id, status]]}, at=now))
