"""Sessions under way: the one door through which events reach them, and how they begin, fail and end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from pytake_cli import clock
from pytake_cli.flow import engine, hearing, wire
from pytake_cli.flow.context import Context
from pytake_cli.flow.effects import Effect, End
from pytake_cli.flow.events import EffectDone, EffectFailed, Event, Started
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.session import Session as State
from pytake_cli.flow.session import Wait
from pytake_cli.flow.triggers import TAKES_FROM_SILENT, TAKES_OVER
from pytake_cli.policy import loops
from pytake_cli.services import flow_context, flow_effects, incidents, parties, talks
from pytake_cli.services.flow_library import definition, published
from pytake_cli.services.parties import Party
from pytake_cli.store import Store, flow_sessions
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import RESOLVED, Conversation
from pytake_cli.store.database import is_outage
from pytake_cli.store.flow_sessions import ENDED, FlowRecord, FlowSession
from pytake_cli.store.flows import FlowVersion

log = logging.getLogger(__name__)


def lock(db: Session, conversation_id: int) -> Conversation:
    """The conversation as it is now, kept from others until the transaction ends: every event goes by here."""
    query = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    return db.exec(query.execution_options(populate_existing=True)).one()


def lock_session(db: Session, session_id: int) -> tuple[FlowSession, Conversation] | None:
    """A session and its conversation, locked; None when there is no such session."""
    fresh = select(FlowSession).where(FlowSession.id == session_id).execution_options(populate_existing=True)
    while (row := db.exec(fresh).first()) is not None:
        conversation = lock(db, row.conversation_id)
        row = db.exec(fresh).one()
        if row.conversation_id == conversation.id:  # else a merge moved it while we waited
            return row, conversation
    return None


def new(db: Session, conversation: Conversation, version: FlowVersion, now: datetime) -> FlowSession:
    """The row of a session that has not begun; one that is open in the conversation ends as `replaced`."""
    assert conversation.id is not None
    assert version.id is not None
    before = flow_sessions.of_conversation(db, conversation.id)
    if before is not None:
        flow_sessions.end(db, before, "replaced", now, cause=f"flow:{version.ref}:{now.timestamp():.6f}")
    row = FlowSession(
        org_id=conversation.org_id,
        flow_id=version.flow_id,
        version_id=version.id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        number_id=conversation.number_id,
        started_at=now,
        updated_at=now,
    )
    db.add(row)
    db.flush()
    give_to_bot(conversation, now)
    return row


def begin(
    db: Session,
    conversation: Conversation,
    version: FlowVersion,
    event: Started,
    cause: str,
    now: datetime,
    *,
    party: Party | None = None,
) -> FlowSession:
    """Starts a session of the version in a conversation that the caller has locked, and walks it to its first wait."""
    row = new(db, conversation, version, now)
    advance(db, row, event, cause, now, party=party)
    return row


def started(db: Session, contact_id: int, now: datetime, **more: Any) -> Started:
    """The event that starts a session; what was said to the contact lately counts on."""
    db.flush()
    said = flow_sessions.last_state(db, contact_id).get("said", ())
    return Started(now, chance=clock.chance(), said=tuple((mark, at) for mark, at in said), **more)


def advance(
    db: Session, row: FlowSession, event: Event, cause: str, now: datetime, *, party: Party | None = None
) -> list[Effect]:
    """Applies an event to a session whose conversation the caller has locked; what it made the session do.

    Nothing happens when the session has ended, or the cause is one that was applied before. A `party` is one that
    was locked in this transaction, and that nothing has changed since.
    """
    if row.status == ENDED or (row.serial and flow_sessions.happened(db, row, cause)):
        return []
    party = party or parties.locked(db, row.contact_id, row.number_id)
    assert party is not None
    conversation = db.get_one(Conversation, row.conversation_id)
    assert row.id is not None
    version = db.get_one(FlowVersion, row.version_id)
    context = flow_context.of(db, conversation, party, row.id, version)
    state, effects = _walk(row, event, version, context)
    _keep(row, state, now)
    if not flow_sessions.log_event(db, row, cause, wire.dump(event), flow_context.given(context)):
        raise AssertionError(f"session {row.id} was given {cause} twice at once, which its conversation's lock forbids")
    db.add(row)
    end = flow_effects.apply(db, row, conversation, party, effects, now)
    if end is not None:
        _after_end(db, row, conversation, end, now)
    return effects


def _walk(row: FlowSession, event: Event, version: FlowVersion, context: Context) -> tuple[State, list[Effect]]:
    flow = definition(version)
    if row.state:
        return engine.advance(State.from_json(row.state), event, flow, context)
    if not isinstance(event, Started):
        raise AssertionError(f"session {row.id} has not begun and was given {type(event).__name__}")
    return engine.start(str(row.id), flow, event, context)


def _keep(row: FlowSession, state: State, now: datetime) -> None:
    row.state = state.to_json()
    row.status = state.status
    row.step = state.frames[-1].step if state.frames else ""
    row.wait_kind = state.wait.kind if state.wait is not None else ""
    row.outcome = state.outcome
    row.serial = state.serial
    row.updated_at = now
    row.ended_at = now if state.status == ENDED else None


def _after_end(db: Session, row: FlowSession, conversation: Conversation, end: End, now: datetime) -> None:
    if end.next_flow:
        version = published(db, row.org_id, end.next_flow)
        if version is None:
            raise LookupError(f"goto_flow: no flow {end.next_flow} is published")
        event = Started(now, trigger="goto_flow", chance=clock.chance(), vars=end.vars, hops=end.hops, said=end.said)
        following = new(db, conversation, version, now)
        following.closes = row.closes
        advance(db, following, event, f"flow:{row.id}", now)
        return
    if (end.close or row.closes) and conversation.status != RESOLVED:
        resolve(db, conversation, now)


def resolve(db: Session, conversation: Conversation, now: datetime) -> None:
    """Closes the conversation as the bot does: the contact's next message opens another one."""
    talks.move(db, conversation, "close", now, cause="flow")


def give_to_bot(conversation: Conversation, now: datetime) -> None:
    """The bot answers from here on: nobody is waited for."""
    talks.put(conversation, "begin", now)


def answered(store: Store, session_id: int, token: str, event: Event, cause: str, now: datetime) -> bool:
    """Gives a session the answer of an effect, in a transaction of its own; False when it had that already."""
    if isinstance(event, EffectDone | EffectFailed) and event.token != token:
        raise AssertionError(f"an answer for {event.token} is not one for {token}")
    with store.write() as db:
        found = lock_session(db, session_id)
        if found is None:
            return False
        row, conversation = found
        if row.status == ENDED or flow_sessions.happened(db, row, cause):
            return False
        return guarded(db, conversation, now, lambda: advance(db, row, event, cause, now))


def guarded(db: Session, conversation: Conversation, now: datetime, work: Callable[[], Any]) -> bool:
    """Does the work in a savepoint. If it fails none of it stays: the session ends, people get the conversation."""
    conversation_id = conversation.id
    assert conversation_id is not None
    try:
        with db.begin_nested():
            work()
    except flow_effects.TooManyMessages as error:
        contact = db.get_one(Contact, lock(db, conversation_id).contact_id)
        contact.automation_off_until = now + loops.OFF
        fail(db, conversation_id, "PT-FLOW-LOOP", str(error), now)
    except Exception as error:
        if is_outage(error):
            raise  # the store, not the flow: it is tried again
        log.exception("a flow failed", extra={"conversation": conversation_id})
        fail(db, conversation_id, "PT-FLOW-FAILED", f"{type(error).__name__}: {error}"[:500], now)
    else:
        return True
    return False


def fail(db: Session, conversation_id: int, slug: str, why: str, now: datetime) -> None:
    """Ends the session as `failed`, tells people what went wrong, and gives them the conversation."""
    conversation = lock(db, conversation_id)
    row = flow_sessions.of_conversation(db, conversation_id)
    if row is not None:
        stands: dict[str, Any] = {
            "flow_id": row.flow_id,
            "version_id": row.version_id,
            "session_id": row.id,
            "org_id": row.org_id,
        }
        told = {"slug": slug, "why": why}
        db.add(FlowRecord(**stands, kind="incident", step=row.step, way="failed", value=told, at=now))
        flow_sessions.end(db, row, "failed", now, cause=f"failed:{now.timestamp():.6f}")
    session = row.id if row is not None else None
    incidents.tell(db, conversation.org_id, slug, why, now, conversation=conversation_id, session=session)
    queue_for_people(db, conversation, now)


def gives_way(row: FlowSession, kind: str, reply: Reply | None = None) -> bool:
    """Whether a trigger of that kind takes the conversation from the session, which ends as `replaced`.

    A session that waits for the person's words hears them first; only what says plainly that something else is wanted
    (the button of a template, an advertisement) comes before. One that waits for time or a signal gives way to words.
    """
    if row.wait_kind in ("", "reply", "answer"):
        wait = row.state.get("wait")
        if wait and reply is not None and hearing.taps(Wait.from_json(wait), reply):
            return False
        return kind in TAKES_OVER
    return kind in TAKES_FROM_SILENT


def queue_for_people(db: Session, conversation: Conversation, now: datetime) -> None:
    """Nobody automatic goes on with the conversation: it waits for a person, as from the message that came now."""
    if conversation.status == RESOLVED:
        return
    since, unread = conversation.waiting_since or now, max(1, conversation.unread_count)
    talks.move(db, conversation, "hand_off", now, cause="flow", waiting_since=since, unread_count=unread)
