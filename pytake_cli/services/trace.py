"""Trace: the whole life of one message in order, from the webhook or the command to Meta's last word on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import LargeBinary, func, literal
from sqlmodel import Session, col, select

from pytake_cli.errors import PytakeError
from pytake_cli.store import facts
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Journal, Quarantine
from pytake_cli.store.media import Media
from pytake_cli.store.messages import IN, Message, StatusEvent
from pytake_cli.store.numbers import Number
from pytake_cli.whatsapp import messages as wire
from pytake_cli.whatsapp import webhooks
from pytake_cli.whatsapp.webhooks import Echo, Incoming, Status

CHUNK = 500  # journal rows looked at in one go
FARTHEST = 200_000  # journal rows before the search gives up: older ones are likely pruned

# step -> what it means; the order of those that happen at the same moment
STEPS = (
    "webhook",  # a signed body arrived: journal, digest, app, bytes
    "applied",  # it was understood and put into rows: seconds since it arrived
    "message",  # the row was made: id, kind, text, contact, number
    "queued",  # it waits for the sender: origin, due_at
    "conversation",  # what it belongs to: id, status
    "claimed",  # a sender took it: claim, attempt
    "request",  # what is or was handed to Meta: method, path, body, attempts
    "sent",  # Meta took it: wamid
    "status",  # Meta told how far it got: status, errors, pricing
    "error",  # it failed or is in doubt: code, error
    "media",  # its file: state, size, sha256
    "job",  # work it caused: kind, state, attempts
    "waits",  # what it waits for now: due_at
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; `what` is one of STEPS, `data` what that step's line above names."""

    at: datetime
    what: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """A message and its steps, oldest first."""

    message: Message
    contact: Contact
    conversation: Conversation
    number: Number
    steps: tuple[Step, ...]


def trace(db: Session, message: Message) -> Trace:
    contact = db.exec(select(Contact).where(Contact.id == message.contact_id)).one()
    conversation = db.exec(select(Conversation).where(Conversation.id == message.conversation_id)).one()
    number = db.exec(select(Number).where(Number.id == message.number_id)).one()
    steps = [
        *(_came(db, message) if message.direction == IN else _went(db, message, number)),
        Step(message.created_at, "conversation", {"conversation": conversation.id, "status": conversation.status}),
        *_told(db, message),
        *_media(db, message),
        *_jobs(db, message),
    ]
    steps.sort(key=lambda step: (step.at, STEPS.index(step.what)))
    return Trace(message, contact, conversation, number, tuple(steps))


def _came(db: Session, message: Message) -> Iterator[Step]:
    yield from _webhook(db, message, message.created_at, Incoming | Echo)
    yield Step(message.created_at, "message", _row(message))


def _went(db: Session, message: Message, number: Number) -> Iterator[Step]:
    queued = {**_row(message), "origin": message.origin, "due_at": message.due_at, "client_key": message.client_key}
    yield Step(message.created_at, "message" if message.origin == "app" else "queued", queued)
    if message.origin == "app":
        yield from _webhook(db, message, message.created_at, Echo)
        return
    if message.claimed_at is not None:
        claimed = {"attempt": message.attempts, "claim": message.claim}
        yield Step(message.claimed_at, "claimed", claimed)
    yield Step(message.claimed_at or message.created_at, "request", _request(db, message, number))
    if message.sent_at is not None and message.wamid:
        yield Step(message.sent_at, "sent", {"wamid": message.wamid, "duplicate": message.possible_duplicate})
    if message.error or message.error_code:
        yield Step(
            message.failed_at or message.claimed_at or message.created_at,
            "error",
            {"code": message.error_code, "error": message.error, "status": message.status},
        )
    if message.due_at is not None and message.status in ("queued", "unknown"):
        yield Step(message.due_at, "waits", {"status": message.status, "due_at": message.due_at})


def _row(message: Message) -> dict[str, Any]:
    return {
        "message": message.id,
        "kind": message.kind,
        "text": message.text,
        "contact": message.contact_id,
        "number": message.number_id,
        "wamid": message.wamid,
        "reply_to": message.reply_to,
    }


def _request(db: Session, message: Message, number: Number) -> dict[str, Any]:
    """The request as the sender makes it; `attempts` of 0 means that it has not been made yet."""
    opaque = f"pytake:{facts.get(db, 'instance') or ''}.{message.id}.{max(message.attempts, 1)}"
    address = wire.Address(cast(Any, message.address_kind), message.address)
    try:
        body = wire.request(message.body, address, reply_to=message.reply_to, opaque=opaque)
    except PytakeError as error:
        body = {"error": str(error)}
    path = f"/{number.phone_number_id}/messages"
    return {"method": "POST", "path": path, "attempts": message.attempts, "body": body}


def _told(db: Session, message: Message) -> Iterator[Step]:
    """Every status that Meta sent, with the webhook that brought it."""
    own = select(StatusEvent).where(StatusEvent.message_id == message.id).order_by(col(StatusEvent.at))
    for told in db.exec(own).all():
        row = _journal_of(db, told.wamid, told.received_at, lambda update, t=told: _is_status(update, t))
        data = {
            "status": told.status,
            "errors": told.errors,
            "pricing": told.pricing,
            "participant": told.participant,
            "meta_at": told.at,
            "journal": row.id if row else None,
        }
        # Meta's own time has whole seconds only, and would stand before the send that caused it
        yield Step(told.received_at, "status", {key: value for key, value in data.items() if value})


def _media(db: Session, message: Message) -> Iterator[Step]:
    for media in db.exec(select(Media).where(Media.message_id == message.id)):
        data = {
            "media": media.id,
            "state": media.state,
            "mime_type": media.mime_type or media.declared_mime_type,
            "bytes": media.size_bytes,
            "sha256": media.sha256,
            "reason": media.reason,
        }
        yield Step(media.created_at, "media", {key: value for key, value in data.items() if value})


def _jobs(db: Session, message: Message) -> Iterator[Step]:
    keys = [f"read:{message.wamid}"]
    keys += [f"media:{id_}" for id_ in db.exec(select(Media.id).where(Media.message_id == message.id))]
    for job in db.exec(select(Job).where(col(Job.key).in_(keys))):
        data = {"job": job.id, "kind": job.kind, "state": job.state, "attempts": job.attempts, "error": job.error}
        yield Step(job.done_at or job.created_at, "job", {key: value for key, value in data.items() if value})


def _is_status(update: Any, told: StatusEvent) -> bool:
    return isinstance(update, Status) and (update.wamid, update.status) == (told.wamid, told.status)


def _webhook(db: Session, message: Message, applied_at: datetime, kinds: Any) -> Iterator[Step]:
    if message.wamid is None:
        return
    row = _journal_of(db, message.wamid, applied_at, lambda update: isinstance(update, kinds))
    if row is None:
        return
    data = {
        "journal": row.id,
        "app": row.app,
        "digest": row.digest.hex(),
        "bytes": len(row.body),
    }
    yield Step(row.received_at, "webhook", data)
    if row.applied_at is not None:
        seconds = (row.applied_at - row.received_at).total_seconds()
        yield Step(row.applied_at, "applied", {"journal": row.id, "seconds": round(seconds, 3)})
    for bad in db.exec(select(Quarantine).where(Quarantine.journal_id == row.id)):
        yield Step(bad.created_at, "error", {"quarantine": bad.id, "error": bad.reason})


def _journal_of(db: Session, wamid: str, until: datetime, belongs: Any) -> Journal | None:
    """The webhook that told of the wamid. The journal's ids follow its times, so the search walks back from `until`."""
    needle = max(wamid.split("/"), key=len).encode()  # JSON may escape the slash
    contains = func.instr if db.get_bind().dialect.name == "sqlite" else _position
    upper = _last_before(db, until)
    for top in range(upper, max(0, upper - FARTHEST), -CHUNK):
        rows = db.exec(
            select(Journal)
            .where(col(Journal.id) <= top, col(Journal.id) > top - CHUNK, contains(Journal.body, needle) > 0)
            .order_by(col(Journal.id))
        ).all()
        for row in rows:
            if any(getattr(update, "wamid", "") == wamid and belongs(update) for update in webhooks.parse(row.body)):
                return row
    return None


def _position(body: Any, needle: bytes) -> Any:
    return func.position(literal(needle, LargeBinary).op("IN")(body))


def _last_before(db: Session, until: datetime) -> int:
    """The highest journal id received at or before `until`, by halving."""
    low, high = 0, db.exec(select(func.max(Journal.id))).one() or 0
    while low < high:
        middle = (low + high + 1) // 2
        query = select(Journal.received_at).where(col(Journal.id) >= middle).order_by(col(Journal.id)).limit(1)
        received_at = db.exec(query).first()
        if received_at is not None and received_at <= until:
            low = middle
        else:
            high = middle - 1
    return low
