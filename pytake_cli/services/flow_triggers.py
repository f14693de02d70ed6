"""Which flow a message starts, or would start: the published flows of the organisation against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from pytake_cli.flow import triggers
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.triggers import Candidate, Heard, Offer
from pytake_cli.locale import Phrase
from pytake_cli.services import flow_scope, flow_sessions, incidents, opt_out
from pytake_cli.services.flow_library import definition
from pytake_cli.services.segment_person import StoredPerson
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import BY_PEOPLE, RESOLVED, Conversation
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation

_told: set[str] = set()  # versions that cannot be read, told of once a process and not once a message


@dataclass(frozen=True, slots=True)
class Choice:
    """What would happen to a message: `instead` says what comes before every trigger, if something does."""

    candidates: Sequence[Candidate]
    instead: str = ""  # opt_out | opted_out | people | session | standby | blocked | off
    detail: str = ""


_PUBLISHED = (
    select(Flow, FlowVersion)
    .join(FlowVersion, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
    .where(col(Flow.org_id) == bindparam("org"))
    .order_by(col(Flow.name))
)


def offers(db: Session, org_id: int, now: datetime) -> list[tuple[Offer, FlowVersion]]:
    """The published flows that have triggers; one that this program cannot read is an incident, not an end."""
    found: list[tuple[Offer, FlowVersion]] = []
    for flow, version in db.exec(_PUBLISHED, params={"org": org_id}):
        try:
            read = definition(version)
        except FlowErrors as error:
            if version.ref not in _told:
                _told.add(version.ref)
                what = Phrase("{flow} cannot be read: {why}", flow=version.ref, why=str(error))
                incidents.tell(db, org_id, "PT-FLOW-BROKEN", what, now)
            continue
        if read.triggers:
            found.append((Offer(read, flow.paused), version))
    return found


def names_of(number: Number) -> tuple[str, ...]:
    """What a flow's scope may call a number."""
    return tuple({number.name, number.display, number.display.lstrip("+"), number.phone_number_id} - {""})


def choose(
    db: Session, found: Sequence[Offer], heard: Heard, contact: Contact, tz: str, now: datetime
) -> list[Candidate]:
    """Every candidate for what was heard, the best first."""
    person = StoredPerson(db, contact, now)

    def why_not(definition: Definition) -> str:
        return flow_scope.why_not(definition, person, now, tz)

    return triggers.choose(found, heard, why_not)


def explain(
    db: Session,
    contact: Contact,
    text: str,
    number: Number,
    now: datetime,
    *,
    button: str | None = None,
    new_contact: bool = False,
) -> Choice:
    """What a message of the contact's would do now, and why each trigger would win or lose; changes nothing."""
    org = db.get_one(Organisation, number.org_id)
    conversation = db.exec(
        select(Conversation).where(
            Conversation.number_id == number.id,
            Conversation.contact_id == contact.id,
            Conversation.status != RESOLVED,
        )
    ).first()
    heard = Heard(text, button, None, new_contact, conversation is None, names_of(number))
    offered = [offer for offer, _ in offers(db, number.org_id, now)]
    candidates = choose(db, offered, heard, contact, org.tz, now)
    verdict = opt_out.words(org).verdict(text)
    if verdict == "stop" or (verdict == "start" and contact.opted_out_at):
        return Choice(candidates, "opt_out", verdict)
    for instead, holds in _before(contact, conversation, now):
        if holds:
            return Choice(candidates, instead)
    session = sessions.of_conversation(db, conversation.id or 0) if conversation is not None else None
    winner = triggers.chosen(candidates)
    if session is not None and not (winner and flow_sessions.gives_way(session, winner.kind)):
        return Choice(candidates, "session", f"{session.id}: {session.step}")
    return Choice(candidates)


def _before(contact: Contact, conversation: Conversation | None, now: datetime) -> list[tuple[str, bool]]:
    return [
        ("blocked", contact.blocked_at is not None),
        ("opted_out", contact.opted_out_at is not None),
        ("off", is_off(contact, now)),
        ("standby", conversation is not None and conversation.standby),
        ("people", conversation is not None and conversation.owner == BY_PEOPLE),
    ]


def is_off(contact: Contact, now: datetime) -> bool:
    """Whether two bots were talking to one another a short while ago."""
    return contact.automation_off_until is not None and contact.automation_off_until > now
