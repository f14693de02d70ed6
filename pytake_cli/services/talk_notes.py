"""Notes and drafts of the inbox: what agents write for each other, and what they have not sent yet."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from pytake_cli.errors import Conflict, InvalidData
from pytake_cli.policy.people import storable
from pytake_cli.policy.talks import WRITE
from pytake_cli.services import conversations
from pytake_cli.services.principals import Principal
from pytake_cli.services.talk_actions import user_of
from pytake_cli.services.talk_sending import client_key
from pytake_cli.store import desks
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.desks import NOTE, REPLY, Draft
from pytake_cli.store.users import User

LONGEST_DRAFT = 10_000  # characters: a note's length, more than a message has


def write(
    db: Session, who: Principal, conversation: Conversation, body: str, now: datetime, *, client_id: str | None = None
) -> Note:
    """A note in the timeline; the same client id gives the first note again."""
    who.require(WRITE)
    key = client_key(who, client_id)
    if key is not None:
        known = db.exec(select(Note).where(Note.org_id == conversation.org_id, Note.client_key == key)).first()
        if known is not None:
            return _same(known, conversation, body, key)
    by = db.get(User, who.user_id) if who.user_id is not None else None
    note = conversations.add_note(db, conversation, body, by=by, now=now, client_key=key)
    if who.user_id is not None:
        mine = db.get(Draft, (conversation.id or 0, who.user_id))
        if mine is not None and mine.mode == NOTE:
            db.delete(mine)
    return note


def _same(known: Note, conversation: Conversation, body: str, key: str) -> Note:
    if known.conversation_id == conversation.id and known.body == storable(body).strip():
        return known
    raise Conflict(
        "PT-IDEMPOTENCY",
        "the idempotency key {key} was used for another note ({id})",
        fix="another client_id",
        key=key,
        id=known.id,
    )


def draft(db: Session, who: Principal, conversation: Conversation) -> Draft | None:
    """What this agent has begun to write."""
    return db.get(Draft, (conversation.id or 0, user_of(who)))


def keep_draft(
    db: Session,
    who: Principal,
    conversation: Conversation,
    text: str,
    now: datetime,
    *,
    mode: str = REPLY,
    reply_to: int | None = None,
    why: str = "",
) -> None:
    """Keeps it in place of what was there; empty words throw it away. Nobody else is told: it is theirs."""
    who.require(WRITE)
    words = storable(text)
    if len(words) > LONGEST_DRAFT:
        raise InvalidData(
            "PT-DRAFT-LONG",
            "the draft has {length} characters, {most} are the most",
            fix="a shorter one",
            length=len(words),
            most=LONGEST_DRAFT,
        )
    if not words.strip():
        desks.drop_draft(db, user_of(who), conversation.id or 0)
        return
    row = {
        "conversation_id": conversation.id,
        "user_id": user_of(who),
        "org_id": conversation.org_id,
        "text": words,
        "mode": mode,
        "reply_to": reply_to,
        "why": storable(why)[:200],
        "updated_at": now,
    }
    desks.put_draft(db, row)


def drop_draft(db: Session, who: Principal, conversation: Conversation) -> None:
    desks.drop_draft(db, user_of(who), conversation.id or 0)
