"""The organisation's own word that a message has arrived, where nothing else answers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from pytake_cli.policy import window
from pytake_cli.services import outbound
from pytake_cli.services.automation import Word
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.numbers import REMOVED
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire

organisation = Organisation.__table__  # type: ignore[attr-defined]
_WORDS = sa.select(organisation.c.id, organisation.c.acknowledgement).where(
    organisation.c.id.in_(sa.bindparam("ids", expanding=True))
)


def words(db: Session, org_ids: set[int]) -> dict[int, str]:
    """What each organisation answers at once, where it does."""
    if not org_ids:
        return {}
    rows = db.connection().execute(_WORDS, {"ids": sorted(org_ids)})
    return {row.id: row.acknowledgement for row in rows if row.acknowledgement}


def acknowledge(db: Session, word: Word, contact_id: int, text: str, now: datetime) -> None:
    """Once a conversation, inside the window, and to nobody who is blocked or wants nothing automatic."""
    if word.number.status == REMOVED:
        return  # Meta may go on telling: it stays readable, and nothing is sent
    writing = word.writing
    if not text or not window.opens_window(writing.kind) or not window.window_is_open(writing.at, now):
        return
    contact = db.get_one(Contact, contact_id)
    if contact.blocked_at or contact.opted_out_at:
        return
    outbound.queue(
        db,
        number=word.number,
        contact_id=contact_id,
        outgoing=wire.text(text),
        origin="bot",
        now=now,
        conversation=db.get_one(Conversation, word.conversation_id),
    )
