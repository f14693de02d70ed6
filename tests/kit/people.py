"""Rows that many tests begin with: somebody who wrote to a number, with the conversation and the messages."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from pytake_cli.store import Store
from pytake_cli.store.contacts import Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.messages import IN, OUT, RANK, Message
from pytake_cli.store.numbers import Number
from pytake_cli.store.users import User
from tests.kit.stores import NOW

_serial = itertools.count(1)


def user(store: Store, org: int, email: str = "rita@loja.example", name: str = "Rita") -> User:
    with store.write() as db:
        row = User(org_id=org, email=email, name=name, role="AGENT", created_at=NOW)
        db.add(row)
        db.flush()
        return row


def wrote(
    store: Store, number_id: int, words: str = "oi", *, name: str = "Karina", phone: str = "", at: datetime = NOW
) -> Conversation:
    """Somebody new writes to the number: contact, identity, window, conversation and message."""
    with store.write() as db:
        number = db.get_one(Number, number_id)
        contact = Contact(org_id=number.org_id, profile_name=name, created_at=at, updated_at=at)
        db.add(contact)
        db.flush()
        assert contact.id is not None
        value = phone.removeprefix("+") or f"55119{next(_serial):08}"
        times: dict[str, Any] = {"first_seen_at": at, "last_seen_at": at}
        db.add(Identity(org_id=number.org_id, contact_id=contact.id, kind="phone", value=value, **times))
        db.add(ServiceWindow(org_id=number.org_id, number_id=number_id, contact_id=contact.id, last_inbound_at=at))
        conversation = Conversation(
            org_id=number.org_id,
            number_id=number_id,
            contact_id=contact.id,
            unread_count=1,
            waiting_since=at,
            preview=words,
            last_message_at=at,
            created_at=at,
        )
        db.add(conversation)
        db.flush()
        incoming(db, conversation, words, at=at)
        return conversation


def incoming(db: Session, conversation: Conversation, words: str, *, at: datetime = NOW, wamid: str = "") -> Message:
    return _message(db, conversation, words, at, direction=IN, origin="contact", wamid=wamid or _wamid())


def outgoing(
    db: Session, conversation: Conversation, words: str, *, status: str = "sent", at: datetime = NOW
) -> Message:
    went = {"status": status, "rank": RANK[status], "address": "+5511968184101"}
    if status not in ("queued", "sending"):
        went |= {"sent_at": at + timedelta(seconds=1), "wamid": _wamid(), "attempts": 1, "claimed_at": at}
    return _message(db, conversation, words, at, direction=OUT, origin="agent", **went)


def _message(db: Session, conversation: Conversation, words: str, at: datetime, **more: Any) -> Message:
    row = Message(
        org_id=conversation.org_id,
        number_id=conversation.number_id,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id or 0,
        kind="text",
        body={"type": "text", "text": {"body": words}},
        text=words,
        at=at,
        created_at=at,
        **more,
    )
    db.add(row)
    db.flush()
    return row


def _wamid() -> str:
    return f"wamid.HBgNNTUxMTk2ODE4NDEwMRUCABEYEj{next(_serial):08}/A=="
