"""What answers by itself when somebody writes: opt-out words, then the waiting session, then triggers, then people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from pytake_cli.errors import NotFound
from pytake_cli.flow import triggers
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.effects import Effect, Record
from pytake_cli.flow.events import Changed, HandedBack, Replied
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.triggers import Candidate, Heard, Offer
from pytake_cli.policy import window
from pytake_cli.policy.opt_out import Words
from pytake_cli.services import (
    conversations,
    flow_replies,
    flow_sessions,
    flow_timers,
    flow_triggers,
    opt_out,
    ownership,
    parties,
    rating_questions,
    talks,
)
from pytake_cli.services.flow_library import definition, published
from pytake_cli.services.parties import Party
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BOT, BY_BOT, BY_PEOPLE, NOBODY, RESOLVED, Conversation
from pytake_cli.store.flow_sessions import PERSON, FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User
from pytake_cli.whatsapp.webhooks import Incoming


@dataclass(frozen=True, slots=True)
class Word:
    """A message of a contact's that has just been stored."""

    writing: Incoming
    number: Number
    message_id: int
    conversation_id: int
    is_first: bool  # it opened its conversation


@dataclass(slots=True)
class Office:
    """What an organisation answers by, looked up once a batch."""

    org: Organisation
    words: Words
    has_flows: bool
    _offers: list[tuple[Offer, FlowVersion]] | None = field(default=None)

    def offers(self, db: Session, now: datetime) -> Sequence[Offer]:
        if self._offers is None:
            self._offers = flow_triggers.offers(db, self.org.id or 0, now)
        return [offer for offer, _ in self._offers]

    def version(self, flow: str) -> FlowVersion:
        """Of a flow that was offered."""
        return next(version for offer, version in self._offers or () if offer.flow.name == flow)


_FLOW = select(col(Flow.id)).where(col(Flow.org_id) == bindparam("org")).limit(1)


class Hearing:
    """Hears the messages of one batch, in their order."""

    def __init__(self, db: Session, now: datetime) -> None:
        self._db, self._now = db, now
        self._offices: dict[int, Office] = {}

    def hear(self, word: Word) -> bool:
        """Answers a message if something automatic does; False when it is left to people from the start."""
        office = self._office(word.number.org_id)
        writing = word.writing
        verdict = office.words.verdict(writing.text) if writing.kind in opt_out.TYPED else None
        tapped = writing.kind in ("interactive", "button")
        if verdict is None and not office.has_flows and not tapped and not word.is_first:
            return False
        conversation = self._conversation(word)
        contact = parties.lock(self._db, conversation.contact_id)
        assert contact is not None
        if verdict is not None and self._obey(word, office, conversation, contact, verdict):
            return True
        if window.is_stale(writing.at, self._now) or conversation.status == RESOLVED:
            return False
        if (tapped or word.is_first) and self._rated(word, conversation, contact):
            return True
        if not office.has_flows:
            return False
        if word.number.status == REMOVED:
            return False  # nothing is sent from it
        if writing.standby or conversation.standby:
            self._stand_by(conversation)
            return False
        if contact.blocked_at or contact.opted_out_at or flow_triggers.is_off(contact, self._now):
            self._leave(conversation)
            return True
        reply = flow_replies.of_writing(self._db, writing, word.message_id)
        if conversation.owner == BY_PEOPLE:
            return False
        party = parties.of(self._db, contact, conversation.number_id)
        answered: list[bool] = []

        def work() -> None:
            answered.append(self._answer(word, office, conversation, party, reply))

        return not flow_sessions.guarded(self._db, conversation, self._now, work) or answered[0]

    def _office(self, org_id: int) -> Office:
        if org_id not in self._offices:
            org = self._db.get_one(Organisation, org_id)
            known = self._db.connection().execute(_FLOW, {"org": org_id}).first()
            self._offices[org_id] = Office(org, opt_out.words(org), known is not None)
        return self._offices[org_id]

    def _conversation(self, word: Word) -> Conversation:
        """Where the message is now: the batch may have proved two contacts to be one."""
        conversation = flow_sessions.lock(self._db, word.conversation_id)
        if conversation.status != RESOLVED:
            return conversation
        where = select(Message.conversation_id).where(Message.id == word.message_id)
        return flow_sessions.lock(self._db, self._db.exec(where).one())

    def _obey(self, word: Word, office: Office, conversation: Conversation, contact: Contact, verdict: str) -> bool:
        proof = f"{word.writing.wamid}: {word.writing.text[:200]}"
        words = office.words
        if window.is_stale(word.writing.at, self._now):  # obeyed all the same; an answer would startle
            words = Words(words.stop, words.start, "", "")
        return opt_out.obey(
            self._db,
            word.number,
            conversation,
            contact,
            words,
            verdict,
            proof,
            word.message_id,
            self._now,
        )

    def _stand_by(self, conversation: Conversation) -> None:
        """Meta's agent has the conversation: ours says nothing, not even later."""
        assert conversation.id is not None
        row = sessions.of_conversation(self._db, conversation.id)
        if row is not None:
            sessions.end(self._db, row, "taken_over", self._now, cause=f"standby:{self._now.timestamp():.6f}")
        ownership.silence(self._db, conversation, self._now)

    def _leave(self, conversation: Conversation) -> None:
        """Nothing answers: people see it in their queue."""
        if conversation.owner != BY_PEOPLE and conversation.status == BOT:
            unread, since = max(1, conversation.unread_count), conversation.waiting_since or self._now
            talks.put(conversation, "leave", self._now, unread_count=unread, waiting_since=since)
            ownership.changed(self._db, conversation, None, self._now)

    def _rated(self, word: Word, conversation: Conversation, contact: Contact) -> bool:
        """Takes an answer to "how was it?"; a conversation that it alone opened is over again."""
        reply = flow_replies.of_writing(self._db, word.writing, word.message_id)
        if word.writing.standby or not rating_questions.hear(self._db, contact, conversation, reply, self._now):
            return False
        if conversation.owner == NOBODY and conversation.unread_count <= 1:
            flow_sessions.resolve(self._db, conversation, self._now)
        return True

    def _answer(self, word: Word, office: Office, conversation: Conversation, party: Party, reply: Reply) -> bool:
        assert conversation.id is not None
        row = sessions.of_conversation(self._db, conversation.id)
        if window.opens_window(word.writing.kind):
            heard = self._heard(word, party.contact, reply)
            if row is None or heard.button or heard.ad or row.wait_kind in ("time", "signal"):
                offers = office.offers(self._db, self._now)
                found = flow_triggers.choose(self._db, offers, heard, party.contact, office.org.tz, self._now)
                winner = triggers.chosen(found)
                if winner and (row is None or flow_sessions.gives_way(row, winner.kind, reply)):
                    return self._start(word, conversation, party, office.version(winner.flow), winner, reply)
            if row is None:
                self._leave(conversation)
                return False
        return row is not None and self._listen(word, conversation, party, row, reply)

    def _heard(self, word: Word, contact: Contact, reply: Reply) -> Heard:
        return Heard(
            text=reply.text if reply.kind in ("text", "button", "interactive") else "",
            button=reply.choice,
            ad=flow_replies.source_of_ad(word.writing.content),
            new_contact=word.is_first and contact.created_at == self._now,
            new_conversation=word.is_first,
            numbers=flow_triggers.names_of(word.number),
        )

    def _start(
        self,
        word: Word,
        conversation: Conversation,
        party: Party,
        version: FlowVersion,
        winner: Candidate,
        reply: Reply,
    ) -> bool:
        """Starts the flow that was chosen; with `debounce` once nothing more comes."""
        now, contact_id = self._now, conversation.contact_id
        pause = definition(version).debounce
        if pause is not None and not reply.choice:
            row = flow_sessions.new(self._db, conversation, version, now)
            flow_timers.hold(self._db, row, word.message_id, pause, now, trigger=winner.trigger)
            return True
        event = flow_sessions.started(self._db, contact_id, now, reply=reply, trigger=winner.trigger)
        flow_sessions.begin(self._db, conversation, version, event, f"message:{word.message_id}", now, party=party)
        return True

    def _listen(self, word: Word, conversation: Conversation, party: Party, row: FlowSession, reply: Reply) -> bool:
        """Gives the message to the session. What it does not hear while it waits for time is left to people as well."""
        waited = row.wait_kind
        pause = self._definition(row).debounce
        if pause is not None and waited in ("", "reply") and window.opens_window(reply.kind):
            flow_timers.hold(self._db, row, word.message_id, pause, self._now, at_once=bool(reply.choice))
            return True
        event = Replied(self._now, reply)
        cause = f"message:{word.message_id}"
        effects = flow_sessions.advance(self._db, row, event, cause, self._now, party=party)
        if conversation.owner != BY_BOT or conversation.status == RESOLVED:
            return True
        if waited in ("time", "signal") and _is_deaf(effects):
            talks.put(conversation, "unheard", self._now, waiting_since=conversation.waiting_since or self._now)
        elif window.opens_window(reply.kind):
            flow_sessions.give_to_bot(conversation, self._now)
        self._db.add(conversation)
        self._db.flush()
        return True

    def _definition(self, row: FlowSession) -> Definition:
        return definition(self._db.get_one(FlowVersion, row.version_id))


def _is_deaf(effects: Sequence[Effect]) -> bool:
    return all(isinstance(effect, Record) for effect in effects) and any(
        isinstance(effect, Record) and effect.kind == "ignored" for effect in effects
    )


def hand_back(db: Session, conversation: Conversation, flow: str | None, *, by: User | None, now: datetime) -> bool:
    """People give the conversation back to the bot, which goes on, begins `flow`, or waits for the next message.

    True when that changed anything. Raises NotFound for a flow that is not published.
    """
    ownership.refuse_resolved(conversation, "handback")
    assert conversation.id is not None
    ownership.lock(db, conversation)
    if conversation.owner == BY_BOT and conversation.status == BOT and flow is None:
        return False
    version = published(db, conversation.org_id, flow) if flow else None
    if flow and version is None:
        raise NotFound("PT-FLOW", "no flow {name} is published", fix="pytake flow list", name=flow)
    row = sessions.of_conversation(db, conversation.id)
    talks.move(db, conversation, "handback", now, by=by)
    cause = f"person:handback:{now.timestamp():.6f}"

    def work() -> Any:
        if version is not None:
            event = flow_sessions.started(db, conversation.contact_id, now, trigger="handback")
            return flow_sessions.begin(db, conversation, version, event, cause, now)
        return flow_sessions.advance(db, row, HandedBack(now), cause, now) if row is not None else None

    flow_sessions.guarded(db, conversation, now, work)
    return True


def close(db: Session, conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """A person closes the conversation. A flow that waits for that goes on first, and the end of it is the close.

    True when the conversation was not closed before.
    """
    assert conversation.id is not None
    ownership.lock(db, conversation)
    row = sessions.of_conversation(db, conversation.id) if conversation.status != RESOLVED else None
    if row is None or row.wait_kind not in (PERSON, "time"):
        return conversations.resolve(db, conversation, by=by, now=now)
    cause, serial = f"person:close:{now.timestamp():.6f}", row.state.get("wait")
    waits_for_people = row.wait_kind == PERSON
    if waits_for_people:
        flow_sessions.give_to_bot(conversation, now)
        ownership.changed(db, conversation, by, now)
    row.closes = True
    event = HandedBack(now, closed=True) if waits_for_people else Changed(now, "closed")
    flow_sessions.guarded(db, conversation, now, lambda: flow_sessions.advance(db, row, event, cause, now))
    goes_on = sessions.of_conversation(db, conversation.id)
    moved = goes_on is not None and goes_on.state.get("wait") != serial
    if conversation.status == RESOLVED or (moved and conversation.owner == BY_BOT):
        return True
    return conversations.resolve(db, conversation, by=by, now=now)
