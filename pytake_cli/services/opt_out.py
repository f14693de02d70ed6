"""Who wants nothing automatic any more, and who wants it again: by a word, with its proof, above everything else."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from pytake_cli import settings
from pytake_cli.errors import PytakeError
from pytake_cli.policy import window
from pytake_cli.policy.opt_out import Words, words_of
from pytake_cli.services import consent, outbound, ownership, talks
from pytake_cli.store import flow_sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BY_PEOPLE, Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.whatsapp import messages as wire

TYPED = frozenset({"text", "button"})  # kinds of messages whose words count: a tapped choice of a flow's has its own id


def words(org: Organisation) -> Words:
    """What the organisation goes by: its own words, those of the settings, and the defaults."""
    return words_of(org.settings, org.lang, settings.current().flows.opt_out_words)


def stop(db: Session, contact: Contact, proof: str, now: datetime) -> None:
    """Nothing automatic and no campaign reaches the contact from this transaction on."""
    assert contact.id is not None
    consent.withdraw(db, contact.id, consent.ALL, source="word", proof=proof, actor="contact", at=now)


def start(db: Session, contact: Contact, proof: str, now: datetime) -> None:
    """The contact wants automatic messages again; marketing stands as before, for a word is no opt-in to that."""
    assert contact.id is not None
    consent.grant(db, contact.id, consent.ALL, source="word", proof=proof, actor="contact", at=now)


def obey(
    db: Session,
    number: Number,
    conversation: Conversation,
    contact: Contact,
    words: Words,
    verdict: str,
    proof: str,
    message_id: int,
    now: datetime,
) -> bool:
    """Does what the word asks for; False when there is nothing to do, such as a start word of somebody who is in.

    The session ends as `opted_out`, what the bot has said and Meta has not got is taken back, and one answer confirms.
    """
    if (verdict == "stop") == (contact.opted_out_at is not None):
        return verdict == "stop"  # said again: heard, and nothing more is sent
    assert conversation.id is not None
    if verdict == "stop":
        row = flow_sessions.of_conversation(db, conversation.id)
        if row is not None:
            flow_sessions.end(db, row, "opted_out", now, cause=f"message:{message_id}")
        ownership.silence(db, conversation, now)
        stop(db, contact, proof, now)
    else:
        start(db, contact, proof, now)
    if conversation.owner != BY_PEOPLE:  # else somebody is talking, and reads it too
        talks.put(conversation, "begin", now)
    payload = {"contact": contact.id, "automatic": verdict == "start"}
    db.add(Event(org_id=contact.org_id, kind="contact:updated", payload=payload, at=now))
    db.flush()
    _confirm(db, number, conversation, words.stop_answer if verdict == "stop" else words.start_answer, message_id, now)
    return True


def _confirm(
    db: Session, number: Number, conversation: Conversation, answer: str, message_id: int, now: datetime
) -> None:
    if not answer.strip() or conversation.standby:
        return
    try:
        outbound.queue(
            db,
            number=number,
            contact_id=conversation.contact_id,
            outgoing=wire.text(answer),
            origin="bot",
            now=now,
            client_key=f"consent:{message_id}",
            conversation=conversation,
        )
    except PytakeError:  # a blocked contact, a window that closed while the message waited: the word holds all the same
        return


def may_answer(at: datetime, now: datetime) -> bool:
    """Whether a word is news: one that Meta delivers days later is obeyed without an answer."""
    return not window.is_stale(at, now)
