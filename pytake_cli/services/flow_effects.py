"""What a session wants done, as rows in the caller's transaction: messages, timers, jobs, changes, records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from sqlmodel import Session

from pytake_cli.flow import wire
from pytake_cli.flow.effects import (
    AskModel,
    CallHttp,
    CancelTimer,
    Effect,
    End,
    HandOff,
    LookUp,
    Notify,
    Record,
    RunCode,
    Send,
    SetContact,
    StartTimer,
)
from pytake_cli.flow.speech import Say, SayTemplate
from pytake_cli.locale import Phrase
from pytake_cli.policy import loops
from pytake_cli.services import contact_saves, handoffs, incidents, outbound, ratings, speech
from pytake_cli.services.parties import Party
from pytake_cli.store import flow_sessions, jobs, outbox, timers
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.flow_sessions import FlowSession
from pytake_cli.store.numbers import Number
from pytake_cli.store.timers import EXPIRE, WAIT

# Effects that are answered: their job's kind. Its key is `flow:<session>:<token>`, its payload the effect as JSON.
JOBS = {CallHttp: "flow.http", AskModel: "flow.ai", LookUp: "flow.lookup", RunCode: "flow.code"}
NOTIFY = "flow.notify"
KEY = "flow:"  # of what sessions say: `flow:<session>:<serial>:<n>`, so that nothing is said twice


class TooManyMessages(Exception):
    """The contact has got more automatic messages than a person would read: two bots, perhaps."""


def apply(
    db: Session, row: FlowSession, conversation: Conversation, party: Party, effects: Sequence[Effect], now: datetime
) -> End | None:
    """Does what a session wants done, in order; returns its end, if it has ended."""
    end: End | None = None
    lines: list[Record] = []
    for n, effect in enumerate(effects):
        match effect:
            case Record():
                lines.append(effect)
            case End():
                end = effect
            case _:
                _apply(db, row, conversation, party, effect, n, now)
    _write_records(db, row, lines, now)
    if end is not None and end.rate:
        ratings.ask(db, row, conversation, now)
    return end


def _apply(
    db: Session, row: FlowSession, conversation: Conversation, party: Party, effect: Effect, n: int, now: datetime
) -> None:
    assert row.id is not None
    match effect:
        case Send():
            _send(db, row, conversation, party, effect, n, now)
        case CallHttp() | AskModel() | LookUp() | RunCode():
            _job(db, row, JOBS[type(effect)], f"{KEY}{row.id}:{effect.token}", effect, now)
        case Notify():
            _job(db, row, NOTIFY, f"{KEY}{row.id}:{row.serial}:{n}", effect, now)
        case StartTimer():
            kind = EXPIRE if effect.token == EXPIRE else WAIT
            timers.start(db, row.org_id, row.id, effect.token, kind, effect.due_at, now)
        case CancelTimer(token=""):
            timers.cancel_all(db, row.id, now, kinds=(WAIT,))
        case CancelTimer():
            timers.cancel(db, row.id, effect.token, now)
        case HandOff():
            handoffs.hand_off(db, row, conversation, effect, now)
        case SetContact():
            contact_saves.save(db, row, effect, now)
        case Record() | End():
            pass  # not here: see `apply`
        case _:
            assert_never(effect)


def _send(
    db: Session, row: FlowSession, conversation: Conversation, party: Party, effect: Send, n: int, now: datetime
) -> None:
    """Queues what is said. The key says which session said it after which event, so that nobody says it twice."""
    number = db.get_one(Number, conversation.number_id)
    key = f"{KEY}{row.id}:{row.serial}:{n}"
    seen = speech.receipt(effect.speech)
    if seen is not None:
        wamid, typing = seen
        payload = {"phone_number_id": number.phone_number_id, "wamid": wamid, "typing": typing}
        jobs.add(db, org_id=row.org_id, kind="read.receipt", key=f"read:{key}", payload=payload, now=now)
        return
    quoted = effect.speech.reply_to or None if isinstance(effect.speech, Say) else None
    for part, outgoing in enumerate(speech.messages(db, number, effect.speech, now)):
        if loops.is_loop(outbox.automatic_since(db, row.contact_id, loops.LOOK_BACK), now):
            raise TooManyMessages(f"contact {row.contact_id} got too many automatic messages: two bots may be talking")
        outbound.put(
            db,
            number=number,
            contact_id=row.contact_id,
            outgoing=outgoing,
            origin="bot",
            now=now,
            reply_to=quoted if part == 0 else None,
            client_key=f"{key}.{part}" if part else key,
            conversation=conversation,
            party=party,
            shown=effect.speech.shown if isinstance(effect.speech, SayTemplate) else "",
        )


def _job(db: Session, row: FlowSession, kind: str, key: str, effect: Effect, now: datetime) -> None:
    payload = {"session": row.id, "effect": wire.dump(effect)}
    jobs.add(db, org_id=row.org_id, kind=kind, key=key, payload=payload, now=now)


def _write_records(db: Session, row: FlowSession, lines: Sequence[Record], now: datetime) -> None:
    flow_sessions.record(db, row, [(line.kind, line.step, line.way, line.value) for line in lines], now)
    for line in lines:
        if line.kind == "incident":
            detail = f"{line.way} {line.value or ''}".strip()[:500]
            told = {"session": row.id, "step": line.step or "?", "detail": detail}
            what = Phrase("session {session}, step {step}: {detail}", **told)
            about = {"conversation": row.conversation_id, "session": row.id}
            incidents.tell(db, row.org_id, "PT-FLOW-INCIDENT", what, now, **about)
