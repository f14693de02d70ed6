"""Whose answer and whose opt-out a campaign can be credited with: its message was the newest, or the one quoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from pytake_cli.store import answers
from pytake_cli.store.answers import Sent

CREDITED = timedelta(days=7)  # after a campaign's message; later words have other reasons
SECOND = timedelta(seconds=1)  # Meta's times have no smaller part


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that a contact wrote."""

    contact_id: int
    at: datetime
    quotes: str | None = None  # wamid


def replied(db: Session, written: Sequence[Answer], now: datetime) -> int:
    """Credits each contact's first answer to the campaign that it answers; how many were credited."""
    found = answers.sent_to(db, sorted({each.contact_id for each in written}), now - CREDITED)
    credited: dict[int, datetime] = {}
    for each in written:
        sent = _answered(found.get(each.contact_id, ()), each)
        if sent is not None and sent.replied_at is None:
            credited.setdefault(sent.recipient_id, each.at)
    answers.note_replies(db, credited)
    return len(credited)


def opted_out(db: Session, contact_ids: Sequence[int], at: datetime) -> None:
    """Credits an opt-out to the newest campaign that wrote to the contact before."""
    found = answers.sent_to(db, sorted(contact_ids), at - CREDITED)
    credited = {}
    for contact_id in contact_ids:
        sent = _answered(found.get(contact_id, ()), Answer(contact_id, at))
        if sent is not None and sent.opted_out_at is None:
            credited[sent.recipient_id] = at
    answers.note_opt_outs(db, credited)


def _answered(sent: Sequence[Sent], answer: Answer) -> Sent | None:
    """Of a contact's campaign messages, the newest first, the one that was answered."""
    quoted = next((one for one in sent if answer.quotes and one.wamid == answer.quotes), None)
    return quoted or next((one for one in sent if one.sent_at < answer.at + SECOND), None)
