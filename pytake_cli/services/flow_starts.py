"""A flow that nobody's message starts: a person does, or a campaign. Refused where it would speak out of turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, Forbidden, LimitReached, NotFound
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.effects import Effect, Record, Send
from pytake_cli.flow.opening import opens_with_template
from pytake_cli.policy import window
from pytake_cli.services import flow_effects, flow_scope, flow_sessions, flow_triggers, outbound, parties
from pytake_cli.services.flow_library import definition
from pytake_cli.services.parties import Party
from pytake_cli.services.segment_person import StoredPerson
from pytake_cli.store import answers
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BOT, BY_BOT, BY_PEOPLE, Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.messages import Message
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.store.organisations import Organisation

FAILED = "failed"  # how the engine ends a session when nothing was left to try


def startable(db: Session, org_id: int, name: str) -> FlowVersion:
    """The version that a flow starts with; NotFound when none is published, Conflict when the flow is disabled."""
    flow = db.exec(select(Flow).where(Flow.org_id == org_id, Flow.name == name)).first()
    if flow is None or flow.published_version_id is None:
        raise NotFound("PT-FLOW", "no flow {name} is published", fix="pytake flow list", name=name)
    if flow.paused:
        raise Conflict("PT-FLOW-DISABLED", "the flow {name} is disabled", fix="pytake flow enable {name}", name=name)
    return db.get_one(FlowVersion, flow.published_version_id)


def start(
    db: Session,
    version: FlowVersion,
    number: Number,
    contact_id: int,
    now: datetime,
    *,
    cause: str,
    trigger: str,
    replace: bool = False,
    given: Mapping[str, Any] | None = None,
) -> FlowSession:
    """Starts a session with a contact, in the conversation that goes on or in a new one.

    Raises why not; the caller takes back what was done then. `replace` ends a session that is open.
    """
    assert number.id is not None
    conversation = outbound.unresolved(db, number.id, contact_id)
    party = parties.locked(db, contact_id, number.id)
    if party is None or party.contact.org_id != version.org_id:
        raise NotFound("PT-CONTACT", "there is no contact {contact}", fix="pytake contact list", contact=contact_id)
    _refuse_unwanted(db, version, number, party, now)
    if conversation is not None:
        _refuse_taken(db, conversation, version, replace=replace)
    else:
        conversation = _opened(db, number, contact_id, now)
    row = flow_sessions.new(db, conversation, version, now)
    event = flow_sessions.started(db, contact_id, now, trigger=trigger, vars=dict(given or {}))
    try:
        effects = flow_sessions.advance(db, row, event, cause, now, party=party)
    except flow_effects.TooManyMessages as error:
        raise LimitReached(
            "PT-FLOW-LOOP", "{why}", fix="pytake contact show contact:{id}", why=str(error), id=contact_id
        ) from error
    _refuse_unheard(version, party, effects, now)
    if row.outcome == FAILED:
        raise _failed(version, effects)
    return row


def _failed(version: FlowVersion, effects: Sequence[Effect]) -> Conflict:
    """Why it came to nothing: people are not given conversations in which nobody has said a word."""
    lines = [each for each in effects if isinstance(each, Record) and each.kind in ("error", "incident")]
    step, why = (lines[0].step, f"{lines[0].way} {lines[0].value or ''}".strip()) if lines else ("", "")
    return Conflict(
        "PT-FLOW-START",
        "{flow} failed at {step} before it waited for anything: {reason}",
        fix="pytake flow show {flow}",
        flow=version.ref.partition("@")[0],
        step=step or "?",
        reason=why or "?",
    )


def _refuse_unwanted(db: Session, version: FlowVersion, number: Number, party: Party, now: datetime) -> None:
    """What concerns the contact and the number, whatever they are talking about."""
    contact = party.contact
    told: dict[str, Any] = {"fix": "pytake contact show contact:{contact}", "contact": contact.id}
    if number.status == REMOVED:
        raise Conflict(
            "PT-NUMBER-REMOVED", "the number {number} was removed", fix="pytake number add -h", number=number.display
        )
    if contact.blocked_at is not None:
        raise Forbidden("PT-CONTACT-BLOCKED", "this contact is blocked", **told)
    if contact.deleted_at is not None:
        raise Forbidden("PT-CONTACT-DELETED", "this contact was deleted", **told)
    if contact.opted_out_at is not None:
        raise Forbidden("PT-OPTED-OUT", "this contact wants no automatic messages", **told)
    if flow_triggers.is_off(contact, now):
        raise LimitReached(
            "PT-FLOW-LOOP", "no flow talks with this contact until {until}", **told, until=contact.automation_off_until
        )
    parties.address(party, number.portfolio_id)
    if why := _out_of_scope(db, version, number, contact, now):
        raise Conflict("PT-FLOW-SCOPE", "the flow is not for this contact: {scope}", **told, scope=why)


def _out_of_scope(db: Session, version: FlowVersion, number: Number, contact: Contact, now: datetime) -> str:
    flow = definition(version)
    numbers = {name.casefold() for name in flow.scope.numbers}
    if numbers and not numbers & {name.casefold() for name in flow_triggers.names_of(number)}:
        return f"only from {', '.join(flow.scope.numbers)}"
    tz = db.get_one(Organisation, version.org_id).tz
    return flow_scope.why_not(flow, StoredPerson(db, contact, now), now, tz)


def _refuse_taken(db: Session, conversation: Conversation, version: FlowVersion, *, replace: bool) -> None:
    """A conversation that people have or wait for, or another flow, is not spoken into."""
    assert conversation.id is not None
    told: dict[str, Any] = {"conversation": conversation.id, "flow": version.ref.partition("@")[0]}
    if conversation.standby:
        raise Conflict(
            "PT-FLOW-STANDBY",
            "Meta's agent has conversation #{conversation}",
            fix="pytake conversation show {conversation}",
            **told,
        )
    if conversation.owner == BY_PEOPLE or conversation.status != BOT:
        raise Conflict(
            "PT-FLOW-PEOPLE",
            "a person has conversation #{conversation}, or is waited for there",
            fix="pytake conversation handback {conversation} --flow {flow}",
            **told,
        )
    session = sessions.of_conversation(db, conversation.id)
    if session is not None and not replace:
        raise Conflict(
            "PT-FLOW-BUSY",
            "session {session} is open with this contact",
            fix="pytake flow start {flow} contact:{contact} --replace",
            session=session.id,
            contact=session.contact_id,
            **told,
        )


def _opened(db: Session, number: Number, contact_id: int, now: datetime) -> Conversation:
    """The conversation that a campaign opened and nobody answered, else a new one."""
    assert number.id is not None
    pair = (number.id, contact_id)
    taken = answers.take_up(db, {pair: (BOT, BY_BOT)}).get(pair)
    if taken is not None:
        return flow_sessions.lock(db, taken)
    return outbound.open_conversation(db, number, contact_id, now, status=BOT)


def _refuse_unheard(version: FlowVersion, party: Party, effects: Sequence[Effect], now: datetime) -> None:
    """With the 24-hour window closed, a flow must say something with a template first."""
    if window.window_is_open(party.last_inbound_at, now):
        return
    if not _speaks_first(effects, definition(version)):
        raise LimitReached(
            "PT-FLOW-CLOSED",
            "{flow} does not begin with a template, and this contact's 24-hour window is closed",
            why="Meta accepts only approved templates outside the window",
            fix="a template step before the first words: pytake flow show {flow}",
            flow=version.ref.partition("@")[0],
        )


def _speaks_first(effects: Sequence[Effect], flow: Definition) -> bool:
    """Whether its first words went out, or, where it has said nothing yet, will with the window closed."""
    for each in effects:
        if isinstance(each, Send):
            return True
        if isinstance(each, Record) and (each.kind, each.way) == ("error", "window"):
            return False
    return opens_with_template(flow)


def said(db: Session, row: FlowSession) -> list[Message]:
    """What the session has said so far, in order."""
    mine = (Message.conversation_id == row.conversation_id, col(Message.client_key).startswith(f"flow:{row.id}:"))
    return list(db.exec(select(Message).where(*mine).order_by(col(Message.id))))
