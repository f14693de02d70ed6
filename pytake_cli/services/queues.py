"""The queues as one list: the outbox, the jobs and the quarantine; what waits, what is stuck, and how to move it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.events import EffectFailed
from pytake_cli.services import flow_sessions, inbound, outbound, replays
from pytake_cli.store import jobs
from pytake_cli.store.jobs import Job
from pytake_cli.store.journal import Quarantine
from pytake_cli.store.messages import OUT, Message
from pytake_cli.store.work import poke

KINDS = ("message", "job", "quarantine")
_WAITING = ("queued", "sending", "unknown", "running")  # failed messages are many and are history
LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that waits. `id` is `message:12`, `job:5` or `quarantine:3`."""

    id: str
    state: str
    about: str
    since: datetime
    due_at: datetime | None
    attempts: int
    error: str


def listed(
    db: Session, org_id: int, *, kinds: Sequence[str] = KINDS, state: str | None = None, limit: int = 0
) -> list[Entry]:
    """What waits, the oldest first; failed messages only when asked for by state. `limit` 0: all."""
    found: list[Entry] = []
    for query, order, entry in _queries(org_id, kinds, state):
        query = query.order_by(order)
        found += map(entry, db.exec(query.limit(limit) if limit else query))
    if _wants_quarantine(kinds, state):
        found += map(_of_quarantine, replays.quarantined(db, org_id))
    found.sort(key=lambda entry: entry.since)
    return found[:limit] if limit else found


def count(db: Session, org_id: int, *, kinds: Sequence[str] = KINDS, state: str | None = None) -> int:
    """How many there are without a limit."""
    queries = (query for query, _, _ in _queries(org_id, kinds, state))
    total = sum(db.exec(select(func.count()).select_from(query.subquery())).one() for query in queries)
    return total + (len(replays.quarantined(db, org_id)) if _wants_quarantine(kinds, state) else 0)


def _queries(org_id: int, kinds: Sequence[str], state: str | None) -> Iterator[tuple[Any, Any, Callable[[Any], Entry]]]:
    """A query, its order and how to read its rows, for messages and jobs that can have the state."""
    states = [state] if state else list(_WAITING)
    if "message" in kinds:
        outbox = Message.org_id == org_id, Message.direction == OUT, col(Message.status).in_(states)
        yield select(Message).where(*outbox), col(Message.id), _of_message
    if "job" in kinds:
        waiting = Job.org_id == org_id, col(Job.state).in_(states if state else [*states, jobs.FAILED])
        yield select(Job).where(*waiting), col(Job.id), _of_job


def _wants_quarantine(kinds: Sequence[str], state: str | None) -> bool:
    return "quarantine" in kinds and state in (None, "quarantined")


def find(db: Session, org_id: int, reference: str) -> Message | Job | Quarantine:
    """The row behind `message:12`, `job:5` or `quarantine:3`; a bare number is a message."""
    kind, _, number = reference.rpartition(":")
    kind = kind or "message"
    if kind not in KINDS or not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise InvalidData(
            "PT-QUEUE-ID",
            "{id} does not name something in a queue: message:12, job:5 or quarantine:3",
            fix="pytake queue list",
            id=reference,
        )
    row: Message | Job | Quarantine | None
    match kind:
        case "message":
            row = db.get(Message, int(number))
        case "job":
            row = db.get(Job, int(number))
        case _:
            row = next((each for each in replays.quarantined(db, org_id) if each.id == int(number)), None)
    if row is None or (not isinstance(row, Quarantine) and row.org_id != org_id):
        raise NotFound("PT-QUEUE", "there is no {id} in the queues", fix="pytake queue list", id=reference)
    return row


def entry_of(row: Message | Job | Quarantine) -> Entry:
    match row:
        case Message():
            return _of_message(row)
        case Job():
            return _of_job(row)
        case Quarantine():
            return _of_quarantine(row)


def retry(db: Session, row: Message | Job | Quarantine, now: datetime) -> None:
    """Tries again what failed: a message is queued, a job is due, a quarantined webhook is applied once more."""
    match row:
        case Message():
            if row.status == "unknown":
                outbound.settle(db, row, "resend", now)
            else:
                outbound.retry(db, row, now)
        case Job():
            if row.state not in (jobs.FAILED, jobs.QUEUED):
                raise _wrong_state(f"job:{row.id}", row.state)
            row.state, row.due_at, row.attempts, row.error = jobs.QUEUED, now, 0, ""
            row.claim = row.done_at = None
            db.add(row)
            poke(db, "job", str(row.id), "live")
        case Quarantine():
            replay_quarantined(db, row, now)


def replay_quarantined(db: Session, row: Quarantine, now: datetime) -> bool:
    """Applies the webhook that the row came from again; True when nothing of it had to be set aside this time."""
    if row.journal_id is None:
        raise Conflict(
            "PT-QUEUE-NO-JOURNAL",
            "quarantine:{id} has no webhook to repeat",
            fix="pytake queue drop quarantine:{id}",
            id=row.id,
        )
    return not inbound.replay(db, row.journal_id, now).quarantined


def drop(db: Session, row: Message | Job | Quarantine, now: datetime) -> None:
    """Gives up on it: a queued message is cancelled, an unknown one settled as failed, the rest is put away."""
    match row:
        case Message():
            if row.status == "unknown":
                outbound.settle(db, row, "failed", now)
            else:
                outbound.cancel(db, row, now)
        case Job():
            if row.state not in (jobs.FAILED, jobs.QUEUED):
                raise _wrong_state(f"job:{row.id}", row.state)
            row.state, row.done_at, row.error = jobs.DONE, now, row.error or "dropped by a person"
            db.add(row)
            _tell_session(db, row, now)
        case Quarantine():
            row.settled_at = now
            db.add(row)


def _tell_session(db: Session, row: Job, now: datetime) -> None:
    """A session that waits for what the job was to do goes on without it."""
    token = row.payload.get("effect", {}).get("token")
    found = flow_sessions.lock_session(db, int(row.payload["session"])) if token else None
    if found is not None:
        session, conversation = found
        event = EffectFailed(now, str(token), "dropped", "given up by a person")
        advance = partial(flow_sessions.advance, db, session, event, f"job:{row.id}", now)
        flow_sessions.guarded(db, conversation, now, advance)


def _wrong_state(reference: str, state: str) -> Conflict:
    return Conflict(
        "PT-QUEUE-STATE", "{id} is {state} just now", fix="pytake queue show {id}", id=reference, state=state
    )


def _of_message(row: Message) -> Entry:
    to = row.address if row.address_kind == "phone" else f"{row.address_kind}:{row.address}"
    error = f"{row.error_code} {row.error}".strip() if row.error_code else row.error
    return Entry(
        f"message:{row.id}",
        row.status,
        f"{row.kind} {to}",
        row.created_at,
        row.due_at,
        row.attempts,
        error[:LONGEST_ERROR],
    )


def _of_job(row: Job) -> Entry:
    return Entry(
        f"job:{row.id}",
        row.state,
        f"{row.kind} {row.key}",
        row.created_at,
        row.due_at if row.state == jobs.QUEUED else None,
        row.attempts,
        row.error.strip().rpartition("\n")[2][:LONGEST_ERROR],
    )


def _of_quarantine(row: Quarantine) -> Entry:
    about = f"webhook {row.journal_id}" if row.journal_id else "webhook"
    last = row.traceback.strip().rpartition("\n")[2]
    reason = f"{row.reason}: {last}" if last else row.reason
    return Entry(f"quarantine:{row.id}", "quarantined", about, row.created_at, None, 0, reason[:LONGEST_ERROR])
