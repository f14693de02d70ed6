"""What happens when a session's timer is due: a wait is over, a burst is over, something it said was refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from pytake_cli import faults
from pytake_cli.flow.events import Changed, EffectFailed, Replied, TimerFired
from pytake_cli.services import flow_replies, flow_sessions
from pytake_cli.services.flow_replies import join
from pytake_cli.store import Store, timers
from pytake_cli.store import flow_sessions as sessions
from pytake_cli.store.conversations import BY_PEOPLE, Conversation
from pytake_cli.store.flow_sessions import ENDED, PERSON, FlowSession
from pytake_cli.store.timers import DEBOUNCE, EXPIRE, REFUSED, TAGGED, Timer
from pytake_cli.store.work import poke

AT_ONCE = 50  # timers looked up at a time; each fires in a transaction of its own
LONGEST_BURST = 5  # pauses: who never stops typing is answered after so many


def wake(db: Session) -> None:
    """Has the daemon look for due timers once the transaction is through."""
    poke(db, "timer", "due")


def fire_due(store: Store, now: datetime) -> int:
    """Fires every timer that is due; how many did. Safe from several daemons: each timer fires in one of them."""
    fired = 0
    while True:
        with store.read() as db:
            due = timers.due(db, now, AT_ONCE)
        if not due:
            return fired
        fired += sum(fire(store, timer_id, now) for timer_id in due)


def fire(store: Store, timer_id: int, now: datetime) -> bool:
    """Fires one timer, once and for all; False when it was cancelled, put off, or fired by another."""
    faults.point("timer.before_fire")
    with store.write() as db:
        timer = db.get(Timer, timer_id)
        found = flow_sessions.lock_session(db, timer.session_id) if timer is not None else None
        if timer is None or found is None or not timers.fire(db, timer_id, now):
            return False
        db.refresh(timer)
        row, conversation = found
        if row.status != ENDED:
            _fire(db, timer, row, conversation, now)
    faults.point("timer.after_fire")
    return True


def _fire(db: Session, timer: Timer, row: FlowSession, conversation: Conversation, now: datetime) -> None:
    if timer.kind == TAGGED and row.wait_kind != "time":
        return  # it has gone on since
    if conversation.standby or (conversation.owner == BY_PEOPLE and row.wait_kind != PERSON):
        sessions.end(db, row, "taken_over", now, cause=f"timer:{timer.id}")
        return
    if conversation.owner == BY_PEOPLE:
        if timer.kind == EXPIRE:  # its last words would be said over a person
            sessions.end(db, row, "expired", now, cause=f"timer:{timer.id}")
            return
        flow_sessions.give_to_bot(conversation, now)  # the hand-off said until when people have it
    flow_sessions.guarded(db, conversation, now, lambda: _apply(db, timer, row, conversation, now))


def _apply(db: Session, timer: Timer, row: FlowSession, conversation: Conversation, now: datetime) -> Any:
    cause = f"timer:{timer.id}"
    if timer.kind == DEBOUNCE:
        return _burst(db, timer, row, conversation, now)
    if timer.kind == REFUSED:
        wait = row.state.get("wait") or {}
        if row.serial != timer.payload["serial"] or row.wait_kind != "reply":
            return None  # something has happened since: what was refused does not matter any more
        event = EffectFailed(now, wait["token"], timer.payload["reason"], timer.payload["detail"])
        return flow_sessions.advance(db, row, event, cause, now)
    if timer.kind == TAGGED:
        return flow_sessions.advance(db, row, Changed(now, "tagged", timer.payload["tag"]), cause, now)
    return flow_sessions.advance(db, row, TimerFired(now, timer.token), cause, now)


def _burst(db: Session, timer: Timer, row: FlowSession, conversation: Conversation, now: datetime) -> Any:
    replies = flow_replies.of_messages(db, timer.payload["messages"])
    if not replies:
        return None
    reply = join(replies)
    cause = f"timer:{timer.id}"
    if row.state:
        return flow_sessions.advance(db, row, Replied(now, reply), cause, now)
    trigger = timer.payload.get("trigger", "")
    event = flow_sessions.started(db, conversation.contact_id, now, reply=reply, trigger=trigger)
    return flow_sessions.advance(db, row, event, cause, now)


def hold(
    db: Session,
    row: FlowSession,
    message_id: int,
    pause: timedelta,
    now: datetime,
    *,
    trigger: str = "",
    at_once: bool = False,
) -> None:
    """Keeps a message until nothing more comes for a while; the burst is one reply then. A tap ends the burst."""
    assert row.id is not None
    pending = select(Timer).where(Timer.session_id == row.id, Timer.kind == DEBOUNCE)
    held = db.exec(pending.where(Timer.fired_at == None, Timer.cancelled_at == None)).first()  # noqa: E711
    due = now if at_once else now + pause
    if held is None:
        payload: dict[str, Any] = {"messages": [message_id]} | ({"trigger": trigger} if trigger else {})
        held = Timer(
            org_id=row.org_id,
            session_id=row.id,
            token=DEBOUNCE,
            kind=DEBOUNCE,
            payload=payload,
            due_at=due,
            created_at=now,
        )
    else:
        held.payload = {**held.payload, "messages": [*_without(held.payload["messages"], message_id), message_id]}
        held.due_at = min(due, held.created_at + LONGEST_BURST * pause)
    db.add(held)
    db.flush()
    wake(db)


def _without(ids: Sequence[int], id_: int) -> list[int]:
    return [one for one in ids if one != id_]
