"""Whose answer and whose opt-out a campaign can be credited with: its message was the newest, or the one quoted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from pytake_cli.store import answers
from pytake_cli.store.answers import Sent

CREDITED = timedelta(days=7)  # after a campaign's message; later words have other reasons
SECOND = timedelta(seconds=1)  # Meta's times have no smaller part


Answer = tuple[int, datetime, str | None]  # contact, when, the wamid that is quoted


def replied(db: Session, written: Sequence[Answer], now: datetime) -> int:
    """Credits each contact's first answer to the campaign that it answers; how many were credited."""
    found = answers.sent_to(db, sorted({contact_id for contact_id, _, _ in written}), now - CREDITED)
    credited: dict[int, datetime] = {}
    for contact_id, at, quotes in written:
        sent = _answered(found.get(contact_id, ()), at, quotes)
        if sent is not None and sent.replied_at is None:
            credited.setdefault(sent.recipient_id, at)
    answers.note_replies(db, credited)
    return len(credited)


def opted_out(db: Session, contact_ids: Sequence[int], at: datetime) -> None:
    """Credits an opt-out to the newest campaign that wrote to the contact before."""
    found = answers.sent_to(db, sorted(contact_ids), at - CREDITED)
    credited = {}
    for contact_id in contact_ids:
        sent = _answered(found.get(contact_id, ()), at)
        if sent is not None and sent.opted_out_at is None:
            credited[sent.recipient_id] = at
    answers.note_opt_outs(db, credited)


def _answered(sent: Sequence[Sent], at: datetime, quotes: str | None = None) -> Sent | None:
    """Of a contact's campaign messages, the newest first, the one that was answered."""
    quoted = next((one for one in sent if quotes and one.wamid == quotes), None)
    return quoted or next((one for one in sent if one.sent_at < at + SECOND), None)
